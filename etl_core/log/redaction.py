"""What may not be in a text that others read: secrets, and characters that would break out of its line.

It needs no logging: whatever writes text for people (log lines, audit records, reports) asks here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

_MASK = "***"
#: Characters from which on a secret is one wherever it stands. A shorter one is part of many words, and a secret only
#: where it stands alone.
_LONG = 5
_USER_INFO = re.compile(r"(?<=://)[^/\s@]*@")
_QUERY_SECRET = re.compile(
    r"(X-Amz-(?:Signature|Credential|Security-Token)|password|sslpassword)=[^&\s'\"]+", re.IGNORECASE
)
#: C0 and C1 controls, DEL, line and paragraph separators, and the marks that reorder text.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


class Redaction:
    """Takes secrets out of texts: those it is told of, and credentials in addresses, whosever they are."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        """Know these texts as secrets; empty ones are none."""
        # The longest first: a password that is part of an address must not leave the rest of the address behind.
        known = sorted({secret for secret in secrets if secret}, key=len, reverse=True)
        self._secrets = tuple(secret for secret in known if len(secret) >= _LONG)
        words = "|".join(re.escape(secret) for secret in known if len(secret) < _LONG)
        self._words = re.compile(rf"(?<!\w)(?:{words})(?!\w)") if words else None

    def text(self, text: str) -> str:
        """Give the text with `***` for every secret in it."""
        for secret in self._secrets:
            text = text.replace(secret, _MASK)
        if self._words is not None:
            text = self._words.sub(_MASK, text)
        return _QUERY_SECRET.sub(rf"\1={_MASK}", _USER_INFO.sub(f"{_MASK}@", text))

    def value(self, value: object) -> Any:  # noqa: ANN401 - what went in, as far as JSON has it
        """Give a value with every text in it redacted: mappings and lists throughout, of anything else its text."""
        match value:
            case str():
                return self.text(value)
            case dict():
                return {self.value(name): self.value(item) for name, item in value.items()}
            case list() | tuple():
                return [self.value(item) for item in value]
            case None | bool() | int() | float():
                return value
            case _:
                return self.text(str(value))


def one_line(value: object) -> str:
    """A value as text that cannot leave its line: control and reordering characters as escapes."""
    return _CONTROLS.sub(lambda match: match.group().encode("unicode_escape").decode("ascii"), str(value))
