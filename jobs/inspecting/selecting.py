"""Which rows a command line means: by their numbers, or by what they are."""

from __future__ import annotations

import argparse
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from etl_core.errors import UsageError
from jobs.console.arguments import duration, moment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dq.ledger.by_hand.selection import Selection
    from dq.ledger.inbox_item import State
    from etl_core.settings import Settings

#: What chooses rows, besides their numbers; `after` and `limit` only say how many.
_CHOOSING = ("key", "prefix", "glob", "bucket", "agency", "file", "state", "older_than", "since")


def add_selection(parser: argparse.ArgumentParser, states: Sequence[str]) -> None:
    """Give a command the options that choose rows; `states` are those that may be asked for."""
    keys = parser.add_mutually_exclusive_group()
    keys.add_argument("--key", help="objects of this key")
    keys.add_argument("--prefix", help="objects whose keys begin so")
    keys.add_argument("--glob", help="objects whose keys are like this: * is any text, slashes too, ? a character")
    parser.add_argument("--bucket", help="objects of this bucket")
    parser.add_argument("--agency", metavar="SLUG", help="objects of this agency, as KEY_LAYOUTS reads keys")
    parser.add_argument("--file", metavar="NAME", help="objects of this file, as KEY_LAYOUTS reads keys")
    parser.add_argument("--state", action="append", choices=states, help="objects in this state (repeatable)")
    parser.add_argument("--older-than", type=duration, metavar="SPAN", help="announced longer ago, such as 90s, 2h, 7d")
    parser.add_argument("--since", type=_since, metavar="TIME", help="announced since then (UTC), or within a span: 2h")
    parser.add_argument("--after", type=_number, default=0, metavar="NO", help="continue after this number")


def is_chosen(arguments: argparse.Namespace) -> bool:
    """Whether a command line chooses rows by what they are."""
    return any(getattr(arguments, name) is not None for name in _CHOOSING)


def selection_of(
    arguments: argparse.Namespace, states: Sequence[State], settings: Settings, now: datetime
) -> Selection:
    """What a command line chooses; `states` where it names none."""
    from dq.batch.settings import BatchSettings
    from dq.events.key_layout import KeyLayouts
    from dq.ledger.by_hand.selection import Selection

    since = arguments.since
    return Selection(
        key=arguments.key,
        prefix=arguments.prefix,
        glob=arguments.glob,
        bucket=arguments.bucket,
        agency_slug=arguments.agency,
        file_name=arguments.file,
        states=tuple(arguments.state or states),
        since=now - since if isinstance(since, timedelta) else since,
        until=None if arguments.older_than is None else now - arguments.older_than,
        after=arguments.after,
        layouts=KeyLayouts(settings[BatchSettings].key_layouts),
    )


def said(arguments: argparse.Namespace) -> str:
    """What a command line chooses, as it was written, near enough."""
    given = ((name, getattr(arguments, name)) for name in (*_CHOOSING, "after", "limit"))
    return " ".join(f"--{name.replace('_', '-')} {value}" for name, value in given if value)


def numbers(texts: Sequence[str]) -> tuple[list[int], list[int]]:
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


def at_most(text: str) -> int:
    """How many: a whole number from 1 on."""
    if not (text.isascii() and text.isdigit()) or not 0 < int(text[:19]) <= 10**9:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to a thousand million")
    return int(text)


def _number(text: str) -> int:
    return 0 if text == "0" else at_most(text)


def _since(text: str) -> datetime | timedelta:
    try:
        return duration(text)
    except argparse.ArgumentTypeError:
        return moment(text)
