"""Which file a key belongs to, by configurable templates.

A template is the whole key with placeholders: `agency/{agency_slug}/files/{file_name}/{run_date}/{run_hour}/{object}`.
Each placeholder stands for at least one character and never for a slash, so that an object in a
deeper folder (`.../12/_temporary/part-0`) is not taken for a file of its own; a template that wants
those too ends in `{object:path}`, which may hold slashes. `run_date` is a real date `YYYY-MM-DD`,
`run_hour` a number from 0 to 23. The first template that fits wins.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

DEFAULT_TEMPLATE = "agency/{agency_slug}/files/{file_name}/{run_date}/{run_hour}/{object}"

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_PATTERNS = {
    "agency_slug": r"(?P<agency_slug>[^/]+)",
    "file_name": r"(?P<file_name>[^/]+)",
    "run_date": r"(?P<run_date>[0-9]{4}-[0-9]{2}-[0-9]{2})",
    "run_hour": r"(?P<run_hour>[0-9]{1,2})",
    "object": r"(?P<object>[^/]+)",
    "object:path": r"(?P<object>.*[^/])",
}
_REQUIRED = ("agency_slug", "file_name")
_LAST_HOUR = 23


@dataclass(frozen=True, slots=True)
class FileIdentity:
    """What a key says: whose file, which file, and the window, where its template has one.

    `run_hour` is 0 to 23, UTC; `object_name` is "" for templates without `{object}`.
    """

    agency_slug: str
    file_name: str
    run_date: date | None
    run_hour: int | None
    object_name: str


@dataclass(frozen=True, slots=True)
class Unmatched:
    """The key belongs to no configured file; `reason` is a sentence for people."""

    reason: str


class KeyLayouts:
    """The templates of a deployment, in order.

    Args:
        templates: at least one.

    Raises:
        ValueError: names every problem of every template.
    """

    def __init__(self, templates: Sequence[str] = (DEFAULT_TEMPLATE,)) -> None:
        problems = [problem for template in templates for problem in _problems(template)]
        if not templates:
            problems.append("there is no template")
        if problems:
            raise ValueError("; ".join(problems))
        self.templates = tuple(templates)
        self._strict = [_compile(template, _PATTERNS) for template in self.templates]
        anything = {name: re.sub(r">\[0-9\].*", ">[^/]+)", pattern) for name, pattern in _PATTERNS.items()}
        self._loose = [_compile(template, anything) for template in self.templates]

    def identify(self, key: str) -> FileIdentity | Unmatched:
        """The file that a decoded key names, or why it names none."""
        control = next((place for place, letter in enumerate(key) if unicodedata.category(letter) == "Cc"), None)
        if control is not None:
            return Unmatched(f"the key holds the control character U+{ord(key[control]):04X} at position {control + 1}")
        reasons = []
        for strict, loose in zip(self._strict, self._loose, strict=True):
            if found := strict.fullmatch(key):
                identity = _identity(found.groupdict())
                if isinstance(identity, FileIdentity):
                    return identity
                reasons.append(identity.reason)
            elif found := loose.fullmatch(key):
                reasons.append(_window_problem(found.groupdict()))
        wanted = " or ".join(self.templates)
        return Unmatched(reasons[0] if reasons else f"the key does not have the form {wanted}")


def _problems(template: str) -> list[str]:
    """What is wrong with a template, in sentences that name it."""
    names = _PLACEHOLDER.findall(template)
    plain = [name.partition(":")[0] for name in names]
    found = [
        f"unknown placeholder {{{name}}} (known: {', '.join(f'{{{known}}}' for known in _PATTERNS)})"
        for name in names
        if name not in _PATTERNS
    ]
    found += [f"{{{name}}} is missing" for name in _REQUIRED if name not in plain]
    found += [f"{{{name}}} stands there twice" for name in sorted(set(plain)) if plain.count(name) > 1]
    if "}{" in template:
        found.append("two placeholders touch, so nothing tells where the first ends")
    if re.search(r"[{}]", _PLACEHOLDER.sub("", template)):
        found.append("a brace has no partner")
    if ("run_date" in plain) != ("run_hour" in plain):
        found.append("{run_date} and {run_hour} come together or not at all")
    if "object:path" in names and not template.endswith("{object:path}"):
        found.append("{object:path} has to be the end")
    return [f"template {template!r}: {problem}" for problem in found]


def _compile(template: str, patterns: dict[str, str]) -> re.Pattern[str]:
    literal_or_name = _PLACEHOLDER.split(template)
    parts = [patterns[part] if place % 2 else re.escape(part) for place, part in enumerate(literal_or_name)]
    return re.compile("".join(parts), re.DOTALL)


def _identity(found: dict[str, str]) -> FileIdentity | Unmatched:
    run_date, run_hour = None, None
    if "run_date" in found:
        try:
            run_date, run_hour = date.fromisoformat(found["run_date"]), int(found["run_hour"])
        except ValueError:
            return Unmatched(_window_problem(found))
        if run_hour > _LAST_HOUR:
            return Unmatched(_window_problem(found))
    return FileIdentity(found["agency_slug"], found["file_name"], run_date, run_hour, found.get("object", ""))


def _window_problem(found: dict[str, str]) -> str:
    """Why the date and hour of a key that otherwise fits are none."""
    return (
        f"the key's date and hour {found.get('run_date')!r} and {found.get('run_hour')!r} are not a real date "
        f"YYYY-MM-DD and an hour from 0 to {_LAST_HOUR}"
    )
