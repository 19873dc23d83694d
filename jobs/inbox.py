"""Look at the ledger of announced objects, and have a hand in it.

Objects are named by their number, dead letters (announcements nobody could understand) by L and theirs: L3.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.table import Table

from etl_core.errors import UsageError
from jobs.console.terminal import cell, stdout
from jobs.running.exit_codes import ExitCode
from jobs.running.job_run import note

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Engine

    from dq.ledger.inspection import DeadLetter, InboxRow

_STATES = ("pending", "claimed", "done", "superseded", "gone", "ignored", "unconfigured", "bad_definition", "dead")
#: What `list` shows unless told otherwise: everything that has no verdict.
_WITHOUT_VERDICT = tuple(state for state in _STATES if state not in {"done", "superseded"})
_BODY_SHOWN = 200


def main(argv: list[str]) -> int:
    """Run `inbox list | show | retry | discard`."""
    arguments = _parser().parse_args(argv)
    from jobs.running.database import open_database
    from jobs.running.wiring import start

    program = start()
    note(step=arguments.step)
    with open_database(program.settings) as database:
        return ExitCode(arguments.action(database, arguments) or ExitCode.OK)


def _list(database: Engine, arguments: argparse.Namespace) -> None:
    from dq.ledger.inspection import inbox_status, list_dead_letters, list_rows
    from etl_core.postgres.clock import DatabaseClock

    states = _STATES if arguments.all else tuple(arguments.state or _WITHOUT_VERDICT)
    rows = list_rows(database, states=states, after_id=arguments.after, limit=arguments.limit)
    letters = list_dead_letters(database, limit=arguments.limit) if not arguments.state else ()
    if arguments.json:
        for line in [*map(_as_json, rows), *map(_as_json, letters)]:
            stdout().file.write(f"{line}\n")
        return
    status = inbox_status(database, DatabaseClock(database)())
    counts = ", ".join(f"{count} {state}" for state, count in status.states.items() if count) or "nothing yet"
    console = stdout()
    console.print(cell(f"inbox: {counts}; {status.dead_letters} dead letters"))
    if rows:
        console.print(_table_of_rows(rows))
    if letters:
        console.print(_table_of_letters(letters))
    if len(rows) == arguments.limit:
        console.print(cell(f"more with --after {rows[-1].id}"))


def _show(database: Engine, arguments: argparse.Namespace) -> None:
    from dq.ledger.inspection import list_dead_letters, show_row

    ids, letter_ids = _numbers([arguments.number])
    found: Any
    warnings: Sequence[str] = ()
    if ids:
        found = show_row(database, ids[0])
        warnings = _definition_warnings(database, found.monitoring_file_id)
    else:
        letters = list_dead_letters(database, closed=True, after_id=letter_ids[0] - 1, limit=1)
        if not letters or letters[0].id != letter_ids[0]:
            raise UsageError(f"there is no dead letter L{letter_ids[0]}; `inbox list` shows their numbers")
        found = letters[0]
    if arguments.json:
        stdout().file.write(f"{json.dumps({**asdict(found), 'definition_warnings': warnings}, default=str)}\n")
        return
    fields = asdict(found)
    table = Table(show_header=False)
    for name, value in {**fields.pop("event", {}), **fields}.items():
        table.add_row(name, cell("" if value is None else value))
    if warnings:
        table.add_row("definition_warnings", cell("\n".join(warnings)))
    stdout().print(table)


def _definition_warnings(database: Engine, file_id: str | None) -> tuple[str, ...]:
    """What in the definition of a file, as it stands now, has no effect; nothing where it cannot be looked up."""
    from dq.definitions import definition_or_none
    from dq.errors import DefinitionError
    from dq.reporting.catalogue.catalogue import read_catalogue
    from dq.reporting.reporting import ReportingStore
    from etl_core.errors import CatalogueError

    if file_id is None:
        return ()
    try:
        reporting = ReportingStore(read_catalogue(database))
        with database.connect() as connection:
            definition = definition_or_none(reporting.definition_of(connection, file_id))
    except CatalogueError:  # the ledger is shown whatever the tables of the verdicts look like
        return ()
    except DefinitionError as error:
        return error.problems
    return definition.warnings if definition else ()


def _retry(database: Engine, arguments: argparse.Namespace) -> ExitCode:
    from dq.ledger.inspection import retry_dead_letters, retry_rows
    from etl_core.postgres.clock import DatabaseClock

    ids, letter_ids = _numbers(arguments.numbers)
    if not (ids or letter_ids or arguments.state):
        raise UsageError("retry needs numbers, or --state STATE for all objects in that state")
    _require(database, ids, letter_ids)
    moment = DatabaseClock(database)()
    objects = retry_rows(database, moment, ids=ids) if ids else 0
    if arguments.state:
        objects += retry_rows(database, moment, states=arguments.state)
    understood = retry_dead_letters(database, moment, ids=letter_ids) if letter_ids else None
    text = f"{objects} objects are due again"
    if understood is not None:
        text += f"; dead letters gave {understood.new} new objects"
    in_work = ids and not objects
    if in_work:
        text += "; another process is working on what was named"
    note(inputs=arguments.numbers, message=text)
    stdout().print(cell(text))
    return ExitCode.TRY_AGAIN if in_work else ExitCode.OK


def _discard(database: Engine, arguments: argparse.Namespace) -> None:
    from dq.ledger.inspection import discard_dead_letters, discard_rows
    from etl_core.postgres.clock import DatabaseClock

    ids, letter_ids = _numbers(arguments.numbers)
    _require(database, ids, letter_ids)
    moment = DatabaseClock(database)()
    objects = discard_rows(database, moment, ids=ids, reason=arguments.reason) if ids else 0
    letters = discard_dead_letters(database, moment, ids=letter_ids) if letter_ids else 0
    if not (objects or letters):
        raise UsageError("nothing was discarded: what has its verdict stays, and so does what is being worked on")
    text = f"discarded {objects} objects and {letters} dead letters"
    note(inputs=arguments.numbers, message=f"{text}: {arguments.reason}")
    stdout().print(cell(text))


def _require(database: Engine, ids: Sequence[int], letter_ids: Sequence[int]) -> None:
    from dq.ledger.inspection import unknown_numbers

    if unknown := unknown_numbers(database, ids, letter_ids):
        raise UsageError(
            f"the inbox has no open {', '.join(unknown)}; `inbox list --all` shows the numbers; nothing was changed"
        )


def _numbers(texts: Sequence[str]) -> tuple[list[int], list[int]]:
    """Numbers of objects and of dead letters."""
    ids, letters, wrong = [], [], []
    for text in texts:
        digits = text.removeprefix("L").removeprefix("l")
        if not (digits.isascii() and digits.isdigit()) or len(digits) > len(str(2**62)):
            wrong.append(text)
        elif digits == text:
            ids.append(int(digits))
        else:
            letters.append(int(digits))
    if wrong:
        raise UsageError(f"{', '.join(map(repr, wrong))}: expected numbers such as 17, or L3 for a dead letter")
    return ids, letters


def _table_of_rows(rows: Sequence[InboxRow]) -> Table:
    table = Table("no", "state", "tries", "object", "reason", header_style="bold")
    for row in rows:
        name = f"s3://{row.event.bucket}/{row.event.key}"
        table.add_row(str(row.id), row.state, str(row.attempts), cell(name), cell(row.reason or ""))
    return table


def _table_of_letters(letters: Sequence[DeadLetter]) -> Table:
    table = Table("no", "received", "from", "reason", "text", header_style="bold")
    for letter in letters:
        body = letter.body if len(letter.body) <= _BODY_SHOWN else f"{letter.body[:_BODY_SHOWN]}..."
        table.add_row(
            f"L{letter.id}",
            f"{letter.received_at:%Y-%m-%d %H:%M}",
            cell(letter.source),
            cell(letter.reason),
            cell(body),
        )
    return table


def _as_json(found: InboxRow | DeadLetter) -> str:
    return json.dumps(asdict(found), default=str)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pipeline-processing inbox", description=__doc__)
    actions = parser.add_subparsers(required=True, metavar="list | show | retry | discard")

    listing = actions.add_parser("list", help="objects without a verdict, and dead letters, with the reasons")
    listing.add_argument("--state", action="append", choices=_STATES, help="only objects in this state (repeatable)")
    listing.add_argument("--all", action="store_true", help="objects that have their verdict, too")
    listing.add_argument("--after", type=int, default=0, metavar="NO", help="continue after this number")
    listing.add_argument("--limit", type=int, default=100, metavar="N", help="most lines (default: 100)")
    listing.add_argument("--json", action="store_true", help="JSON lines instead of tables")
    listing.set_defaults(action=_list, step="list")

    showing = actions.add_parser("show", help="everything about one object or dead letter")
    showing.add_argument("number", metavar="NO")
    showing.add_argument("--json", action="store_true", help="JSON instead of a table")
    showing.set_defaults(action=_show, step="show")

    retrying = actions.add_parser("retry", help="make objects due again, as if never tried; read dead letters again")
    retrying.add_argument("numbers", nargs="*", metavar="NO")
    retrying.add_argument("--state", action="append", choices=_STATES[2:], help="all objects in this state")
    retrying.set_defaults(action=_retry, step="retry")

    discarding = actions.add_parser("discard", help="close objects or dead letters that need nothing")
    discarding.add_argument("numbers", nargs="+", metavar="NO")
    discarding.add_argument("--reason", required=True, help="kept in the ledger")
    discarding.set_defaults(action=_discard, step="discard")
    return parser


JOB = (main, "list, show, retry or discard announced objects and dead letters")
