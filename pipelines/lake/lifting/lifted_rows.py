"""Rows of a file as rows of silver and of quarantine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from dq import (
    FINDINGS_TYPE,
    MASK,
    CellEncoding,
    Cells,
    ColumnRecipe,
    FileRows,
    FramedChecks,
    RowBatch,
    as_text,
    flat_column,
    flat_type,
    healed_rows,
    malformed_finding,
    text_column,
)
from pipelines.lake.errors import UnfitColumnError
from pipelines.lake.lifting.frozen import require_frozen
from pipelines.lake.lifting.missing_partners import with_partners_missing
from pipelines.lake.lifting.silver_plan import Types
from pipelines.lake.run_part import RunPart
from pipelines.lake.schema.drift import NewColumns
from pipelines.transforms.derive import derive
from pipelines.transforms.enriched.enrich import enrich
from pipelines.transforms.enriched.partners import Partners
from pipelines.transforms.normalize import StepUnfitError, normalized_column
from pipelines.transforms.silver_columns import SilverColumns

FINDINGS, TEXT, DEFINITION, LINE = "_findings", "_text", "_definition", "_line"
#: Fields of JSON objects that too few of the first ones have to be columns: those of a row as one JSON object.
EXTRAS: Final = "_extras"
#: The columns of quarantine beside those that every table has.
QUARANTINE_COLUMNS: Final[Mapping[str, pa.DataType]] = {
    TEXT: pa.string(),
    FINDINGS: FINDINGS_TYPE,
    DEFINITION: pa.string(),
}


@dataclass(frozen=True, slots=True, eq=False)
class LiftedBatch:
    """What became of some rows: read = rows of silver + rows of quarantine, which has the malformed ones, too.

    `silver` and `quarantine` have the line of each row as their last column. `healed` rows had values that
    normalising mended; `unmatched` are those that keep to all rules and found no partner in a reference.
    """

    silver: pa.RecordBatch
    quarantine: pa.RecordBatch
    read: int
    malformed: int
    healed: int
    unmatched: int


@dataclass(frozen=True, slots=True)
class LiftedRows:
    """How the rows of one file become rows of the lake; travels to tasks.

    Attributes:
        checks: the definition, laid over the file.
        columns: what the definition's block says of values and columns.
        run: whose rows they are.
        references: where rows find their partners, in their order.
        new_columns: what becomes of columns, and fields of JSON objects, that nobody expected.
        types: what becomes of values of other types than declared.
    """

    checks: FramedChecks
    columns: SilverColumns
    run: RunPart
    references: tuple[Partners, ...] = ()
    new_columns: NewColumns = "evolve"
    types: Types = "quarantine"

    def column_types(self) -> dict[str, pa.DataType]:
        """Give the types of silver's columns by their names, in order; also of declared ones that the file lacks."""
        found = {name: self._type(column) for name, column in self._own_names()}
        for field in self.checks.definition.fields:
            found.setdefault(field.name, flat_type(field.type))
        for one in self.references:
            found |= {name: flat_type(kind) for name, kind in one.enrichment.types.items()}
        found |= {one.name: pa.string() for one in self.columns.derive}
        rest = {EXTRAS: pa.string()} if self._keeps_extras else {}
        ours = {FINDINGS: FINDINGS_TYPE, **rest}  # in front, so that their names are theirs in a new table
        return {**ours, **{new: found[old] for old, new in self._arranged()}}

    @property
    def expected(self) -> frozenset[str]:
        """Name the columns that the definition asks for; others are there because the file brings them."""
        declared = self._declared | self._made
        return frozenset({new for old, new in self._arranged() if old in declared}) | {FINDINGS, EXTRAS}

    @property
    def lacking(self) -> tuple[str, ...]:
        """Name the declared columns that the file has not."""
        there = {column.name for column in self.checks.recipe.columns}
        return tuple(field.name for field in self.checks.definition.fields if field.name not in there)

    @property
    def _declared(self) -> frozenset[str]:
        return frozenset(field.name for field in self.checks.definition.fields)

    @property
    def _made(self) -> frozenset[str]:
        """Name the columns that rows get from elsewhere."""
        taken = {name for one in self.references for name in one.enrichment.types}
        return frozenset(taken | {one.name for one in self.columns.derive})

    def _own_names(self) -> tuple[tuple[str, ColumnRecipe], ...]:
        """Name the columns of the file; one that nobody declared and that has the name of a made one is its second."""
        there = {column.name for column in self.checks.recipe.columns} | self._declared
        names, made = [], self._made
        for column in self.checks.recipe.columns:
            own, place = column.name, 2
            while own in made or (own != column.name and own in there):
                own, place = f"{column.name} [{place}]", place + 1
            names.append((own, column))
            there.add(own)
        return tuple(names)

    @property
    def _keeps_extras(self) -> bool:
        """Tell whether fields of JSON objects that are no column of the file have a column together."""
        return self.new_columns == "evolve" and self.checks.recipe.encoding is CellEncoding.JSON

    def prepared(self, batch: RowBatch) -> RowBatch:
        """Normalise the cells of a batch; a column that no step changes stays the same object.

        Raises:
            UnfitColumnError: a column has a type that its steps do not take, and the whole object is to be held.
        """
        columns, encoding = list(batch.columns), self.checks.recipe.encoding
        for column in self.checks.recipe.columns:
            if steps := self.columns.steps(column.name):
                field = column.name, column.type
                try:
                    done = normalized_column(columns[column.position], field, encoding, steps)
                except StepUnfitError as error:
                    raise UnfitColumnError(f"{error}; then release the object") from error
                columns[column.position] = done
        return replace(batch, columns=columns)

    def lifted(self, rows: FileRows) -> LiftedBatch:
        """Decide where each row goes, and make it ready for there.

        Raises:
            FrozenSchemaError, FrozenTypesError: some row has what the definition wants the whole object held for.
        """
        require_frozen(rows, self.new_columns, self.types)
        if rows.raw.malformed != len(rows.malformed):
            raise AssertionError(f"{rows.raw.malformed} rows cannot be parsed, {len(rows.malformed)} of them were told")
        columns = self._columns(rows)
        new = enrich(columns, self.references)
        columns |= new.columns
        unmatched = np.zeros(len(rows.lines), np.bool_)
        for _, missing in new.without_partner:
            unmatched |= missing & ~rows.found.failing
        decided = with_partners_missing(rows, columns, new.without_partner, self.checks.plan.sensitive)
        return LiftedBatch(
            self._silver(decided, columns),
            self._quarantined(decided),
            rows.raw.rows + rows.raw.malformed,
            rows.raw.malformed,
            healed_rows(rows, self.checks),
            int(np.count_nonzero(unmatched)),
        )

    def _columns(self, rows: FileRows) -> dict[str, pa.Array]:
        """Give the columns of the file in their types, also declared ones that it lacks."""
        batch, cells = rows.found.marked.batch, rows.found.marked.cells
        found: dict[str, pa.Array] = {
            name: self._column(column, batch.columns[column.position], own)
            for (name, column), own in zip(self._own_names(), cells, strict=True)
        }
        for field in self.checks.definition.fields:
            if field.name not in found:
                found[field.name] = pa.nulls(batch.rows, flat_type(field.type))
        return found

    def _silver(self, rows: FileRows, columns: Mapping[str, pa.Array]) -> pa.RecordBatch:
        """Give the rows that pass, with silver's columns, their findings, and the line of each as the last one."""
        count = len(rows.lines)
        declared = self._declared
        of_run = {name: column for name, column in self._run_columns(count).items() if name not in declared}
        found = {**columns, **derive({**columns, **of_run}, self.columns.derive)}
        arranged = self._arranged()
        names, arrays = [new for _, new in arranged], [found[old] for old, _ in arranged]
        if self._keeps_extras:
            names.append(EXTRAS)
            arrays.append(_rest_of(rows.raw))
        return pa.RecordBatch.from_arrays(
            [*arrays, rows.found.findings, rows.lines.cast(pa.int64())], names=[*names, FINDINGS, LINE]
        ).filter(pa.array(~rows.found.failing))

    def _quarantined(self, rows: FileRows) -> pa.RecordBatch:
        """Give the rows that fail as they stand in the file, and those that cannot be parsed, each with its reasons."""
        failing = np.flatnonzero(rows.found.failing)
        wanted = pa.array(failing)
        texts = self._texts(rows.raw, wanted)
        lines = rows.lines.take(wanted).to_pylist()
        findings = rows.found.findings.take(wanted).to_pylist()
        hidden = bool(self.checks.plan.sensitive)
        texts += [MASK if hidden else row.text for row in rows.malformed]
        lines += [row.line or None for row in rows.malformed]
        findings += [[malformed_finding(row)] for row in rows.malformed]
        order = sorted(range(len(lines)), key=lambda at: lines[at] or 0)
        return pa.RecordBatch.from_arrays(
            [
                pa.array([texts[at] for at in order], pa.string()),
                pa.array([findings[at] for at in order], FINDINGS_TYPE),
                pa.repeat(pa.scalar(self.checks.definition.fingerprint, pa.string()), len(order)),
                pa.array([lines[at] for at in order], pa.int64()),
            ],
            names=[*QUARANTINE_COLUMNS, LINE],
        )

    def _arranged(self) -> tuple[tuple[str, str], ...]:
        names = [name for name, _ in self._own_names()]
        names += [field.name for field in self.checks.definition.fields if field.name not in names]
        names += [name for one in self.references for name in one.enrichment.types if name not in names]
        return self.columns.arranged(names)

    def _run_columns(self, rows: int) -> dict[str, pa.Array]:
        run = self.run
        return {
            "agency": pa.repeat(pa.scalar(run.agency_slug, pa.string()), rows),
            "run_date": pa.repeat(pa.scalar(run.run_date, pa.date32()), rows),
            "run_hour": pa.repeat(pa.scalar(run.run_hour, pa.int64()), rows),
        }

    def _type(self, column: ColumnRecipe) -> pa.DataType:
        return flat_type(column.type) if self._is_typed(column) else pa.string()

    def _is_typed(self, column: ColumnRecipe) -> bool:
        """Tell whether every value of a column is of its type: what nobody declared is where a file has types."""
        return column.declared or self.checks.recipe.encoding is CellEncoding.TYPED

    def _column(self, column: ColumnRecipe, raw: pa.Array, cells: Cells) -> pa.Array:
        return flat_column(raw, cells, column.type) if self._is_typed(column) else text_column(cells, len(raw))

    def _texts(self, raw: RowBatch, wanted: pa.Array) -> list[str]:
        """Write rows as JSON objects of the file's texts, with the values of sensitive columns hidden."""
        columns: dict[str, list[Any]] = {}
        for column in self.checks.recipe.columns:
            hidden = column.name in self.checks.plan.sensitive or column.repeats in self.checks.plan.sensitive
            cells = raw.columns[column.position].take(wanted)
            columns[column.name] = [MASK] * len(wanted) if hidden else _json_texts(cells)
        more = _rest_of(raw).take(wanted).to_pylist()
        return [
            orjson.dumps(dict(zip(columns, row, strict=True)) | orjson.loads(rest or "{}")).decode()
            for *row, rest in zip(*columns.values(), more, strict=True)
        ]


def _rest_of(batch: RowBatch) -> pa.StringArray:
    return pa.nulls(batch.rows, pa.string()) if batch.rest is None else batch.rest()


def _json_texts(cells: pa.Array) -> list[str | None]:
    plain = cells.field(0) if pa.types.is_struct(cells.type) and cells.type.num_fields == 1 else cells
    texts: list[str | None] = pc.cast(as_text(plain), pa.string()).to_pylist()
    return texts
