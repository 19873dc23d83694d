"""Rows and dead letters as tables for people, and as JSON lines for programs."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from rich.table import Table

from jobs.console.terminal import cell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dq.ledger.by_hand.dead_letters import DeadLetter
    from dq.ledger.inspection import InboxRow

_BODY_SHOWN = 200


def table_of_rows(rows: Sequence[InboxRow]) -> Table:
    """A line a row."""
    table = Table("no", "state", "tries", "object", "reason", header_style="bold")
    for row in rows:
        name = f"s3://{row.event.bucket}/{row.event.key}"
        table.add_row(str(row.id), row.state, str(row.attempts), cell(name), cell(row.reason or ""))
    return table


def table_of_letters(letters: Sequence[DeadLetter]) -> Table:
    """A line a letter, with the beginning of its text."""
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


def table_of_one(found: InboxRow | DeadLetter, warnings: Sequence[str]) -> Table:
    """All that is known of one, a line each."""
    fields = asdict(found)
    table = Table(show_header=False)
    for name, value in {**fields.pop("event", {}), **fields}.items():
        table.add_row(name, cell("" if value is None else value))
    if warnings:
        table.add_row("definition_warnings", cell("\n".join(warnings)))
    return table


def as_json(found: InboxRow | DeadLetter, **more: object) -> str:
    """One line."""
    return json.dumps({**asdict(found), **more}, default=str)
