"""`{"concat": ["agency", "id"], "separator": "_"}`: the texts of columns behind each other.

Numbers are written without zeros that say nothing, days and moments in ISO 8601. Where one part is null the whole is
null: half a reference refers to nothing. Without a separator nothing stands between the parts.

>>> derived({"concat": ["agency", "id"], "separator": "_"}, agency=["bay", "bay"], id=[17, None])
['bay_17', None]
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from dq import FieldType, Problems, as_text, kind_of, shown
from pipelines.transforms.derived_column import Derivation, read_source
from pipelines.transforms.values.decimal_text import decimal_texts

_EXAMPLE: Final = '{"concat": ["agency", "id"], "separator": "_"}'
_SPELLINGS: Final = {"concat": "concat", "separator": "separator", "sep": "separator"}


@dataclass(frozen=True, slots=True)
class Concat:
    """The columns whose texts are put together, and what stands between them."""

    columns: tuple[str, ...]
    separator: str = ""


def _read(
    properties: Mapping[str, Any], place: str, columns: Mapping[str, FieldType], problems: Problems
) -> Concat | None:
    raw, separator = properties["concat"], properties.get("separator", "")
    if not isinstance(separator, str):
        problems.add(place, f"separator is {kind_of(separator)}; expected a text")
        return None
    if not isinstance(raw, list) or not raw:
        problems.add(place, f"concat is {shown(raw)}; expected a list of columns, as in {_EXAMPLE}")
        return None
    sources = [read_source(name, place, columns, problems) for name in raw]
    return None if None in sources else Concat(tuple(name for name in sources if name is not None), separator)


def _joined(columns: Mapping[str, pa.Array], argument: Concat) -> pa.StringArray:
    texts = [_text(columns[name]) for name in argument.columns]
    return pc.binary_join_element_wise(*texts, argument.separator)


def _text(column: pa.Array) -> pa.StringArray:
    return decimal_texts(column) if pa.types.is_decimal(column.type) else as_text(column)


CONCAT: Final = Derivation("concat", _SPELLINGS, _read, lambda concat: concat.columns, _joined, _EXAMPLE)
