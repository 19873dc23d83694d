"""From the counted parts of one file to its summary, once they are all there and fit together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TypeAlias, TypeVar

from dq.checks.plan import plan_checks
from dq.engine.parts import FileTask, fault
from dq.engine.source_file import SourceObject
from dq.errors import UnreadableFileError
from dq.events.run_window import NoWindow, RunWindow, WindowChoice
from dq.formats.layout import NoHeaderError
from dq.formats.splits import NOWHERE, Split
from dq.profiling.profile.file_profile import FileProfile
from dq.profiling.profile.profile_state import StateKey, state_of
from dq.profiling.profile.state_codec import encode_state
from dq.profiling.summary.summarise import FileFacts, KeyFigures, summarise
from dq.profiling.summary.summary import FileSummary
from dq.profiling.tally.offences import Offence, first_offences, placed
from dq.schema.definition import SchemaDefinition
from dq.verdict.judge import judge
from dq.verdict.verdict import Verdict
from etl_core.errors import PipelineError, RetryableError
from etl_core.objects.store import ObjectHead
from etl_core.storable import JsonText, json_text


@dataclass(frozen=True, slots=True)
class Profiled:
    """A file's figures, and its mergeable state as bytes (empty when not asked for, or nothing could be read)."""

    summary: FileSummary
    state: bytes = b""


@dataclass(frozen=True, slots=True)
class FileVerdict:
    """A file's verdict, the rows it was made from, malformed ones included, and its state as in `Profiled`.

    `head` is the version that was read, `window` that of its run. `unreadable` is what the parser said of a file that
    could not be parsed at all.
    """

    head: ObjectHead
    window: RunWindow | NoWindow
    verdict: Verdict
    rows: int
    state: bytes = b""
    unreadable: str | None = None


@dataclass(frozen=True, slots=True)
class Misaligned:
    """The guessed starts of some parts were wrong: these are the right ones, as far as they are proven."""

    splits: tuple[Split, ...]


#: What is known of a file in the end.
Finished: TypeAlias = "Profiled | FileVerdict"

_Found = TypeVar("_Found")

#: How one file ended, as far as one round goes.
RoundResult: TypeAlias = "Finished | Misaligned | PipelineError"


@dataclass(frozen=True, slots=True)
class Span:
    """Where one part began and ended."""

    number: int
    began: int
    ended: int


@dataclass(frozen=True, slots=True)
class MergedKey:
    """The exact count of one key over the whole file."""

    rows: int
    repeated: int
    examples: tuple[Offence, ...] = ()

    def __add__(self, other: MergedKey) -> MergedKey:
        """Put ranges, or examples of parts, together."""
        return MergedKey(
            self.rows + other.rows,
            self.repeated + other.repeated,
            first_offences(self.examples, other.examples),
        )


def conclude(
    task: FileTask, profile: FileProfile, spans: Sequence[Span], keys: Sequence[MergedKey], reader: str
) -> RoundResult:
    """Summarise a file, or judge it where that is wanted, or say which parts must be read again from another place."""
    wrong = realigned(task.splits, spans)
    if wrong is not None:
        return Misaligned(wrong)
    starts = profile.line_starts(task.layout.first_line)
    settled = profile.settled(task.layout.first_line)
    figures = [KeyFigures(key.rows, key.repeated, placed(key.examples, starts)) for key in keys]
    layout = task.layout
    facts = FileFacts(
        layout.header, task.head.size, reader, layout.origin, layout.notes, layout.hints, layout.unresolved
    )
    summary = summarise(settled, task.recipe, task.definition, facts, figures)
    profiled = Profiled(summary, _state(task, settled, summary) if task.keep_state else b"")
    return verdict_on(profiled, task.definition, task.head, task.window) if task.judged else profiled


def verdict_on(
    profiled: Profiled, definition: SchemaDefinition | None, head: ObjectHead, choice: WindowChoice
) -> FileVerdict | PipelineError:
    """Judge a file by its figures; an odd one must not cost its neighbours their verdicts."""
    try:
        window = choice.window(head.last_modified)
        start = window.start if isinstance(window, RunWindow) else None
        verdict = judge(profiled.summary, replace(plan_checks(definition), run_start=start))
        written = replace(verdict, profile_payload=JsonText(json_text(verdict.profile_payload)))
    except Exception as error:  # noqa: BLE001 - whatever it is, it is this file's alone
        return fault(head.uri, error)
    summary = profiled.summary
    return FileVerdict(head, window, written, summary.rows_read, profiled.state, summary.unreadable)


def _state(task: FileTask, profile: FileProfile, summary: FileSummary) -> bytes:
    state = state_of(
        profile,
        task.recipe,
        task.definition,
        source=f"{task.head.uri} {task.head.version_id or task.head.etag}",
        size=task.head.size,
        keys=[StateKey(key.columns, key.full, key.repeated) for key in summary.keys if not key.missing],
    )
    return encode_state(state)


def realigned(splits: Sequence[Split], spans: Sequence[Span]) -> tuple[Split, ...] | None:
    """Give corrected splits when a part did not begin where the one before it ended; None when all fit.

    Up to the first wrong one all starts are proven, so its own is sure now; later ones are likely.
    """
    ordered = sorted(spans, key=lambda span: span.number)
    corrected = list(splits)
    wrong = False
    for before, after in pairwise(ordered):
        if before.ended != NOWHERE:
            if after.began == before.ended:
                continue
            split = corrected[after.number]
            corrected[after.number] = Split(split.number, before.ended, split.end, sure=not wrong, given=wrong)
        wrong = True
    return tuple(corrected) if wrong else None


def unreadable(task_bytes: int, error: UnreadableFileError, reader: str) -> Profiled:
    """Give the summary of a file that could not be parsed at all."""
    return Profiled(
        FileSummary(
            bytes=task_bytes,
            unreadable=str(error),
            no_header=isinstance(error, NoHeaderError),
            reader=reader,
        )
    )


def with_verdict(
    found: _Found, source: SourceObject, reader: str, *, judged: bool
) -> _Found | Finished | PipelineError:
    """Turn a file that cannot be parsed into figures, or a verdict, that say so."""
    if not isinstance(found, UnreadableFileError):
        return found
    head = source.peek.head
    profiled = unreadable(head.size, found, reader)
    return verdict_on(profiled, source.definition, head, source.window) if judged else profiled


def worst(errors: Sequence[PipelineError]) -> PipelineError:
    """Choose among the errors of one file's parts: what may pass comes first, then the gravest."""
    retryable = [error for error in errors if isinstance(error, RetryableError)]
    return min(retryable or errors, key=lambda error: (isinstance(error, UnreadableFileError), str(error)))
