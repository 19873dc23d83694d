"""Look at the ledger of announced objects, and have a hand in it.

Objects are named by their number, dead letters (announcements nobody could understand) by L and theirs: L3. Or they are
chosen by what they are: by key, bucket, agency, file, state and age, all of which have to fit.
"""

from __future__ import annotations

import argparse

from jobs.inspecting.changing import discard, retry
from jobs.inspecting.selecting import add_selection, at_most
from jobs.inspecting.showing import list_them, show_it
from jobs.running.exit_codes import ExitCode
from jobs.running.job_run import note

_STATES = ("pending", "claimed", "done", "superseded", "gone", "ignored", "unconfigured", "bad_definition", "dead")
#: What can be made due again in numbers, and what can be closed.
_ENDED = _STATES[2:]
_DISCARDABLE = ("pending", *_STATES[4:])


def main(argv: list[str]) -> int:
    """Run `inbox list | show | retry | discard`."""
    arguments = _parser().parse_args(argv)
    from jobs.running.database import open_database
    from jobs.running.wiring import start

    program = start()
    note(step=arguments.step)
    with open_database(program.settings) as database:
        return ExitCode(arguments.action(database, program.settings, arguments) or ExitCode.OK)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pipeline-processing inbox", description=__doc__)
    actions = parser.add_subparsers(required=True, metavar="list | show | retry | discard")

    listing = actions.add_parser("list", help="objects without a verdict, and dead letters, with the reasons")
    add_selection(listing, _STATES)
    listing.add_argument("--all", action="store_true", help="also objects with a verdict, as where keys are asked for")
    listing.add_argument("--limit", type=at_most, default=100, metavar="N", help="most lines (default: 100)")
    listing.add_argument("--json", action="store_true", help="JSON lines instead of tables")
    listing.set_defaults(action=list_them, step="list")

    showing = actions.add_parser("show", help="everything about one object or dead letter, or about a key")
    showing.add_argument("number", nargs="?", metavar="NO")
    showing.add_argument("--key", help="all versions of this key in place of a number")
    showing.add_argument("--bucket", help="with --key: of this bucket")
    showing.add_argument("--json", action="store_true", help="JSON instead of a table")
    showing.set_defaults(action=show_it, step="show")

    retrying = actions.add_parser("retry", help="make objects due again, as if never tried; read dead letters again")
    _add_changing(retrying, _ENDED, "made due again; chosen without --state: those without a verdict")
    retrying.set_defaults(action=retry, step="retry")

    discarding = actions.add_parser("discard", help="close objects or dead letters that need nothing")
    _add_changing(discarding, _DISCARDABLE, "closed; chosen without --state: those that ended without a verdict")
    discarding.add_argument("--reason", required=True, help="kept in the ledger")
    discarding.set_defaults(action=discard, step="discard")
    return parser


def _add_changing(parser: argparse.ArgumentParser, states: tuple[str, ...], what: str) -> None:
    parser.add_argument("numbers", nargs="*", metavar="NO", help=f"what is {what}")
    add_selection(parser, states)
    parser.add_argument("--limit", type=at_most, metavar="N", help="at most so many of those that are chosen")
    parser.add_argument("--dry-run", action="store_true", help="only say how many")


JOB = (main, "list, show, retry or discard announced objects and dead letters")
