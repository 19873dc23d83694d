"""`inbox list` and `inbox show`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from etl_core.errors import UsageError
from jobs.console.terminal import cell, stdout
from jobs.inspecting.selecting import is_chosen, numbers, selection_of
from jobs.inspecting.tables import as_json, table_of_letters, table_of_one, table_of_rows

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from sqlalchemy.engine import Engine

    from dq.ledger.by_hand.dead_letters import DeadLetter
    from dq.ledger.inbox_item import State
    from dq.ledger.inspection import InboxRow
    from etl_core.settings import Settings

#: Versions of one key that are shown.
_MOST_OF_KEY = 100


def list_them(database: Engine, settings: Settings, arguments: argparse.Namespace) -> None:
    """Rows in pages, and the dead letters unless somebody asked for certain rows."""
    from dq.ledger.by_hand.dead_letters import list_dead_letters
    from dq.ledger.by_hand.selection import select_rows
    from dq.ledger.claims.resting import rests
    from dq.ledger.inspection import inbox_status
    from etl_core.postgres.clock import DatabaseClock

    now = DatabaseClock(database)()
    rows = select_rows(database, selection_of(arguments, _states(arguments), settings, now), arguments.limit)
    letters = () if is_chosen(arguments) else list_dead_letters(database, limit=arguments.limit)
    if arguments.json:
        for line in [*map(as_json, rows), *map(as_json, letters)]:
            stdout().file.write(f"{line}\n")
        return
    status = inbox_status(database, now)
    counts = ", ".join(f"{count} {state}" for state, count in status.states.items() if count) or "nothing yet"
    console = stdout()
    console.print(cell(f"inbox: {counts}; {status.dead_letters} dead letters"))
    for one in rests(database):
        if one.until <= now:
            continue
        console.print(cell(f"bucket {one.bucket} rests until {one.until:%H:%M:%S} UTC: {one.reason}"))
    if rows:
        console.print(table_of_rows(rows))
    if letters:
        console.print(table_of_letters(letters))
    if len(rows) == arguments.limit:
        console.print(cell(f"more with --after {rows[-1].id}"))


def _states(arguments: argparse.Namespace) -> Sequence[State]:
    """All of them where somebody asks for keys, else those without a verdict."""
    from dq.ledger.inbox_item import FAILURE_STATES, OPEN_STATES

    named = any(text is not None for text in (arguments.key, arguments.prefix, arguments.glob))
    return () if arguments.all or named else (*OPEN_STATES, *FAILURE_STATES)


def show_it(database: Engine, settings: Settings, arguments: argparse.Namespace) -> None:
    """Everything about one object or dead letter, or about all versions of a key."""
    console = stdout()
    for found in _found(database, settings, arguments):
        file_id = getattr(found, "monitoring_file_id", None)
        warnings = _definition_warnings(database, file_id)
        if arguments.json:
            console.file.write(f"{as_json(found, definition_warnings=warnings)}\n")
        else:
            console.print(table_of_one(found, warnings))


def _found(database: Engine, settings: Settings, arguments: argparse.Namespace) -> Sequence[InboxRow | DeadLetter]:
    from dq.ledger.by_hand.dead_letters import list_dead_letters
    from dq.ledger.by_hand.selection import Selection, select_rows
    from dq.ledger.inspection import show_row

    del settings
    if (arguments.number is None) == (arguments.key is None):
        raise UsageError("show needs a number, or --key KEY for all that is known of that key")
    if arguments.key is not None:
        rows = select_rows(database, Selection(key=arguments.key, bucket=arguments.bucket), _MOST_OF_KEY)
        if not rows:
            raise UsageError(
                f"the inbox has no object of the key {arguments.key!r}; `inbox list --glob` finds similar ones"
            )
        return rows
    ids, letter_ids = numbers([arguments.number])
    if ids:
        return [show_row(database, ids[0])]
    letters = list_dead_letters(database, closed=True, after_id=letter_ids[0] - 1, limit=1)
    if not letters or letters[0].id != letter_ids[0]:
        raise UsageError(f"there is no dead letter L{letter_ids[0]}; `inbox list` shows their numbers")
    return letters


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
