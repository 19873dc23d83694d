"""All ways to derive a column that there are, and doing it. A new way is one module and one line here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pyarrow as pa

from dq import FieldType, PipelineError, Problems, fold, read_properties, shown
from pipelines.transforms.derived.band import BAND
from pipelines.transforms.derived.concat import CONCAT
from pipelines.transforms.derived_column import Derivation, DerivedColumn

#: By their name in a definition, in the order of the documentation.
DERIVATIONS: Final[Mapping[str, Derivation]] = {way.name: way for way in (BAND, CONCAT)}
_IGNORED: Final = frozenset({"description", "comment"})


def derive(columns: Mapping[str, pa.Array], derived: tuple[DerivedColumn, ...]) -> dict[str, pa.Array]:
    """Give the derived columns by their names, a cell for each row of the typed `columns`.

    None of them is made from another one. A column that `derived` names has to be there, `agency`, `run_date` and
    `run_hour` too where they are named.
    """
    return {one.name: DERIVATIONS[one.way].apply(columns, one.argument) for one in derived}


def sources(derived: DerivedColumn) -> tuple[str, ...]:
    """Name the columns that a derived one is made from: it is as sensitive as they are."""
    return DERIVATIONS[derived.way].sources(derived.argument)


def read_derived(
    name: str,
    raw: Any,  # noqa: ANN401 - any JSON value
    place: str,
    columns: Mapping[str, FieldType],
    problems: Problems,
) -> DerivedColumn | None:
    """Read how the column `name` is derived from `columns`, or note what is wrong with it."""
    said = {fold(str(key)) for key in raw} if isinstance(raw, dict) else set()
    ways = [way for way in DERIVATIONS.values() if way.name in said]
    if len(ways) != 1:
        examples = " or ".join(way.example for way in DERIVATIONS.values())
        problems.add(place, f"is {shown(raw)}; expected {examples}")
        return None
    (way,) = ways
    properties = read_properties(raw, way.spellings, place, problems, _IGNORED)
    if way.name not in properties:
        problems.add(place, f"{way.name} is null; expected something such as {way.example}")
        return None
    argument = way.read(properties, place, columns, problems)
    return None if argument is None else DerivedColumn(name, way.name, argument)


def derived(raw: Any, **columns: list[Any]) -> list[Any]:  # noqa: ANN401 - any JSON value
    """Try one derivation, as a definition writes it, on a few rows given as columns.

    >>> derived({"concat": ["a", "a"]}, a=["x"])
    ['xx']

    Raises:
        PipelineError: it is not written as derivations are.
    """
    problems, arrays = Problems(), {name: pa.array(cells) for name, cells in columns.items()}
    types = {name: _type_of(array.type) for name, array in arrays.items()}
    column = read_derived("tried", raw, "derive", types, problems)
    if column is None or problems.found:
        raise PipelineError("; ".join(problems.found))
    cells: list[Any] = derive(arrays, (column,))["tried"].to_pylist()
    return cells


def _type_of(kind: pa.DataType) -> FieldType:
    if pa.types.is_integer(kind):
        return FieldType.INTEGER
    if pa.types.is_decimal(kind):
        return FieldType.DECIMAL
    return FieldType.NUMBER if pa.types.is_floating(kind) else FieldType.STRING
