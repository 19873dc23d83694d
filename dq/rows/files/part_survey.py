"""What is counted in the parts of a file before their rows are found: lines, keys, and rows that break rules.

```
parts --survey--> a PartSurvey, its keys dealt into ranges
      --shuffle, keys that are equal meet--> the rows of each part that repeat an earlier one
      --driver--> PartFacts: what each part has to know of the others
```
Where no key repeats and nothing is tolerated, the lines are counted and no record is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate, pairwise

from dq.checks.dimensions import uniqueness
from dq.engine.file_results import Span, realigned
from dq.formats.splits import NOWHERE, Split
from dq.profiling.tally.row_batch import RowBatch
from dq.rows.files.file_parts import PartFacts
from dq.rows.files.file_rows import RowsOfFile
from dq.rows.files.key_pieces import KeyPiece, KeyPieces, Repeats
from dq.rows.repeats import full_rows
from dq.rows.row_marks import mark_rows, read_rows
from dq.rows.rule_counts import RuleCount, RuleCounts, tolerates
from dq.schema.definition import SchemaDefinition


@dataclass(frozen=True, slots=True)
class RowsWanted:
    """The rows of a file as somebody wants them: travels to tasks.

    Attributes:
        rows: the file's.
        definition: what they are held against.
        prepare: makes the cells of a batch ready before they are looked at; its rows stay.
        unique: somebody knows that no row repeats a key.
    """

    rows: RowsOfFile
    definition: SchemaDefinition
    prepare: Callable[[RowBatch], RowBatch]
    unique: bool = False

    @property
    def counts_keys(self) -> bool:
        """Whether it has to be found out which rows repeat a key."""
        return bool(self.rows.recipe.keys) and not self.unique

    @property
    def counts_rules(self) -> bool:
        """Whether rows that break rules have to be counted before any of them is told."""
        return tolerates(self.rows.checks(self.definition).plan.checks)

    def travelling(self) -> RowsWanted:
        """The same without the list of all parts."""
        return replace(self, rows=self.rows.travelling())


@dataclass(frozen=True, slots=True)
class PartSurvey:
    """What is known of one part.

    Attributes:
        number: of the part.
        began: where its first record begins.
        ended: where its last one ends; None where no record was read.
        before: line ends between the beginning of the part and that of its first record.
        lines: line ends from the beginning of the part to its end, or, where records were read, lines of its records.
        counts: of the rows that break rules.
        full: rows without a null in a key, by its columns.
    """

    number: int
    began: int
    ended: int | None
    before: int
    lines: int
    counts: RuleCounts = field(default_factory=RuleCounts)
    full: Mapping[tuple[str, ...], int] = field(default_factory=dict)


def parts_to_survey(rows: RowsOfFile) -> list[tuple[Split, int]]:
    """Give the parts of a file, each with where the next one starts."""
    parts = rows.parts
    return [(part, after.start) for part, after in pairwise(parts)] + [(part, part.end) for part in parts[-1:]]


def survey_part(wanted: RowsWanted, part: Split, until: int) -> Iterator[PartSurvey | KeyPiece | Repeats]:
    """Survey one part, `until` the next one starts: pieces of its keys as they are read, then the rest.

    Raises:
        PipelineError: the file cannot be read now, or is another one.
    """
    if not wanted.counts_keys and not wanted.counts_rules:
        counted = wanted.rows.survey(part, until)
        if counted is not None:
            yield PartSurvey(part.number, counted.began, None, counted.before, counted.lines)
            return
    checks, counts, lines = wanted.rows.checks(wanted.definition), RuleCounts(), 0
    pieces = KeyPieces(checks.recipe, part.number, wanted.rows.key_ranges)
    full: dict[tuple[str, ...], int] = {}
    reading = wanted.rows.reading(part)
    for raw in reading.batches():
        batch = wanted.prepare(raw)
        cells = read_rows(checks.recipe, batch)
        if wanted.counts_keys:
            yield from pieces.of_batch(cells, batch.rows)
        if wanted.counts_rules:
            marked = mark_rows(checks.recipe, checks.plan, batch, cells, {}, checks.references)
            counts += RuleCounts.of_marks(marked.marks)
            for key in checks.recipe.keys:
                columns = tuple(checks.recipe.columns[at].name for at in key)
                full[columns] = full.get(columns, 0) + full_rows([cells[at] for at in key], batch.rows)
        lines += batch.lines
    yield PartSurvey(part.number, reading.began, reading.ended, 0, lines, counts, full)


def part_facts(
    wanted: RowsWanted, surveys: Iterable[PartSurvey], repeats: Sequence[Repeats]
) -> tuple[PartFacts, ...] | RowsOfFile:
    """Say what each part has to know; where records were read from wrong places, the file with better ones.

    Args:
        wanted: the file.
        surveys: one for each of its parts.
        repeats: of all its parts.
    """
    ordered = sorted(surveys, key=lambda one: one.number)
    if any(one.ended is not None for one in ordered):
        spans = [Span(one.number, one.began, NOWHERE if one.ended is None else one.ended) for one in ordered]
        better = realigned(wanted.rows.parts, spans)
        if better is not None:
            return wanted.rows.realigned(better)
    checks = wanted.rows.checks(wanted.definition)
    keys = [tuple(checks.recipe.columns[at].name for at in key) for key in checks.recipe.keys]
    counts = sum((one.counts for one in ordered), RuleCounts())
    failed = {columns: sum(one.rows for one in repeats if keys[one.key] == columns) for columns in keys}
    of_keys = {
        check: RuleCount(failed[check.columns], sum(one.full.get(check.columns, 0) for one in ordered))
        for check in checks.plan.of(uniqueness.KEY)
        if check.columns in failed
    }
    tolerated = (counts + RuleCounts(of_keys)).tolerated() if wanted.counts_rules else frozenset()
    packed: dict[int, dict[tuple[str, ...], list[bytes]]] = {}
    for one in repeats:
        packed.setdefault(one.part, {}).setdefault(keys[one.key], []).append(one.packed)
    before = accumulate((one.lines for one in ordered), initial=wanted.rows.lines_before)
    return tuple(
        PartFacts(part, above + one.before, packed.get(part.number, {}), tolerated)
        for part, one, above in zip(wanted.rows.parts, ordered, before, strict=False)
    )


@dataclass(frozen=True, slots=True)
class PartRead:
    """Where a part was read, and how many lines its records had."""

    number: int
    began: int
    ended: int
    lines: int


def misplaced(rows: RowsOfFile, facts: Sequence[PartFacts], parts: Sequence[PartRead]) -> RowsOfFile | None:
    """Hold parts that were read against each other; where one began at a wrong place, the file with better ones.

    Args:
        rows: the file.
        facts: what each part was told.
        parts: where each was read, in the order of the file.
    """
    better = realigned(rows.parts, [Span(one.number, one.began, one.ended) for one in parts])
    if better is not None:
        return rows.realigned(better)
    for (before, part), (after, following) in pairwise(zip(facts, parts, strict=True)):
        # What is behind the last line break counts as a line, and so for parts without any record behind it.
        is_read = following.ended > following.began
        if is_read and before.lines_before + part.lines != after.lines_before:
            raise AssertionError(
                f"{rows.head.uri}: part {part.number} has {part.lines} lines behind line {before.lines_before}, and the"
                f" next one begins behind line {after.lines_before}"
            )
    return None
