"""The records of an answer that is as it was declared, by msgspec: it checks all of a text and makes little of it.

A record is the part of the text it stands in; of its values only those are made by which it is told apart and dated.
What is anything else than declared is left to `json_page`, which is slower and says what is wrong with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, reduce
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SHAPES: Final = 64
#: Dotted paths by the names of attributes that lead there.
_Ways: TypeAlias = "Mapping[str, Sequence[str]]"


@dataclass(frozen=True, slots=True)
class _Shape:
    """How answers of an endpoint are read: once for the lines and what leads on, once for values of the records."""

    lines: msgspec.json.Decoder[Any]
    values: msgspec.json.Decoder[Any]
    to_lines: Sequence[str]
    to_values: Sequence[str]
    marks: _Ways
    columns: _Ways


def quick_page(
    body: bytes, records: str | None, wanted: Sequence[str], looked: Sequence[str]
) -> tuple[list[bytes], dict[str, list[Any]], dict[str, Any]] | None:
    """Lines of the records, their values at the paths `looked`, and those of the answer at the paths `wanted`.

    None where the answer is not what was declared, or this way does not tell.
    """
    shape = _shape(records, tuple(wanted), tuple(looked))
    if shape is None or not _is_utf8(body):
        return None
    try:
        answer = shape.lines.decode(body)
        values = _column([shape.values.decode(body)], shape.to_values)[0]
    except (msgspec.MsgspecError, RecursionError):
        return None
    (lines,) = _column([answer], shape.to_lines)
    found = {path: _column([answer], way)[0] for path, way in shape.marks.items()}
    marks = {path: value for path, value in found.items() if value is not None}
    return [bytes(one) for one in lines], {path: _column(values, way) for path, way in shape.columns.items()}, marks


def _column(values: Sequence[Any], way: Sequence[str]) -> list[Any]:
    """What the way leads to in each value; None where it ends before."""
    first, rest = way[:1], way[1:]
    found = list(map(attrgetter(*first), values)) if first else list(values)
    return reduce(lambda some, name: [getattr(one, name, None) for one in some], rest, found)


def _is_utf8(body: bytes) -> bool:
    """Whether it is: texts that nobody asked for are not looked at later."""
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


@lru_cache(_SHAPES)
def _shape(records: str | None, wanted: tuple[str, ...], looked: tuple[str, ...]) -> _Shape | None:
    """How to read the answers of an endpoint; None where one path goes through another."""
    in_answer = wanted if records is None else (*wanted, records)
    if _cross(looked) or _cross(in_answer):
        return None
    record, columns = _struct(dict.fromkeys(looked, Any), None)
    lines, values = list[msgspec.Raw], list[record]  # type: ignore[valid-type]  # made while the program runs
    if records is None:
        return _Shape(msgspec.json.Decoder(lines), msgspec.json.Decoder(values), (), (), {}, columns)
    with_lines, ways = _struct({**dict.fromkeys(wanted, Any), records: lines}, records)
    with_values, to_values = _struct({records: values}, records)
    decoders = msgspec.json.Decoder(with_lines), msgspec.json.Decoder(with_values)
    return _Shape(*decoders, ways[records], to_values[records], {path: ways[path] for path in wanted}, columns)


def _cross(paths: Sequence[str]) -> bool:
    return any(other.startswith(f"{one}.") for one in paths for other in paths) or len(set(paths)) < len(paths)


def _struct(kinds: Mapping[str, Any], needed: str | None) -> tuple[Any, dict[str, tuple[str, ...]]]:
    """A type that has what is at these paths, and the ways there in it; all but the one `needed` may be missing."""
    inner: dict[str, dict[str, Any]] = {}
    for path, kind in kinds.items():
        first, _, rest = path.partition(".")
        inner.setdefault(first, {})[rest] = kind
    fields: list[Any] = []
    ways: dict[str, tuple[str, ...]] = {}
    for number, (name, below) in enumerate(inner.items()):
        attribute, is_needed = f"f{number}", needed is not None and needed.partition(".")[0] == name
        if "" in below:
            kind = below[""]
            ways[name] = (attribute,)
        else:
            kind, ways_below = _struct(below, needed.partition(".")[2] if needed is not None and is_needed else None)
            ways.update({f"{name}.{path}": (attribute, *way) for path, way in ways_below.items()})
        fields.append((attribute, kind) if is_needed else (attribute, kind | None, None))
    names = {f"f{number}": name for number, name in enumerate(inner)}
    return msgspec.defstruct("Some", fields, rename=names, kw_only=True, gc=False), ways
