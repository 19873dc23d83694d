"""Which file a key belongs to, by configurable templates.

A template is the whole key with placeholders: `agency/{agency_slug}/files/{file_name}/{run_date}/{run_hour}/{object}`.
Each placeholder stands for at least one character and never for a slash, so that an object in a
deeper folder (`.../12/_temporary/part-0`) is not taken for a file of its own; a template that wants
those too ends in `{object:path}`, which may hold slashes. `run_date` is a real date `YYYY-MM-DD`,
`run_hour` a number from 0 to 23. The first template that fits wins; one that fits but for its date and hour comes after
all others.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

DEFAULT_TEMPLATE = "agency/{agency_slug}/files/{file_name}/{run_date}/{run_hour}/{object}"

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_DATE, _HOUR = r"[0-9]{4}-[0-9]{2}-[0-9]{2}", r"[0-9]{1,2}"
_PATTERNS = {
    "agency_slug": r"(?P<agency_slug>[^/]+)",
    "file_name": r"(?P<file_name>[^/]+)",
    "run_date": rf"(?P<run_date>{_DATE})",
    "run_hour": rf"(?P<run_hour>{_HOUR})",
    "object": r"(?P<object>[^/]+)",
    "object:path": r"(?P<object>.*[^/])",
}
_REQUIRED = ("agency_slug", "file_name")
_LAST_HOUR = 23


@dataclass(frozen=True, slots=True)
class FileIdentity:
    """What a key says: whose file, which file, and the window, where its template has one.

    `run_hour` is 0 to 23, UTC; `object_name` is "" for templates without `{object}`. Where the key has a date and hour
    that are none, both are None, and `window_problem` is a sentence about them: it only matters where the window of a
    run is taken from the key.
    """

    agency_slug: str
    file_name: str
    run_date: date | None
    run_hour: int | None
    object_name: str
    window_problem: str | None = None


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
        without_window = None
        for strict, loose in zip(self._strict, self._loose, strict=True):
            found = strict(key) or loose(key)
            if found is None:
                continue
            identity = _identity(found)
            if identity.window_problem is None:
                return identity
            without_window = without_window or identity
        return without_window or Unmatched(f"the key does not have the form {' or '.join(self.templates)}")


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


def _compile(template: str, patterns: dict[str, str]) -> Callable[[str], dict[str, str] | None]:
    """What finds the values of the placeholders in a key, in a time that does not grow faster than the key.

    Where several stand between two slashes Python's `re` tries all ways to share the characters out among them, for
    minutes if somebody chose the key for it; RE2 never does.
    """
    literal_or_name = _PLACEHOLDER.split(template)
    parts = [patterns[part] if place % 2 else re.escape(part) for place, part in enumerate(literal_or_name)]
    text = "".join(parts)
    if any(len(_PLACEHOLDER.findall(segment)) > 1 for segment in template.split("/")):
        return partial(_found_by_re2, rf"\A(?s:{text})\z")
    return partial(_found, re.compile(text, re.DOTALL))


def _found(pattern: re.Pattern[str], key: str) -> dict[str, str] | None:
    found = pattern.fullmatch(key)
    return None if found is None else found.groupdict()


def _found_by_re2(pattern: str, key: str) -> dict[str, str] | None:
    import pyarrow as pa  # noqa: PLC0415 - most layouts do without
    import pyarrow.compute as pc  # noqa: PLC0415 - as above

    try:
        keys = pa.array([key], pa.string())
    except UnicodeEncodeError:  # half a surrogate pair, which no store can have
        return None
    values: dict[str, str] | None = pc.extract_regex(keys, pattern=pattern)[0].as_py()
    return values


def _identity(found: dict[str, str]) -> FileIdentity:
    run_date, run_hour, problem = None, None, None
    if "run_date" in found:
        run_date, run_hour = _date(found["run_date"]), _hour(found["run_hour"])
        if run_date is None or run_hour is None:
            run_date, run_hour = None, None
            problem = (
                f"the key's date and hour {found['run_date']!r} and {found['run_hour']!r} are not a real date "
                f"YYYY-MM-DD and an hour from 0 to {_LAST_HOUR}"
            )
    return FileIdentity(found["agency_slug"], found["file_name"], run_date, run_hour, found.get("object", ""), problem)


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if re.fullmatch(_DATE, text) else None
    except ValueError:
        return None


def _hour(text: str) -> int | None:
    return hour if re.fullmatch(_HOUR, text) and (hour := int(text)) <= _LAST_HOUR else None
