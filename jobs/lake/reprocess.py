"""Judge and lift stored object versions again, by the definitions that their files have today.

Objects that have a verdict are read again: the verdict is written anew as process_file does, then the rows as to_silver
does. What was overwritten or deleted since is left as it is. With neither --verdicts nor --silver both are done. The
same command can be given again, whatever stopped it.
"""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

import structlog
from rich.console import Group
from rich.table import Table

from etl_core.errors import PipelineError, RetryableError, UsageError
from jobs.console.arguments import plain_text, require_days
from jobs.console.terminal import cell, stdout
from jobs.lake.definitions import definitions_of
from jobs.lake.doors import lake_doors
from jobs.lake.outcomes import outcomes_table
from jobs.running.exit_codes import ExitCode, exit_code_for
from jobs.running.job_run import note
from pipelines.lake.errors import HeldError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rich.console import RenderableType

    from dq import DueObject, SchemaDefinition
    from dq.batch.batch_counts import BatchCounts
    from dq.batch.doors import Doors
    from dq.engine.file_results import FileVerdict
    from dq.reporting.catalogue.catalogue import Catalogue
    from etl_core.objects.store import Peek
    from jobs.running.stopping import StopRequest
    from pipelines.lake.lifting.load_objects import LakeDoors, Outcome
    from pipelines.lake.lifting.references import ReferencesOfObjects

log = structlog.get_logger()


def main(argv: list[str]) -> int:
    """Go through the objects, a batch at a time; exit 1 when one came to nothing, 75 when something has to wait."""
    arguments = _parser().parse_args(argv)
    from dq import Wanted, judged_objects, open_undos
    from dq.ledger.settings import LedgerSettings
    from dq.reporting.catalogue.catalogue import read_catalogue
    from etl_core.spark.profiles import TABLES
    from jobs.console.progress import show_progress
    from jobs.running.sessions import open_tables_session
    from jobs.running.stopping import StopRequest
    from jobs.running.wiring import open_doors, start
    from pipelines.lake.settings import LakeSettings

    program = start()
    require_days(arguments.since, arguments.until)
    both = not (arguments.verdicts or arguments.silver)
    verdicts, silver = arguments.verdicts or both, arguments.silver or both
    if program.settings[LakeSettings].silver_gate == "off":
        if arguments.silver:
            raise UsageError("SILVER_GATE is off, so that nothing goes to silver; set it to passed or any")
        silver = False
    wanted = Wanted(arguments.agency, arguments.file, arguments.since, arguments.until)
    note(step="dry run" if arguments.dry_run else None)
    limit = program.settings[LedgerSettings].max_files_per_batch
    with (
        open_doors(program.settings, profile=TABLES, only_reads=arguments.dry_run) as doors,
        open_tables_session(program.settings) as session,
        StopRequest() as stop,
    ):
        catalogue = read_catalogue(doors.database, only_reads=True)
        chosen = judged_objects(doors.database, catalogue, wanted)
        again = _Again(doors, lake_doors(doors, program.settings, session), catalogue, stop, limit)
        with show_progress(program.console, "reprocess", len(chosen)) as report:
            for ids in chosen.pieces(limit):
                if stop.is_set():
                    break
                if arguments.dry_run:
                    again.show(ids, report, verdicts=verdicts, silver=silver)
                else:
                    again.do(ids, report, verdicts=verdicts, silver=silver)
        stdout().print(again.table if arguments.dry_run else again.told(len(chosen)))
        again.waiting += len(open_undos(doors.database))
    states = again.states
    if stop.is_set():
        log.warning("stopped; the same command begins again", objects=len(chosen), done=sum(again.seen.values()))
    note(message=again.counted)
    if stop.is_set() or again.loads["pending"] or again.waiting:
        return ExitCode.TRY_AGAIN
    return ExitCode.FAILED if again.loads["failed"] or again.unreadable else exit_code_for(states)


