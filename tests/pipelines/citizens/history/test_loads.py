"""What loads do to a history, case by case: where other tools lose rows, or make too many."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update

from pipelines.citizens.history.chain import Handover, Load, chain_of, handover
from pipelines.citizens.history.dataset import Column
from pipelines.citizens.history.errors import BrokenHistoryError, NoSuchLoadError
from pipelines.citizens.history.loads import NewLoad, bring_in, take_back
from pipelines.citizens.history.row_hashes import with_hashes
from pipelines.citizens.history.statements.intervals import touch
from pipelines.citizens.history.statements.invariants import violations
from pipelines.citizens.history.tables import history_tables, version_table
from pipelines.citizens.history.work import loads_of, open_work
from tests.pipelines.citizens.history.histories import KEPT, NOW, THINGS, Play, table_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.engine import Engine

    from tests.pipelines.citizens.history.oracle import Key, Values

ONE, TWO = ("a", "1"), ("b", "1")
A, B, C = ("A", None), ("B", None), ("C", date(2000, 1, 1))


@pytest.fixture
def play(warehouse: Engine) -> Play:
    return Play(warehouse, THINGS)


def values_by_month(play: Play) -> list[tuple[str, int, int]]:
    """Name, month of the beginning, month of the end (0: open) of each row."""
    return [(row.values[0], row.valid_from.month, row.valid_to.month if row.closed_by else 0) for row in play.core()]


def test_a_month_that_comes_late_takes_its_place_between_the_others(play: Play) -> None:
    play.load(0, 0, {ONE: A})
    play.load(2, 1, {ONE: C})
    play.load(1, 2, {ONE: B})
    assert values_by_month(play) == [("A", 1, 2), ("B", 2, 3), ("C", 3, 0)]
    assert play.core() == play.oracle.core()


def test_there_and_back_again_is_three_rows_and_an_unchanged_month_none(play: Play) -> None:
    for month, values in enumerate([A, A, B, B, A]):
        play.load(month, month, {ONE: values})
    assert values_by_month(play) == [("A", 1, 3), ("B", 3, 5), ("A", 5, 0)]


def test_what_is_gone_ends_and_what_comes_back_begins_anew(play: Play) -> None:
    play.load(0, 0, {ONE: A, TWO: B})
    report = play.load(1, 1, {TWO: B})
    assert (report.rows, report.new, report.changed, report.unchanged, report.gone) == (1, 0, 0, 1, 1)
    report = play.load(2, 2, {ONE: A, TWO: C})
    assert (report.rows, report.new, report.changed, report.unchanged, report.gone) == (2, 1, 1, 0, 0)
    assert values_by_month(play) == [("A", 1, 2), ("A", 3, 0), ("B", 1, 3), ("C", 3, 0)]


def test_where_deletes_are_ignored_what_is_gone_goes_on(warehouse: Engine) -> None:
    play = Play(warehouse, KEPT)
    play.load(0, 0, {("a",): A})
    play.load(1, 1, {})
    play.load(2, 2, {("a",): A})
    assert values_by_month(play) == [("A", 1, 0)]


def test_nothing_and_the_empty_text_are_two_values(play: Play) -> None:
    play.load(0, 0, {ONE: ("", None)})
    play.load(1, 1, {ONE: (None, None)})
    assert [row.values[0] for row in play.core()] == ["", None]


def test_of_a_month_that_landed_twice_the_later_landing_counts_as_a_whole(play: Play) -> None:
    play.load(0, 1, {ONE: B})
    play.load(0, 0, {ONE: A, TWO: A})
    assert [(row.key, row.values) for row in play.core()] == [(ONE, B)]
    play.load(0, 2, {TWO: C})
    assert [(row.key, row.values) for row in play.core()] == [(TWO, C)]
    play.turn(2)
    assert [(row.key, row.values) for row in play.core()] == [(ONE, B)]


def test_the_same_month_again_with_the_same_rows_is_what_rows_name_from_then_on(play: Play) -> None:
    first = play.load(0, 0, {ONE: A})
    again = play.load(0, 1, {ONE: A})
    assert [row.version_id for row in play.core()] == [again.version_id]
    play.turn(1)
    assert [row.version_id for row in play.core()] == [first.version_id]


def test_a_load_taken_back_and_brought_back_leaves_every_row_as_it_was_with_its_number(play: Play) -> None:
    months: list[Mapping[Key, Values]] = [{ONE: A, TWO: A}, {ONE: B}, {ONE: B, TWO: C}, {ONE: C}]
    for month, rows in enumerate(months):
        play.load(month, month, rows)
    before = play.numbered()
    for which in (1, 3, 0):
        play.turn(which)
    assert play.core() == play.oracle.core()
    for which in (0, 1, 3):
        play.turn(which)
    assert play.numbered() == before


def test_a_word_that_goes_over_to_the_next_load_keeps_all_other_rows(play: Play) -> None:
    """Of one key the next load says something itself, one only goes over, the others are not touched."""
    others: dict[Key, Values] = {("other", str(number)): A for number in range(8)}
    play.load(0, 0, {**others, ONE: A})
    play.load(1, 1, {**others, ONE: B, TWO: A})
    play.load(2, 2, {**others, ONE: C, TWO: A})
    play.load(3, 3, {**others, ONE: C})
    before = play.numbered()
    play.turn(1)
    assert play.core() == play.oracle.core()
    play.turn(1)
    assert play.numbered() == before


def test_a_turn_is_a_handover_where_one_load_takes_effect_for_another() -> None:
    months = [(1, True), (2, True), (2, True), (3, False), (4, True)]  # the second of a month lands later
    loads = [Load(at, date(2020, month, 1), NOW + timedelta(hours=at), live) for at, (month, live) in enumerate(months)]

    def turn(*which: int, among: Sequence[Load] = loads) -> Handover | None:
        turned = [replace(load, live=not load.live) if load.version_id in which else load for load in among]
        return handover(chain_of(among), chain_of(turned))

    assert turn(0) == Handover(loads[0], loads[2], handed=(0,), kept=(1, 2))
    # Nothing changes, the month's other landing takes a part, and nobody takes it.
    assert (turn(1), turn(2), turn(4)) == (None, None, None)
    alone = [loads[0], *loads[2:]]
    assert turn(2, among=alone) == Handover(loads[2], loads[4], handed=(2,), kept=(3, 4))
    back = turn(3, among=alone)
    assert back == Handover(loads[4], replace(loads[3], live=True), handed=(3,), kept=(4,))
    assert back.days == -31


def test_a_load_that_there_is_not_is_named_with_those_there_are(play: Play) -> None:
    (number,) = [play.load(0, 0, {ONE: A}).version_id]
    with (
        play.engine.begin() as connection,
        pytest.raises(NoSuchLoadError, match=f"has no version 0; there are {number}"),
    ):
        take_back(connection, THINGS, 0, now=NOW)
    play.turn(0)
    with play.engine.begin() as connection, pytest.raises(NoSuchLoadError, match="was taken back before"):
        take_back(connection, THINGS, number, now=NOW)


def test_a_column_that_is_tracked_from_now_on_makes_no_version_of_rows_that_do_not_have_it() -> None:
    wider = replace(THINGS, tracked=(*THINGS.tracked, Column("note")))
    narrow = table_of(THINGS, {ONE: A, TWO: C})
    wide = table_of(wider, {ONE: (*A, None), TWO: (*C, "x")})
    before, after = (with_hashes(rows, of)["row_hash"].to_pylist() for rows, of in ((narrow, THINGS), (wide, wider)))
    assert [one == other for one, other in zip(before, after, strict=True)] == [True, False]


def test_two_who_load_at_once_take_turns(play: Play) -> None:
    """Neither is refused, and it does not matter who was first."""

    def load(month: int) -> None:
        with play.engine.begin() as connection:
            values = (str(month), None)
            load = NewLoad(date(2020, month, 1), NOW + timedelta(hours=month))
            bring_in(connection, THINGS, table_of(THINGS, {ONE: values, ("k", str(month)): values}), load, now=NOW)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(load, range(1, 9)))
    rows = play.core()
    assert [row.values[0] for row in rows if row.key == ONE] == [str(month) for month in range(1, 9)]
    assert sum(row.closed_by is None for row in rows) == 2


def test_a_core_table_that_somebody_changed_is_found_and_nothing_is_changed(play: Play) -> None:
    play.load(0, 0, {ONE: A, TWO: A})
    core = history_tables(THINGS).core
    with play.engine.begin() as connection:
        connection.execute(update(core).where(core.c.a == "b").values(is_current=False))
    before = play.numbered()
    with pytest.raises(BrokenHistoryError, match="1 rows are current, and the newest snapshot has 2 keys"):
        play.load(1, 1, {ONE: B, TWO: A})
    assert play.numbered() == before
    with play.engine.connect() as connection:
        loads = connection.execute(select(version_table.c.version_id).where(version_table.c.dataset == "thing")).all()
    assert len(loads) == 1


def test_rows_that_name_no_load_are_counted(play: Play) -> None:
    play.load(0, 0, {ONE: A, TWO: A})
    play.load(1, 1, {ONE: B, TWO: A})
    with play.engine.begin() as connection:
        loads = loads_of(connection, THINGS)
        for known, expected in ((loads, 0), (loads[:1], 2), (loads[1:], 2), ([], 3)):  # one is named by two rows
            work = open_work(connection, THINGS, chain_of(known))
            connection.execute(touch(work.tables, work.rooms, [load.version_id for load in loads]))
            names, counting = violations(work.tables, work.rooms)
            counts = dict(zip(names, connection.execute(counting).one(), strict=True))
            assert counts["rows name loads that there are not"] == expected
