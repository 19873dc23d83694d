"""Profiles as they may be kept: nothing of a sensitive field but counts, lengths and places."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pyarrow as pa

from dq.profiling.profile.profile_state import without_values

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dq.profiling.figures.row_sample import RowSample
    from dq.profiling.profile.column_profile import ColumnProfile
    from dq.profiling.profile.file_profile import FileProfile
    from dq.profiling.tally.offences import Offence
    from dq.streams.record_checks import RecordChecks


def without_hidden_values(profile: FileProfile, checks: RecordChecks) -> FileProfile:
    """Take the values of sensitive fields out; whole records and undeclared fields may hold some as well."""
    sensitive = checks.framed.plan.sensitive
    if not sensitive:
        return profile
    hidden = {at for at, column in enumerate(checks.recipe.columns) if column.name in sensitive}
    columns = None
    if profile.columns is not None:
        columns = tuple(_hidden(one) if at in hidden else one for at, one in enumerate(profile.columns))
    return replace(
        profile,
        malformed_rows=_places(profile.malformed_rows),
        row_rules=tuple(
            one if sensitive.isdisjoint(rule.columns) else replace(one, examples=_places(one.examples))
            for rule, one in zip(checks.recipe.rules_over_rows, profile.row_rules, strict=False)
        ),
        columns=columns,
        extras={name: _hidden(column) for name, column in profile.extras.items()},
        sample=_without_cells(profile.sample, hidden),
        shown=_without_cells(profile.shown, hidden),
    )


def _hidden(column: ColumnProfile) -> ColumnProfile:
    """Keep, beside the counts, where the offending cells are."""
    places: Mapping[str, tuple[Offence, ...]] = {rule: _places(one) for rule, one in column.violating_cells.items()}
    kept = without_values(column)
    return replace(kept, unparsable_cells=_places(column.unparsable_cells), violating_cells=places)


def _places(offences: Iterable[Offence]) -> tuple[Offence, ...]:
    return tuple(replace(one, text="", parts=()) for one in offences)


def _without_cells(sample: RowSample | None, hidden: Iterable[int]) -> RowSample | None:
    if sample is None or sample.cells is None:
        return sample
    cells = sample.cells
    for at in hidden:
        field = cells.schema.field(at)
        cells = cells.set_column(at, field, pa.nulls(cells.num_rows, field.type))
    return replace(sample, cells=cells)
