"""`{"phone": "US"}`: telephone numbers in the form of E.164, read as one dials them in a region.

What is no valid number of any region stays, so does one with an extension, which E.164 cannot hold. Which numbers are
valid says the library `phonenumbers`.

>>> tried({"phone": "US"}, "(415) 555-2671", "+44 20 7946 0018", "415-555-2671 ext. 5", "555-2671")
['+14155552671', '+442079460018', '415-555-2671 ext. 5', '555-2671']
>>> tried({"phone": "DE"}, "030 901820", "0049 30 901820")
['+4930901820', '+4930901820']
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import phonenumbers

from dq import Problems, shown, suggestion
from pipelines.transforms.distinct import each_distinct, matching
from pipelines.transforms.step import StepKind
from pipelines.transforms.values.plain_phones import plain_phones

if TYPE_CHECKING:
    import pyarrow as pa

_EXAMPLE: Final = '{"phone": "US"}'
_E164: Final = phonenumbers.PhoneNumberFormat.E164


def _read(raw: Any, place: str, problems: Problems) -> str | None:  # noqa: ANN401 - any JSON value
    region = raw.strip().upper() if isinstance(raw, str) else None
    if region in phonenumbers.SUPPORTED_REGIONS:
        return region
    near = suggestion(region, phonenumbers.SUPPORTED_REGIONS) if region else ""
    problems.add(place, f"is {shown(raw)}; expected the two letters of a country, such as {_EXAMPLE}{near}")
    return None


def _in_e164(column: pa.StringArray, region: str) -> pa.StringArray:
    plain = plain_phones(region)
    return matching(column, r"\pN", lambda some: each_distinct(some, lambda text: plain(text) or _one(text, region)))


def _one(text: str, region: str) -> str:
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return text
    if number.extension or not phonenumbers.is_valid_number(number):
        return text
    return phonenumbers.format_number(number, _E164)


PHONE: Final = StepKind("phone", _in_e164, _read, example=_EXAMPLE, numbers=True)
