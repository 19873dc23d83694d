"""Good records as they are sent on: enriched, selected, each an object of JSON with its key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dq import CheckedRecords, FieldType, RecordChecks, as_text
from pipelines.records.checking.dead_letter import Fault
from pipelines.records.checking.json_texts import json_cells, json_objects
from pipelines.records.flow import Flow
from pipelines.transforms.derive import derive

if TYPE_CHECKING:
    import numpy.typing as npt

_MOMENT: Final = pa.timestamp("us", "UTC")
_NESTED: Final = (FieldType.OBJECT, FieldType.ARRAY, FieldType.ANY)


@dataclass(frozen=True, slots=True, eq=False)
class Outgoing:
    """Records to send.

    Attributes:
        places: where they stand among the values that were looked at, ascending.
        keys: theirs, as bytes; null where the flow selects none.
        values: as bytes.
        columns: what was selected of them, in the types of a table.
        faults: why records that were good so far cannot be sent, by their places.
    """

    places: npt.NDArray[np.int64]
    keys: pa.Array
    values: pa.Array
    columns: Mapping[str, pa.Array]
    faults: Mapping[int, Fault]

    def at(self, places: npt.NDArray[np.int64]) -> Outgoing:
        """Give them with their places among more records."""
        return replace(self, places=places[self.places])


def outgoing_records(
    flow: Flow, checked: CheckedRecords, now: datetime, largest: int, beside: npt.NDArray[np.int64] | None = None
) -> Outgoing:
    """Make what is sent of the records that do not fail.

    Args:
        flow: says what is made and selected.
        checked: the records.
        now: the time of the batch, aware.
        largest: bytes that a record may have in the topic.
        beside: bytes that go along with each of the values that were looked at: its headers, and a key that stays.
    """
    good = pa.array(~checked.failing)
    at = checked.at[~checked.failing]
    columns = {name: column.filter(good) for name, column in checked.columns.items()}
    tokens = {name: column.filter(good) for name, column in checked.tokens.items()}
    made = {**columns, **derive(columns, flow.derive)}
    made |= {name: pa.repeat(pa.scalar(now, _MOMENT), len(at)) for name in flow.stamped}
    types = {field.name: field.type for field in flow.definition.fields}
    stamp = json_cells(pa.array([now], _MOMENT))[0]
    stamped = {name: pa.repeat(stamp, len(at)) for name in flow.stamped}  # one text, written once
    cells = {
        name: stamped[source] if source in stamped else _cells(source, made[source], tokens, types)
        for name, source in flow.select
    }
    values = json_objects(cells).cast(pa.binary())
    # What an object lacks is {} in the table as well.
    selected = {name: _held(source, made[source], types) for name, source in flow.select}
    keys = pa.nulls(len(at), pa.binary())
    faults: dict[int, Fault] = {}
    sent = np.ones(len(at), np.bool_)
    if flow.target.key is not None:
        keys = as_text(selected[flow.target.key]).cast(pa.binary())
        for row in np.flatnonzero(keys.is_null().to_numpy(zero_copy_only=False)).tolist():
            faults[int(at[row])] = Fault("key", flow.target.key, f"the key {flow.target.key} is null")
            sent[row] = False
    sizes = pc.add(pc.binary_length(values), pc.fill_null(pc.binary_length(keys), 0)).to_numpy(zero_copy_only=False)
    sizes = sizes if beside is None else sizes + beside[at]
    for row in np.flatnonzero((sizes > largest) & sent).tolist():
        said = f"{sizes[row]:,} bytes as it is sent on, {flow.target.topic} takes {largest:,}"
        faults[int(at[row])] = Fault("size", "", said)
        sent[row] = False
    if not sent.all():
        kept = pa.array(sent)
        at, keys, values = at[sent], keys.filter(kept), values.filter(kept)
        selected = {name: column.filter(kept) for name, column in selected.items()}
    return Outgoing(at, keys, values, selected, faults)


def selected_types(flow: Flow, checks: RecordChecks) -> dict[str, pa.DataType]:
    """The types of `Outgoing.columns`."""
    made: dict[str, pa.DataType] = {**checks.types(), **dict.fromkeys(flow.stamped, _MOMENT)}
    empty = {name: pa.nulls(0, kind) for name, kind in checks.types().items()}
    made |= {name: column.type for name, column in derive(empty, flow.derive).items()}
    return {name: made[source] for name, source in flow.select}


def _cells(
    source: str, column: pa.Array, tokens: Mapping[str, pa.Array], types: Mapping[str, FieldType]
) -> pa.StringArray:
    kind = types.get(source)
    if kind not in _NESTED:
        return json_cells(column)
    if source not in tokens:  # texts and the like in a field that holds anything, or nothing at all
        return _held(source, column, types) if kind is FieldType.OBJECT else json_cells(column)
    return pc.fill_null(tokens[source], "{}" if kind is FieldType.OBJECT else "null")


def _held(source: str, column: pa.Array, types: Mapping[str, FieldType]) -> Any:  # noqa: ANN401 - Arrow's
    return pc.fill_null(column, "{}") if types.get(source) is FieldType.OBJECT else column
