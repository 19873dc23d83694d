"""What lines of each flow say: a verdict, a load to silver, a step of an ETL flow, a run of a job, anything else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from operations.lineage.events.audit_line import as_uuid, number_of
from operations.lineage.events.places import Place, place_of
from operations.lineage.events.run_event import Assertion, Field, Input, Output, Parent, RunEvent
from operations.lineage.events.verdict_facts import VerdictFacts

if TYPE_CHECKING:
    from operations.lineage.events.audit_line import AuditLine

VERDICT: Final = "verdict"
LOAD: Final = "load"


@dataclass(frozen=True, slots=True)
class JudgedFacts:
    """Of a verdict: what is stored of the file, None where there is nothing (any more), and where verdicts are."""

    verdict: VerdictFacts | None
    table: Place


@dataclass(frozen=True, slots=True)
class LoadFacts:
    """Of a load to silver: its row of the ledger, and where the two tables lie.

    Attributes:
        table: its name.
        silver: where good rows went.
        quarantine: where the others went.
        rows_silver: how many those are.
        rows_quarantined: how many these are.
        version: of silver, None where no row was written there.
        quarantine_version: of the other.
        fields: columns of silver, None where they could not be read.
    """

    table: str
    silver: Place
    quarantine: Place
    rows_silver: int
    rows_quarantined: int
    version: int | None
    quarantine_version: int | None
    fields: tuple[Field, ...] | None = None


@dataclass(frozen=True, slots=True)
class FlowPlaces:
    """Of an ETL flow: what it reads and writes, as its file says.

    Attributes:
        sources: the tables its query names.
        read: the columns the query gives.
        target: the table that is loaded.
        loaded: the columns of that.
    """

    sources: tuple[Place, ...]
    read: tuple[Field, ...]
    target: Place
    loaded: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class StepFacts:
    """Of a step of an ETL flow.

    Attributes:
        flow: its name.
        places: of the flow, None where its file is not there.
        before: where the rows of the step before lie.
        rejected: rows that did not pass.
    """

    flow: str
    places: FlowPlaces | None
    before: Place | None
    rejected: int | None


Facts: TypeAlias = JudgedFacts | LoadFacts | StepFacts


def run_event(line: AuditLine, facts: Facts | None) -> RunEvent:
    """Make the event of a line.

    Args:
        line: of the account.
        facts: what is known beside it.
    """
    error = None if line.state == "COMPLETE" else line.message or line.status
    if line.is_of_run:
        read, written = _streamed(line)
        return RunEvent(line.id, line.job, line.state, line.began, line.at, None, read, written, error)
    match facts:
        case JudgedFacts():
            job, inputs, outputs = _judged(line, facts)
        case LoadFacts():
            job, inputs, outputs = _lifted(line, facts)
        case StepFacts():
            job, inputs, outputs = _stepped(line, facts)
        case None:
            job, inputs, outputs = _written(line)
    return RunEvent(
        number_of(line.id),
        job,
        line.state,
        line.began,
        line.at,
        Parent(as_uuid(line.run_id), line.job),
        inputs,
        outputs,
        error,
    )


_Told: TypeAlias = tuple[str, tuple[Input, ...], tuple[Output, ...]]


def _streamed(line: AuditLine) -> tuple[tuple[Input, ...], tuple[Output, ...]]:
    """The topics of a run over a stream, which has no steps: what it read, and where its records went."""
    read, written = (
        tuple(dict.fromkeys(place for one in texts if (place := place_of(one)) is not None and place.is_topic))
        for texts in (line.inputs, line.outputs)
    )
    rows = line.rows_in if len(read) == 1 else None
    return tuple(Input(place, rows=rows) for place in read), tuple(Output(place) for place in written)


def _judged(line: AuditLine, facts: JudgedFacts) -> _Told:
    place, found = place_of(line.subject or ""), facts.verdict
    if place is None:
        return VERDICT, (), ()
    version = line.named("version")
    if found is None:
        return VERDICT, (Input(place, version, rows=line.rows_in),), ()
    rows = line.rows_in if found.rows is None else found.rows
    judged = Input(place, version, found.fields, rows, found.size, found.columns, found.assertions)
    return f"{VERDICT}.{found.agency}.{found.file}", (judged,), (Output(facts.table, rows=1),)


def _lifted(line: AuditLine, facts: LoadFacts) -> _Told:
    place = place_of(line.subject or "")
    read = () if place is None else (Input(place, line.named("version"), rows=line.rows_in),)
    written = [Output(facts.silver, _text(facts.version), facts.fields, facts.rows_silver)]
    if facts.rows_quarantined:
        written.append(Output(facts.quarantine, _text(facts.quarantine_version), rows=facts.rows_quarantined))
    return f"silver.{facts.table}", read, () if line.rows_out is None else tuple(written)  # held, replaced, failed


def _stepped(line: AuditLine, facts: StepFacts) -> _Told:
    job, places = f"{line.job}.{facts.flow}.{line.step}", facts.places
    before = () if facts.before is None else (Input(facts.before, rows=line.rows_in),)
    written = place_of(line.outputs[0]) if line.outputs else None
    output = () if written is None else (Output(written, rows=line.rows_out),)
    if line.step == "extract" and places is not None:
        told = tuple(Output(one.place, fields=places.read, rows=one.rows) for one in output)
        return job, tuple(Input(one) for one in places.sources), told
    if line.step == "transform":
        fields = None if places is None else places.read
        asked = _rejected(line, facts.rejected)
        loaded = None if places is None else places.loaded
        return (
            job,
            tuple(Input(one.place, fields=fields, rows=one.rows, assertions=asked) for one in before),
            tuple(Output(one.place, fields=loaded, rows=one.rows) for one in output),
        )
    if line.step == LOAD and places is not None:
        done = (Output(places.target, fields=places.loaded, rows=line.rows_out),) if line.state == "COMPLETE" else ()
        return job, before, done
    return job, before, output


def _rejected(line: AuditLine, rejected: int | None) -> tuple[Assertion, ...] | None:
    if rejected is None or line.rows_in is None:
        return None
    said = f"{rejected} of {line.rows_in} rows"
    return (Assertion("rows_rejected", rejected == 0, None, "error", "0", str(rejected), said),)


def _written(line: AuditLine) -> _Told:
    """Of any other step: what it says it wrote, where that is an object or a path."""
    places = dict.fromkeys(place for one in line.outputs if (place := place_of(one)) is not None)
    rows = line.rows_out if len(places) == 1 else None
    return f"{line.job}.{line.step}", (), tuple(Output(place, rows=rows) for place in places)


def _text(version: int | None) -> str | None:
    return None if version is None else str(version)
