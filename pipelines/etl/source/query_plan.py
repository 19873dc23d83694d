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
#: Limit, Unique (DISTINCT ON is one), WindowAgg, LockRows, Sample Scan, Foreign Scan.
_ORDERLESS: Final = frozenset(
    {
        *("Seq Scan", "Index Scan", "Index Only Scan", "Bitmap Heap Scan", "Bitmap Index Scan", "BitmapAnd"),
        *("BitmapOr", "Subquery Scan", "CTE Scan", "Values Scan", "Function Scan", "Result", "ProjectSet", "Append"),
        *("Merge Append", "Nested Loop", "Hash Join", "Merge Join", "Hash", "Sort", "Incremental Sort", "Materialize"),
        *("Memoize", "Aggregate", "Group", "SetOp", "Gather", "Gather Merge"),
    }
)
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
    texts, steps = list(_texts(root)), {step["Node Type"] for step in _steps(root)}
    calls = frozenset((quoted.replace('""', '"') or plain) for text in texts for quoted, plain in _CALLED.findall(text))
    of_now = calls & _OF_NOW or any(_NOW.search(text) for text in texts)
    return QueryPlan(float(root["Total Cost"]), calls, same_twice=steps <= _ORDERLESS and not of_now)


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
