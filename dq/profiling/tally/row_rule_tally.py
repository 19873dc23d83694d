"""Rules over the cells of a row: how many rows break each, and which are the first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

from dq.profiling.cells.values import Cells
from dq.profiling.row_rules.evaluation import evaluate
from dq.profiling.row_rules.outcome import RowFigures, RowOutcome
from dq.profiling.row_rules.reference_keys import KnownReferences, ReferenceKeys, UnreadKeys, evaluate_reference
from dq.profiling.tally.column_of_files import Edges
from dq.profiling.tally.offences import MOST_EXAMPLES, Offence, shortened
from dq.profiling.tally.recipe import Recipe
from dq.profiling.tally.row_batch import LineNumbers, RowBatch
from dq.profiling.tally.row_texts import row_texts
from dq.schema.definition import Reference


class RowRuleTally:
    """The running figures of all rules over rows in one split of a file."""

    def __init__(self, recipe: Recipe, split: int, references: KnownReferences) -> None:
        """Start with no row; `references` are the keys that rows may refer to."""
        self._recipe = recipe
        self._split = split
        self._references = references
        self.figures = _nothing(recipe, references)

    def add(self, cells: Sequence[Cells], rows: int, line_numbers: LineNumbers) -> None:
        """Take in a batch of `rows` rows, whose cells are given for every column."""
        figures = []
        outcomes = _outcomes(self._recipe, self._references, cells, rows)
        for known, (outcome, columns) in zip(self.figures, outcomes, strict=True):
            wanted = MOST_EXAMPLES - len(known.examples)
            figures.append(known + _figures(outcome, columns, wanted, 0, self._split, line_numbers))
        self.figures = tuple(figures)


def row_rules_of_files(
    recipe: Recipe, references: KnownReferences, cells: Sequence[Cells], edges: Edges, files: Sequence[RowBatch]
) -> list[tuple[RowFigures, ...]]:
    """Give the figures of each of several files, whose cells lie end to end, as `RowRuleTally` counts each of them."""
    outcomes = _outcomes(recipe, references, cells, int(edges[-1]))
    nothing = _nothing(recipe, references)
    return [
        tuple(
            known
            + _figures(
                RowOutcome(outcome.failing[start:stop], outcome.checked[start:stop]),
                columns, MOST_EXAMPLES, start, 0, one.line_numbers,
            )
            for known, (outcome, columns) in zip(nothing, outcomes, strict=True)
        )
        for one, (start, stop) in zip(files, pairwise(edges.tolist()), strict=True)
    ]  # fmt: skip


def _nothing(recipe: Recipe, references: KnownReferences) -> tuple[RowFigures, ...]:
    """Give the figures of no row, which say already what cannot be told."""
    reasons = (_unread(reference, references) for reference in recipe.references)
    return (*(RowFigures() for _ in recipe.row_rules), *(RowFigures(unanswered=reason) for reason in reasons))


def _unread(reference: Reference, references: KnownReferences) -> str:
    known = references.get(reference.wanted, _NOBODY)
    return known.reason if isinstance(known, UnreadKeys) else ""


_NOBODY = UnreadKeys("nobody reads what it refers to here")


def _outcomes(
    recipe: Recipe, references: KnownReferences, cells: Sequence[Cells], rows: int
) -> list[tuple[RowOutcome, Mapping[str, Cells]]]:
    """Ask every rule of some rows; gives the columns it names beside what it says."""
    if not recipe.rules_over_rows:
        return []
    named = {column.name: one for column, one in zip(recipe.columns, cells, strict=True)}
    kinds = {column.name: column.type for column in recipe.columns}
    found: list[tuple[RowOutcome, Mapping[str, Cells]]] = []
    for rule in recipe.row_rules:
        columns = {name: named[name] for name in rule.columns}
        found.append((evaluate(rule, columns, rows), columns))
    for reference in recipe.references:
        columns, keys = {name: named[name] for name in reference.columns}, references.get(reference.wanted, _NOBODY)
        outcome = RowOutcome(np.zeros(rows, np.bool_), np.zeros(rows, np.bool_))
        if isinstance(keys, ReferenceKeys):
            outcome = evaluate_reference(reference, keys, [kinds[name] for name in columns], columns, rows)
        found.append((outcome, columns))
    return found


def _figures(
    outcome: RowOutcome, columns: Mapping[str, Cells], wanted: int, before: int, split: int, line_numbers: LineNumbers
) -> RowFigures:
    """Count some rows and show the first `wanted` failing ones; `before` them there are so many others in `columns`."""
    failing = np.flatnonzero(outcome.failing)
    first = failing[:wanted]
    examples: tuple[Offence, ...] = ()
    if len(first):
        texts = row_texts(list(columns), list(columns.values()), first + before)
        lines = line_numbers(first)
        examples = tuple(Offence(split, line, shortened(text)) for line, text in zip(lines, texts, strict=True))
    return RowFigures(len(failing), int(np.count_nonzero(outcome.checked)), examples)
