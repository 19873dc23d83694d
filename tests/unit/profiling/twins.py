"""Comparing the vectorised parser with the grammar it is the twin of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from dq.profiling.cells.number_line import as_number, from_number
from dq.profiling.cells.parsing import NUMERIC, parse_text
from dq.schema.cells import UNPARSABLE, parse_cell
from dq.schema.definition import FieldType

if TYPE_CHECKING:
    from collections.abc import Sequence

MOMENTS = (FieldType.DATE, FieldType.DATETIME, FieldType.TIME, FieldType.DURATION)

#: strptime formats as people write them, with the types they are used for.
FORMATS = [
    "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%Y%m%d", "%Y/%m/%d", "%Y-%m-%d", "%d-%b-%Y", "%d/%m/%y", "%Y-%j", "%Y%m",
    "%H:%M", "%H:%M:%S", "%H%M%S", "%I:%M %p", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ",
    "%Y-%m-%d %H:%M", "%d/%m/%Y %H:%M", "%Y%m%d%H%M%S", "%Y%m%d %H%M", "%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%dT%H:%M:%S%z",
    "%m/%d/%Y %I:%M:%S %p", "%d %B %Y", "%c", "%Y-%m-%d, %H:%M", "%%%Y-%m-%d", "[%Y-%m-%d]",
]  # fmt: skip


def assert_twins(texts: Sequence[str], kind: FieldType, form: str | None = None) -> None:
    """Compare the two parsers, also on a slice of a larger array."""
    padded = pa.array(["x", *texts, "1"], pa.string())
    for cells in (pa.array(texts, pa.string()), padded.slice(1, len(texts))):
        parsed = parse_text(cells, kind, form)
        values = [parse_cell(text, kind, form) for text in texts]
        parses = [value is not UNPARSABLE for value in values]
        assert ([True] * len(texts) if parsed.ok is None else parsed.ok.tolist()) == parses
        assert parsed.cells.to_pylist() == [text for text, fits in zip(texts, parses, strict=True) if fits]
        if kind not in NUMERIC:
            assert parsed.numbers is None
            continue
        assert parsed.numbers is not None
        expected = [as_number(value) for value in values if value is not UNPARSABLE]
        assert parsed.numbers.tolist() == expected
        assert parsed.numbers.dtype == NUMERIC[kind]
        if kind in MOMENTS:
            known = [value for value in values if value is not UNPARSABLE]
            assert parsed.rests is None or parsed.rests.any()
            rests = [0] * len(known) if parsed.rests is None else parsed.rests.tolist()
            pairs = zip(parsed.numbers.tolist(), rests, strict=True)
            assert [from_number(number, kind, rest) for number, rest in pairs] == known