@dataclass(slots=True)
class _Again:
    """Objects read again, and what became of them so far."""

    doors: Doors
    lake: LakeDoors
    catalogue: Catalogue
    stop: StopRequest
    limit: int
    states: Counter[str] = field(default_factory=Counter)
    loads: Counter[str] = field(default_factory=Counter)
    seen: Counter[str] = field(default_factory=Counter)
    lifted: list[Outcome] = field(default_factory=list)
    waiting: int = 0
    unreadable: int = 0
    table: Table = field(
        default_factory=lambda: Table(
            "object", "agency", "file", "run", "score", "new score", "in silver", "enter", "leave", "why not",
            header_style="bold",
        )
    )  # fmt: skip

    @property
    def counted(self) -> str:
        """How many objects ended in which state, in words."""
        counts = self.states + self.loads
        return ", ".join(f"{count} {state}" for state, count in sorted(counts.items())) or "nothing"

    def told(self, chosen: int) -> Group:
        """What became of objects that were chosen; of rows a line for each."""
        lines: list[RenderableType] = [outcomes_table(self.lifted)] if self.lifted else []
        return Group(*lines, cell(f"{chosen} chosen: {self.counted}"))

    def do(self, ids: Sequence[int], report: Callable[[BatchCounts], None], *, verdicts: bool, silver: bool) -> None:
        """Write verdicts and rows anew."""
        from dq.batch.batch_counts import BatchCounts
        from dq.ledger.by_hand.changes import retry_rows
        from dq.ledger.own_rows import Announced
        from etl_core.number_set import NumberSet
        from jobs.working_off.own_work import work_off_own
        from jobs.working_off.owners import new_owner
        from pipelines.lake.lifting.load_objects import load_objects
        from pipelines.lake.lifting.undo import finish_undos

        still = [one.object_id for one in self._as_they_were(ids)]
        if verdicts and still:
            count = retry_rows(
                self.doors.database, self.doors.clock(), ids=still, states=("done",), account=self.doors.account
            )
            ended = work_off_own(
                self.doors, Announced(NumberSet(still), count), limit=self.limit, owner=new_owner(), stop=self.stop,
                report=report,
            )  # fmt: skip
            self.states.update(ended.states)
        if not verdicts:
            report(BatchCounts(len(still), {"read": len(still)}))
        if silver and still and not self.stop.is_set():
            finish_undos(self.lake)
            due, began = self._due(still), self.lake.clock()
            for outcome in load_objects(due, definitions_of(due, self.doors), (), began, self.lake):
                self.lifted.append(outcome)
                self.loads[outcome.state] += 1
                if outcome.reason:
                    key, said = outcome.due.key, outcome.reason
                    log.info("lifted again", state=outcome.state, key=key, reason=said)
        self.seen["objects"] += len(ids)

    def show(self, ids: Sequence[int], report: Callable[[BatchCounts], None], *, verdicts: bool, silver: bool) -> None:
        """Judge and lift without writing, and note what would be others."""
        from dq.batch.batch_counts import BatchCounts
        from pipelines.lake.lifting.references import ReferencesOfObjects

        there = self._as_they_were(ids)
        definitions = definitions_of(tuple(there), self.doors)
        references = ReferencesOfObjects(self.lake.references)
        judged = self._judged(there, definitions) if verdicts else {}
        for one in there:
            definition, found = definitions[one.object_id], judged.get(one.object_id)
            verdict = None if found is None or isinstance(found, PipelineError) else found.verdict
            passed = one.passed if verdict is None else verdict.passed
            error = definition if isinstance(definition, PipelineError) else found
            why, rows = self._told(error) if isinstance(error, PipelineError) else "", ("", "", "")
            if silver and not why:
                why, rows = self._preview(one, definition, references, passed=passed)
            run = f"{one.run_date} {one.run_hour:02d}h"
            score = "" if verdict is None else verdict.score
            figures = (one.object_id, one.agency_slug, one.file_name, run, one.score, score, *rows, why)
            self.table.add_row(*map(cell, figures))
        report(BatchCounts(len(there), {"read": len(there)}))
        self.seen["objects"] += len(ids)

    def _judged(
        self, there: Mapping[DueObject, Peek], definitions: Mapping[int, SchemaDefinition | PipelineError | None]
    ) -> Mapping[int, FileVerdict | PipelineError]:
        from dq.engine.source_file import SourceObject
        from dq.events.run_window import WindowChoice

        sources = []
        for one, peek in there.items():
            definition = definitions[one.object_id]
            if not isinstance(definition, PipelineError):
                window = WindowChoice((one.run_date, one.run_hour), "key")
                sources.append(SourceObject(one.object_id, peek, definition, window))
        return self.doors.judge(sources) if sources else {}

    def _preview(
        self,
        one: DueObject,
        definition: SchemaDefinition | PipelineError | None,
        references: ReferencesOfObjects,
        *,
        passed: bool,
    ) -> tuple[str, tuple[str, str, str]]:
        """Why an object would not be lifted, or the rows that there are, and that would enter and leave."""
        from pipelines.lake.lifting.preview import preview_object

        if self.lake.gate == "passed" and not passed:
            return "its verdict would not pass: it would be held, and its rows stay as they are", ("", "", "")
        try:
            found = preview_object(one, definition, references, self.lake)
        except HeldError as error:
            return str(error), ("", "", "")
        except PipelineError as error:
            return self._told(error), ("", "", "")
        return "", (f"{found.now:,}", f"{found.entering:,}", f"{found.leaving:,}")

    def _told(self, error: PipelineError) -> str:
        """Count an object of which nothing can be said, and say why."""
        if isinstance(error, RetryableError):
            self.waiting += 1
        else:
            self.unreadable += 1
        return str(error)

    def _as_they_were(self, ids: Sequence[int]) -> dict[DueObject, Peek]:
        """Those of the objects that are there as they were read."""
        due = self._due(ids)
        peeks = self.doors.objects.peek_all({one.object_id: (one.bucket, one.key, one.version_id) for one in due})
        kept: dict[DueObject, Peek] = {}
        for one in due:
            peek = peeks[one.object_id]
            if isinstance(peek, RetryableError):
                self.waiting += 1
                reason = str(peek)
            elif isinstance(peek, PipelineError):
                self.unreadable += 1
                reason = str(peek)
            elif one.etag is not None and peek.head.etag != one.etag:
                reason = "it was overwritten since; what is there now has its own announcement"
            else:
                kept[one] = peek
                continue
            log.warning("left as it is", object_id=one.object_id, bucket=one.bucket, key=one.key, reason=reason)
        return kept

    def _due(self, ids: Sequence[int]) -> tuple[DueObject, ...]:
        from dq import Wanted, due_objects

        return due_objects(self.doors.database, self.catalogue, Wanted(released=ids), len(ids))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pipeline-processing reprocess", description=__doc__)
    parser.add_argument("--agency", metavar="SLUG", type=plain_text, help="only this agency's objects")
    parser.add_argument("--file", metavar="NAME", type=plain_text, help="only objects of this file")
    parser.add_argument("--since", metavar="DAY", type=date.fromisoformat, help="only runs of this day (UTC) and later")
    parser.add_argument("--until", metavar="DAY", type=date.fromisoformat, help="only runs before this day (UTC)")
    parser.add_argument("--verdicts", action="store_true", help="write verdicts anew, and no rows unless --silver")
    parser.add_argument("--silver", action="store_true", help="write rows anew, and no verdicts unless --verdicts")
    parser.add_argument(
        "--dry-run", action="store_true", help="only show the old and the new score, and rows that would enter or leave"
    )
    return parser


JOB = (main, "judge and lift stored objects again by today's definitions")
