"""Which rows of the ledger somebody means: by key, bucket, agency, file, state and age."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, and_, func, literal, select, true

from dq.events.key_layout import FileIdentity, KeyLayouts
from dq.ledger.inspection import InboxRow, shown
from dq.ledger.tables import announcement_dead_letter, object_inbox
from etl_core.number_set import NumberSet

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.engine import Engine

    from dq.ledger.inbox_item import State

_C = object_inbox.c
_L = announcement_dead_letter.c
#: The order of `object_inbox_key`, in which beginnings of keys are found.
_KEY = _C.key.collate("C")
_FETCHED = 1000
_ESCAPE = "!"


@dataclass(frozen=True, slots=True)
class Selection:
    """Rows that fit all that is given.

    `key` is a whole one, `prefix` how it begins; in `glob` an asterisk stands for any text, slashes included, and a
    question mark for one character. `agency_slug` and `file_name` are what `layouts` read in keys. `since` and `until`
    are aware: rows that came to the ledger from then on, or before then. `after` is a number that theirs are above.
    """

    key: str | None = None
    prefix: str | None = None
    glob: str | None = None
    bucket: str | None = None
    agency_slug: str | None = None
    file_name: str | None = None
    states: Sequence[State] = ()
    since: datetime | None = None
    until: datetime | None = None
    after: int = 0
    layouts: KeyLayouts | None = None


def select_rows(engine: Engine, selection: Selection, limit: int) -> tuple[InboxRow, ...]:
    """The first rows of a selection, by their numbers."""
    query = select(object_inbox).where(_condition(selection)).order_by(_C.id)
    fits = _fits(selection)
    if fits is None:
        query = query.limit(limit)
    with engine.connect().execution_options(yield_per=_FETCHED) as connection:
        rows = connection.execute(query).mappings()
        return tuple(shown(row) for row in islice((row for row in rows if fits is None or fits(row["key"])), limit))


def select_numbers(engine: Engine, selection: Selection, limit: int | None = None) -> NumberSet:
    """The numbers of a selection, or its first ones; there may be any number of them."""
    query = select(_C.id, _C.key).where(_condition(selection)).order_by(_C.id)
    fits = _fits(selection)
    if fits is None and limit is not None:
        query = query.limit(limit)
    with engine.connect().execution_options(yield_per=_FETCHED) as connection:
        rows: Iterator[Any] = iter(connection.execute(query))
        return NumberSet(islice((row.id for row in rows if fits is None or fits(row.key)), limit))


def unknown_numbers(engine: Engine, ids: Sequence[int], letter_ids: Sequence[int]) -> tuple[str, ...]:
    """The numbers of no row, and of no dead letter that is open, as people write them: `17`, `L3`."""
    with engine.connect() as connection:
        rows = set(connection.scalars(select(_C.id).where(_C.id.in_(ids))))
        letters = set(connection.scalars(select(_L.id).where(_L.id.in_(letter_ids), _L.closed_as.is_(None))))
    return (
        *(str(number) for number in ids if number not in rows),
        *(f"L{number}" for number in letter_ids if number not in letters),
    )


def _condition(selection: Selection) -> ColumnElement[bool]:
    one = selection
    wanted = (
        None if one.bucket is None else _C.bucket == one.bucket,
        None if one.key is None else literal(one.key) == _KEY,
        None if one.prefix is None else _KEY.startswith(one.prefix, autoescape=True),
        None if one.glob is None else _KEY.like(_pattern(one.glob), escape=_ESCAPE),
        None if one.agency_slug is None else func.strpos(_C.key, one.agency_slug) > 0,
        None if one.file_name is None else func.strpos(_C.key, one.file_name) > 0,
        _C.state.in_(one.states) if one.states else None,
        None if one.since is None else _C.received_at >= one.since,
        None if one.until is None else _C.received_at < one.until,
        _C.id > one.after,
    )
    return and_(true(), *(condition for condition in wanted if condition is not None))


def _fits(selection: Selection) -> Callable[[str], bool] | None:
    """Whether a key is of the agency and file, which no statement can tell; None where neither was given."""
    agency_slug, file_name = selection.agency_slug, selection.file_name
    if agency_slug is None and file_name is None:
        return None
    layouts = selection.layouts or KeyLayouts()

    def fits(key: str) -> bool:
        found = layouts.identify(key)
        if not isinstance(found, FileIdentity):
            return False
        return agency_slug in {None, found.agency_slug} and file_name in {None, found.file_name}

    return fits


def _pattern(glob: str) -> str:
    """The pattern of `LIKE` for a glob."""
    meanings = {"*": "%", "?": "_", **{letter: _ESCAPE + letter for letter in ("%", "_", _ESCAPE)}}
    return "".join(meanings.get(letter, letter) for letter in glob)
