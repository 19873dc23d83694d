"""Findings: what is wrong with each row, as one column beside the rows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from dq.checks.check import Check
from dq.checks.dimensions import completeness, schema, uniqueness
from dq.checks.dimensions import format as format_dimension
from dq.checks.wording import MASK, visible
from dq.profiling.tally.row_batch import MalformedRow
from dq.rows.row_marks import Mark
from dq.schema.definition import Reference, RowRule, Severity

#: The name of the column.
FINDINGS: Final = "_findings"
#: What stands in it for each row: null, or a list of these.
FINDING: Final = pa.struct(
    [
        ("rule", pa.string()),
        ("dimension", pa.string()),
        ("column", pa.string()),
        ("severity", pa.string()),
        ("tolerated", pa.bool_()),
        ("message", pa.string()),
        ("value", pa.string()),
    ]
)
FINDINGS_TYPE: Final = pa.list_(FINDING)
#: Characters of a value in a finding, and of an argument of a rule in its message.
_MOST_VALUE: Final = 200
_MOST_SHOWN: Final = 80
#: Texts that need a look at each character before they are shown.
_UNUSUAL: Final = r"[^\x20-\x7e]"


def findings_column(
    marks: Sequence[Mark], rows: int, tolerated: Collection[Check], sensitive: Collection[str]
) -> tuple[pa.ListArray, npt.NDArray[np.bool_]]:
    """Write the findings of a batch of `rows` rows, those of one row in the order of the marks.

    Args:
        marks: which rows break which rules.
        rows: how many rows there are.
        tolerated: the rules whose failing share, over the whole file, is within their thresholds.
        sensitive: the columns whose values appear in no finding.

    Returns:
        The column, null for a row without any finding, and which rows fail: those with a finding that is neither
        tolerated nor a warning.
    """
    failing = np.zeros(rows, np.bool_)
    broken = [mark for mark in marks if len(mark.rows)]
    if not broken:
        return pa.nulls(rows, FINDINGS_TYPE), failing
    for mark in broken:
        if mark.check.severity is not Severity.WARNING and mark.check not in tolerated:
            failing[mark.rows] = True
    at_rows = np.concatenate([mark.rows for mark in broken])
    order = np.argsort(at_rows, kind="stable")
    counts = np.bincount(at_rows, minlength=rows)
    values = pa.StructArray.from_arrays(
        [pa.concat_arrays(parts) for parts in zip(*(_told(one, tolerated, sensitive) for one in broken), strict=True)],
        fields=list(FINDING),
    )
    offsets = np.concatenate(([0], np.cumsum(counts))).astype(np.int32)
    column = pa.ListArray.from_arrays(
        pa.array(offsets), values.take(pa.array(order)), type=FINDINGS_TYPE, mask=pa.array(counts == 0)
    )
    return column, failing


def _told(mark: Mark, tolerated: Collection[Check], sensitive: Collection[str]) -> tuple[pa.Array, ...]:
    check, count = mark.check, len(mark.rows)
    hidden = not frozenset(sensitive).isdisjoint(check.columns)
    values = None if hidden else mark.values()
    shown = None if values is None else _visible(values)
    return (
        _same(check.rule, count),
        _same(check.dimension, count),
        _same(", ".join(check.columns), count),
        _same(check.severity.value, count),
        pa.repeat(pa.scalar(check in tolerated), count),
        _messages(check, shown, count, hidden=hidden),
        pa.nulls(count, pa.string()) if values is None else pc.utf8_slice_codeunits(values, 0, _MOST_VALUE),
    )


def _same(text: str, count: int) -> pa.StringArray:
    return pa.repeat(pa.scalar(text, pa.string()), count)


def _visible(values: pa.StringArray) -> pa.StringArray:
    """Write values for people, cut, and with every character nobody can see as its code point."""
    cut = pc.fill_null(pc.utf8_slice_codeunits(values, 0, _MOST_SHOWN + 1), "null")
    if pc.any(pc.match_substring_regex(cut, _UNUSUAL)).as_py() or pc.max(pc.utf8_length(cut)).as_py() > _MOST_SHOWN:
        encoded = cut.dictionary_encode()
        texts = pa.array([visible(text, _MOST_SHOWN) for text in encoded.dictionary.to_pylist()], pa.string())
        return texts.take(encoded.indices)
    return cut


def _messages(check: Check, shown: pa.StringArray | None, count: int, *, hidden: bool) -> pa.StringArray:
    """Say what is wrong, without the name of the column, which stands beside it."""
    if check.rule == completeness.REQUIRED:
        return _same("required and null", count)
    said = _same(MASK, count) if hidden or shown is None else shown
    return pc.binary_join_element_wise(said, _same(_SAID.get(check.rule, _unknown)(check), count), " ")


def _unknown(check: Check) -> str:
    if isinstance(check.argument, Reference):
        return f"is not in {visible(check.argument.text)}"
    rule = f"breaks the rule {visible(check.rule)}"
    return f"{rule} ({visible(check.argument.text)})" if isinstance(check.argument, RowRule) else rule


def _argument(check: Check) -> str:
    argument = check.argument
    return visible(str(int(argument) if isinstance(argument, float) and argument.is_integer() else argument))


_MOST_DIGITS: Final = {
    True: "20 before the point, 18 behind it",
    False: "6 behind the second, which a key would be cut to",
}
_SAID: Final[Mapping[str, Callable[[Check], str]]] = {
    schema.FIELD: lambda check: f"is not of type {check.argument.value}",
    "min": lambda check: f"is below {_argument(check)}",
    "max": lambda check: f"is above {_argument(check)}",
    "enum": lambda _: "is not among the allowed values",
    "pattern": lambda check: f"is not of the pattern {_argument(check)}",
    "minLength": lambda check: f"is shorter than {check.argument} characters",
    "maxLength": lambda check: f"is longer than {check.argument} characters",
    "digits": lambda check: f"has more digits than a typed column holds ({_MOST_DIGITS[check.argument is None]})",
    uniqueness.UNIQUE: lambda _: "repeats an earlier row",
}


def malformed_finding(row: MalformedRow) -> dict[str, object]:
    """Give the one finding of a row that cannot be parsed."""
    return {
        "rule": format_dimension.MALFORMED_ROWS,
        "dimension": format_dimension.KEY,
        "column": "",
        "severity": Severity.ERROR.value,
        "tolerated": False,
        "message": row.reason or "cannot be parsed",
        "value": None,
    }


def key_finding(columns: Sequence[str], message: str) -> dict[str, object]:
    """Give a finding on the key of a row that somebody compared with other rows by other means than a key rule."""
    return {
        "rule": "contradiction",
        "dimension": uniqueness.KEY,
        "column": ", ".join(columns),
        "severity": Severity.ERROR.value,
        "tolerated": False,
        "message": message,
        "value": None,
    }


def readable(findings: Sequence[Mapping[str, object]] | None) -> str:
    """Write the findings of one row as one line for people.

    >>> readable([{"column": "fare", "message": "250 is above 190"}, {"column": "id", "message": "required and null"}])
    'fare: 250 is above 190; id: required and null'
    """
    return "; ".join(
        f"{visible(str(one['column']))}: {one['message']}" if one["column"] else str(one["message"])
        for one in findings or ()
    )
