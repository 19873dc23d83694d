"""A column of texts taken through its steps, and which of its cells they changed."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from dq import CellEncoding, FieldType, PipelineError, Problems, cells_rewritten, texts_rewritten
from pipelines.transforms.read_steps import read_steps
from pipelines.transforms.step import NormalizeStep
from pipelines.transforms.steps import STEPS

#: So many cells tell whether a column repeats itself, which saves work when at most half of them are distinct.
_LOOKED_AT: Final = 2048


class StepUnfitError(PipelineError):
    """A step can do nothing with the type that a column has in a file."""


class Normalized(NamedTuple):
    """A column as its steps leave it; `changed` has no nulls and is true of cells that are not what they were."""

    column: pa.StringArray
    changed: pa.BooleanArray

    @property
    def cells_changed(self) -> int:
        """Count the cells that are not what they were."""
        return int(self.changed.true_count)


def normalized(column: pa.StringArray, steps: tuple[NormalizeStep, ...]) -> Normalized:
    """Take a `pa.string()` array through steps, in their order.

    Rows stay where they are, nulls stay null, and what a cell becomes depends on its own text alone, however the column
    was cut.

    >>> done = normalized(pa.array([" a", "b", None, ""]), (NormalizeStep("trim"), NormalizeStep("null_if_blank")))
    >>> done.column.to_pylist(), done.changed.to_pylist(), done.cells_changed
    (['a', 'b', None, None], [True, False, False, True], 2)
    """
    if not steps:
        return Normalized(column, pa.repeat(pa.scalar(value=False), len(column)))
    if not _repeats_itself(column):
        after = _through(column, steps)
        return Normalized(after, _changed(column, after))
    encoded = column.dictionary_encode()
    after = _through(encoded.dictionary, steps)
    changed = _changed(encoded.dictionary, after).take(encoded.indices)
    return Normalized(after.take(encoded.indices), pc.fill_null(changed, fill_value=False))


def normalized_column(
    column: pa.Array, field: tuple[str, FieldType], encoding: CellEncoding, steps: tuple[NormalizeStep, ...]
) -> pa.Array:
    """Take a column as its file has it through steps; the same object where nothing becomes another.

    Steps that take numbers take them as the texts that a text file would have for them: what becomes of a value does
    not depend on the format. Values of other types stay, and the rules of the field decide.

    Args:
        column: of any type.
        field: its name, and the declared type.
        encoding: how the cells of the file carry their type.
        steps: in their order.

    Raises:
        StepUnfitError: a typed column has neither texts nor numbers, which a step needs.
    """

    def through(texts: pa.StringArray) -> pa.StringArray:
        return normalized(texts, steps).column

    kinds = [STEPS[step.name] for step in steps if STEPS[step.name].numbers]
    if not kinds:
        return texts_rewritten(column, through)
    leaves = frozenset.intersection(*(frozenset(kind.leaves) for kind in kinds))
    name, wanted = field
    done = cells_rewritten(column, wanted, encoding, through, leaves)
    if done is None:
        raise StepUnfitError(
            f"column {name!r} has values of type {column.type}, and step {kinds[0].name!r} takes texts and numbers;"
            " take the step away from silver.normalize, or let the column have what it takes"
        )
    return done


def tried(step: Any, *texts: str | None) -> list[str | None]:  # noqa: ANN401 - any JSON value
    """Try one step, as a definition writes it, on a few texts.

    >>> tried({"pad": [5, "0"]}, "501", None)
    ['00501', None]

    Raises:
        PipelineError: the step is not written as steps are.
    """
    problems = Problems()
    steps = read_steps([step], "steps", problems)
    if problems.found:
        raise PipelineError("; ".join(problems.found))
    column: list[str | None] = normalized(pa.array(texts, pa.string()), steps).column.to_pylist()
    return column


def _repeats_itself(column: pa.StringArray) -> bool:
    """Tell by cells from all over the column."""
    if len(column) <= _LOOKED_AT:
        looked_at = column
    else:
        looked_at = column.take(pa.array(range(0, len(column), len(column) // _LOOKED_AT), pa.int64()))
    return 2 * int(pc.count_distinct(looked_at).as_py()) <= len(looked_at)


def _through(column: pa.StringArray, steps: tuple[NormalizeStep, ...]) -> pa.StringArray:
    for step in steps:
        column = STEPS[step.name].apply(column, step.argument)
    return column


def _changed(before: pa.StringArray, after: pa.StringArray) -> pa.BooleanArray:
    """Tell which texts became others, or null."""
    other = pc.not_equal(before, after)
    return pc.if_else(before.is_valid(), pc.fill_null(other, fill_value=True), pa.scalar(value=False))
