"""Send dead letters of a flow back to the topic they came from, each at most once.

Without more only those are sent that would pass by now: the definition was mended, or --set repairs them. A record that
was tried MAX_ATTEMPTS times stays a dead letter.
"""

from __future__ import annotations

import argparse
import json
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from rich.table import Table

from dq.ledger.settings import LedgerSettings
from jobs.console.terminal import cell, stdout
from jobs.running.exit_codes import ExitCode
from jobs.running.job_run import note

if TYPE_CHECKING:
    from jobs.running.wiring import Program

_COLUMNS = ("read", "sent", "before", "exhausted", "failing", "unreadable")


def main(argv: list[str], program: Program | None = None) -> int:
    """Replay letters; exit 1 where a record has had its last attempt."""
    arguments = _parser().parse_args(argv)
    from etl_core.postgres.clock import DatabaseClock
    from jobs.records.doors import kafka_access, open_accounts, open_flow, require_client, topic_address
    from jobs.running.wiring import start
    from pipelines.records.kafka.topics import Topics
    from pipelines.records.replay import Replay, Wanted

    require_client()
    program = program or start()
    flow, access = open_flow(arguments.flow), kafka_access(program.settings)
    note(
        step="dry run" if arguments.dry_run else "replay",
        subject=f"flow {flow.name}",
        inputs=(topic_address(program.settings, flow.dead_letters),),
        outputs=(topic_address(program.settings, flow.source.topic),),
    )
    wanted = Wanted(arguments.since, arguments.rule, arguments.limit, arguments.failing, dict(arguments.set))
    with open_accounts(program.settings) as database:
        replay = Replay(
            database,
            access,
            Topics(access),
            flow,
            max_attempts=program.settings[LedgerSettings].max_attempts,
            clock=DatabaseClock(database),
        )
        counts = replay.run(wanted, dry_run=arguments.dry_run)
    figures = {name: getattr(counts, name) for name in _COLUMNS}
    note(message=", ".join(f"{count} {name}" for name, count in figures.items()))
    table = Table("letters", *_COLUMNS[1:], header_style="bold")
    table.add_row(*map(cell, figures.values()))
    stdout().print(table)
    return ExitCode.FAILED if counts.exhausted else ExitCode.OK


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no moment such as 2026-01-31T12:00:00Z") from None
    return found if found.tzinfo is not None else found.replace(tzinfo=timezone.utc)


def _assignment(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(f"{text!r} is no FIELD=VALUE")
    try:
        return name, json.loads(value, parse_constant=_no_json)
    except ValueError:
        return name, value


def _no_json(word: str) -> None:
    raise ValueError(word)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 on")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pipeline-processing replay_dead_letters", description=__doc__)
    parser.add_argument("flow", metavar="FLOW", help="a flow that comes with the program, or the path of a YAML file")
    parser.add_argument(
        "--since", metavar="MOMENT", type=_moment, help="only letters written since then (ISO 8601, UTC)"
    )
    parser.add_argument("--rule", metavar="RULE", help="only letters of records that break this rule first")
    parser.add_argument("--limit", metavar="N", type=_count, help="send so many at most")
    parser.add_argument(
        "--set", metavar="FIELD=VALUE", type=_assignment, action="append", default=[],
        help="give a field of the records this value (JSON, or else a text) before they are checked",
    )  # fmt: skip
    parser.add_argument("--failing", action="store_true", help="also send those that would fail again")
    parser.add_argument("--dry-run", action="store_true", help="only count what would be sent")
    return parser


JOB = (main, "send dead letters of records back to their topic")
