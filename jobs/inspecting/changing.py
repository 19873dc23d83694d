"""`inbox retry` and `inbox discard`: how many first, then those, and never what is being worked on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from etl_core.errors import UsageError
from etl_core.number_set import NumberSet
from jobs.console.terminal import cell, stdout
from jobs.inspecting.selecting import is_chosen, numbers, said, selection_of
from jobs.running.exit_codes import ExitCode
from jobs.running.job_run import current_account, note

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from sqlalchemy.engine import Engine

    from dq.ledger.inbox_item import State
    from etl_core.settings import Settings


def retry(database: Engine, settings: Settings, arguments: argparse.Namespace) -> ExitCode:
    """Make objects due again, and read dead letters again."""
    from dq.ledger.by_hand.changes import RETRIED, retry_rows
    from dq.ledger.by_hand.dead_letters import retry_dead_letters
    from dq.ledger.inbox_item import FAILURE_STATES
    from etl_core.postgres.clock import DatabaseClock

    if is_chosen(arguments):
        return _retry_selection(database, settings, arguments, FAILURE_STATES)
    ids, letter_ids = _named(database, arguments, "retry")
    if arguments.dry_run:
        return _tell(arguments, f"{len(ids)} objects and {len(letter_ids)} dead letters are named; nothing was changed")
    moment = DatabaseClock(database)()
    objects = retry_rows(database, moment, ids=ids, states=RETRIED, account=current_account())
    understood = retry_dead_letters(database, moment, ids=letter_ids) if letter_ids else None
    text = f"{objects} objects are due again"
    if understood is not None:
        text += f"; dead letters gave {understood.new} new objects"
    in_work = ids and not objects
    if in_work:
        text += "; another process is working on what was named"
    _tell(arguments, text)
    return ExitCode.TRY_AGAIN if in_work else ExitCode.OK


def discard(database: Engine, settings: Settings, arguments: argparse.Namespace) -> ExitCode:
    """Close objects and dead letters that need nothing."""
    from dq.ledger.by_hand.changes import discard_rows
    from dq.ledger.by_hand.dead_letters import discard_dead_letters
    from dq.ledger.inbox_item import FAILURE_STATES
    from etl_core.postgres.clock import DatabaseClock

    if not arguments.reason.strip():
        raise UsageError("--reason is empty; say why, which is kept in the ledger")
    moment = DatabaseClock(database)()
    if is_chosen(arguments):
        # What is ignored has been closed, and keeps its reason.
        states: Sequence[State] = [state for state in FAILURE_STATES if state != "ignored"]
        chosen, states = _chosen(database, settings, arguments, states)
        if arguments.dry_run:
            return _tell(arguments, f"{len(chosen)} objects would be discarded; nothing was changed")
        _announce(len(chosen), "discarding")
        done = discard_rows(
            database, moment, ids=chosen, reason=arguments.reason, states=states, account=current_account()
        )
        return _tell(arguments, f"discarded {done} objects{_rest(chosen, done)}: {arguments.reason}")
    ids, letter_ids = _named(database, arguments, "discard")
    if arguments.dry_run:
        return _tell(arguments, f"{len(ids)} objects and {len(letter_ids)} dead letters are named; nothing was changed")
    objects = discard_rows(database, moment, ids=ids, reason=arguments.reason, account=current_account())
    letters = discard_dead_letters(database, moment, ids=letter_ids) if letter_ids else 0
    if not (objects or letters):
        raise UsageError("nothing was discarded: what has its verdict stays, and so does what is being worked on")
    return _tell(arguments, f"discarded {objects} objects and {letters} dead letters: {arguments.reason}")


def _retry_selection(
    database: Engine, settings: Settings, arguments: argparse.Namespace, states: Sequence[State]
) -> ExitCode:
    from dq.ledger.by_hand.changes import retry_rows
    from etl_core.postgres.clock import DatabaseClock

    chosen, states = _chosen(database, settings, arguments, states)
    if arguments.dry_run:
        return _tell(arguments, f"{len(chosen)} objects would be due again; nothing was changed")
    _announce(len(chosen), "making due again")
    done = retry_rows(database, DatabaseClock(database)(), ids=chosen, states=states, account=current_account())
    return _tell(arguments, f"{done} objects are due again{_rest(chosen, done)}")


def _chosen(
    database: Engine, settings: Settings, arguments: argparse.Namespace, states: Sequence[State]
) -> tuple[NumberSet, Sequence[State]]:
    """The rows that are meant, and the states they must still be in when they are changed."""
    from dq.ledger.by_hand.selection import select_numbers
    from etl_core.postgres.clock import DatabaseClock

    if arguments.numbers:
        raise UsageError("name numbers, or choose objects by what they are; both at once may mean two things")
    note(subject=said(arguments))
    selection = selection_of(arguments, states, settings, DatabaseClock(database)())
    return select_numbers(database, selection, arguments.limit), selection.states


def _named(database: Engine, arguments: argparse.Namespace, what: str) -> tuple[list[int], list[int]]:
    """The numbers that were named, each of which there is."""
    from dq.ledger.by_hand.selection import unknown_numbers

    ids, letter_ids = numbers(arguments.numbers)
    if not (ids or letter_ids):
        raise UsageError(f"{what} needs numbers, or what the objects are, such as --state dead or --prefix agency/a/")
    if unknown := unknown_numbers(database, ids, letter_ids):
        raise UsageError(
            f"the inbox has no open {', '.join(unknown)}; `inbox list --all` shows the numbers; nothing was changed"
        )
    return ids, letter_ids


def _announce(count: int, doing: str) -> None:
    stdout().print(cell(f"{count} objects are meant; {doing}"))


def _rest(chosen: NumberSet, done: int) -> str:
    left = len(chosen) - done
    return f" ({left} have changed since, or are being worked on)" if left else ""


def _tell(arguments: argparse.Namespace, text: str) -> ExitCode:
    note(inputs=arguments.numbers, message=text)
    stdout().print(cell(text))
    return ExitCode.OK
