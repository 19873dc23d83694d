"""`{"map": {"Calif.": "CA", "n/a": null}}`: other texts for whole texts, null for what means nothing.

Each text is looked up once, as it is written; all others stay. Where a text that is written is looked up as well, done
twice is not as done once.

>>> tried({"map": {"Calif.": "CA", "n/a": None}}, "Calif.", "n/a", "calif.", "NY")
['CA', None, 'calif.', 'NY']
"""

from __future__ import annotations

from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from dq import Problems, kind_of, shown
from pipelines.transforms.step import StepKind

_EXAMPLE: Final = '{"map": {"Calif.": "CA"}}'
Pairs = tuple[tuple[str, "str | None"], ...]


def _read(raw: Any, place: str, problems: Problems) -> Pairs | None:  # noqa: ANN401 - any JSON value
    if not isinstance(raw, dict) or not raw:
        what = "is empty" if raw == {} else f"is {kind_of(raw)}"
        problems.add(place, f"{what}; expected texts and what to write for them, such as {_EXAMPLE}")
        return None
    pairs: dict[str, str | None] = {}
    for before, after in raw.items():
        if isinstance(after, bool) or not isinstance(after, (str, int, type(None))):
            problems.add(place, f"writes {shown(after)} for {shown(before)}; expected a text or null")
            return None
        pairs[str(before)] = after if after is None else str(after)
    for before, after in pairs.items():
        if after is not None and pairs.get(after, after) != after and before != after:
            once = f"each text is looked up once, so that {shown(before)} becomes {shown(after)}"
            chain = f"{shown(after)} for {shown(before)} and {shown(pairs[after])} for {shown(after)}"
            problems.warn(place, f"writes {chain}; {once}")
    return tuple(sorted(pairs.items()))


def _mapped(column: pa.StringArray, pairs: Pairs) -> pa.StringArray:
    found = pc.index_in(column, value_set=pa.array([before for before, _ in pairs], pa.string()))
    written = pa.array([after for _, after in pairs], pa.string()).take(found)
    return pc.if_else(found.is_valid(), written, column)


MAP: Final = StepKind("map", _mapped, _read, example=_EXAMPLE, numbers=True)
