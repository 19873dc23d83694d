"""What the source's planner says of a query: what it costs, and whether asking twice gives the same rows.

Two statements that each take a share of a query's rows have all of them, once, only where the query gives the same rows
to both. One moment is not enough for that: LIMIT, DISTINCT ON and numbers of rows choose by an order that rows
which are alike do not have, samples and volatile functions by chance, and now() is another one in each transaction.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

#: Steps of plans (`EXPLAIN`) whose rows do not depend on the order in which others come. Not among them, for one:
#: Limit, WindowAgg, LockRows, Sample Scan, Foreign Scan; and Unique, unless it is that of a DISTINCT or a UNION.
_ORDERLESS: Final = frozenset(
    {
        *("Seq Scan", "Index Scan", "Index Only Scan", "Bitmap Heap Scan", "Bitmap Index Scan", "BitmapAnd"),
        *("BitmapOr", "Subquery Scan", "CTE Scan", "Values Scan", "Function Scan", "Result", "ProjectSet", "Append"),
        *("Merge Append", "Nested Loop", "Hash Join", "Merge Join", "Hash", "Sort", "Incremental Sort", "Materialize"),
        *("Memoize", "Aggregate", "Group", "SetOp", "Gather", "Gather Merge"),
    }
)
#: What a key of a sort says besides its column.
_DIRECTION: Final = re.compile(r" (?:COLLATE|USING|DESC|NULLS) .*$| DESC$")
#: Of the moment a transaction began, or a statement.
_OF_NOW: Final = frozenset({"now", "transaction_timestamp", "statement_timestamp", "age"})
_NOW: Final = re.compile(r"\b(?:CURRENT_(?:DATE|TIME|TIMESTAMP)|LOCALTIME(?:STAMP)?)\b")
_CALLED: Final = re.compile(r'(?:"((?:[^"]|"")+)"|([^\W\d][\w$]*))\(')


@dataclass(frozen=True, slots=True)
class QueryPlan:
    """A query's plan.

    Attributes:
        cost: in the planner's own unit.
        calls: names of functions in it, and of what looks like one, without their schemas.
        same_twice: no step of it, and no word of its own, lets two executions of one moment give other rows; whether a
            function does, its catalogue says.
    """

    cost: float
    calls: frozenset[str]
    same_twice: bool


def read_plan(root: Mapping[str, Any]) -> QueryPlan:
    """Read the root of a plan, as `EXPLAIN (VERBOSE, FORMAT JSON)` gives it under `Plan`."""
    texts, steps = list(_texts(root)), list(_steps(root))
    calls = frozenset((quoted.replace('""', '"') or plain) for text in texts for quoted, plain in _CALLED.findall(text))
    of_now = calls & _OF_NOW or any(_NOW.search(text) for text in texts)
    return QueryPlan(float(root["Total Cost"]), calls, same_twice=all(map(_is_orderless, steps)) and not of_now)


def _is_orderless(step: Mapping[str, Any]) -> bool:
    return step["Node Type"] in _ORDERLESS or (step["Node Type"] == "Unique" and _keeps_what_differs(step))


def _keeps_what_differs(unique: Mapping[str, Any]) -> bool:
    """Whether rows come in the order of all columns, so that those alike are the same; DISTINCT ON has others."""
    below: Mapping[str, Any] = next(iter(unique.get("Plans", ())), {})
    sorted_by = {_DIRECTION.sub("", key) for key in below.get("Sort Key", ())}
    return set(unique.get("Output", ())) <= sorted_by


def _steps(step: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield step
    for below in step.get("Plans", ()):
        yield from _steps(below)


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
