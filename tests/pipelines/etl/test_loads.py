"""Rows come to their table in one transaction, and what became of each is counted."""

from __future__ import annotations

from datetime import date, datetime, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from sqlalchemy import text

from etl_core.errors import DatabaseUnavailableError, SettingsError, TerminalError
from pipelines.etl.errors import LoadRefusedError, TargetError
from pipelines.etl.flow.flow import Mode, Target
from pipelines.etl.flow.window import Window
from pipelines.etl.ledger.steps import Counts
from pipelines.etl.load.load_rows import RowsToLoad, load_rows, open_warehouse

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.pipelines.etl.etl_world import EtlWorld

_DAY = date(2026, 1, 1)
_SALES = """
CREATE SCHEMA shop;
CREATE TABLE shop.sales (id bigint PRIMARY KEY, note text, amount numeric(10, 2), day date, at timestamptz, raw bytea,
                         doc json, "50%" double precision);
CREATE TABLE shop.etl_appended (LIKE analytics.etl_appended INCLUDING ALL);
"""
_AT = datetime(2026, 1, 1, 12, 30, tzinfo=timezone.utc)


@pytest.fixture
def sales(world: EtlWorld) -> EtlWorld:
    """A warehouse with a table of its own."""
    world.change(world.warehouse_url, _SALES)
    return world


def _rows(*rows: dict[str, Any], of: str = "one", count: int | None = None) -> RowsToLoad:
    schema = pa.schema(
        [
            ("id", pa.int64()), ("note", pa.string()), ("amount", pa.decimal128(10, 2)), ("day", pa.date32()),
            ("at", pa.timestamp("us", "UTC")), ("raw", pa.binary()), ("doc", pa.string()), ("50%", pa.float64()),
        ]
    )  # fmt: skip
    table = pa.Table.from_pylist(list(rows), schema)
    return RowsToLoad(schema, table.to_batches(2), len(rows) if count is None else count, of)


def _sale(id_: int, note: str | None = "", amount: str = "1.00", day: date = _DAY) -> dict[str, Any]:
    return {
        "id": id_, "note": note, "amount": Decimal(amount), "day": day, "at": _AT, "raw": b"\x00'\"\\",
        "doc": '{"a": "\\n"}', "50%": 0.1,
    }  # fmt: skip


def _load(world: EtlWorld, rows: RowsToLoad, mode: Mode = "upsert", *, day: date = _DAY, flow: str = "sales") -> Counts:
    keyed = mode != "append_once"
    key, day_column = ("id",) if keyed else (), "day" if mode == "replace_day" else None
    target = Target("WAREHOUSE_URL", "shop", "sales", key, mode, day_column)
    with open_warehouse(world.warehouse_url, "WAREHOUSE_URL", 1) as warehouse:
        return load_rows(warehouse, flow, target, Window(day), rows)


def _there(world: EtlWorld) -> list[tuple[Any, ...]]:
    return world.rows(world.warehouse_url, "SELECT id, note, CAST(amount AS text) FROM shop.sales ORDER BY id")


def test_rows_are_inserted_updated_or_left_alone_and_values_arrive_as_they_are(sales: EtlWorld) -> None:
    assert _load(sales, _rows(_sale(1), _sale(2, None), _sale(3, 'a "quoted",\nnote\\'))) == Counts(3, 3, 0, 3, 0, 0)
    assert _there(sales) == [(1, "", "1.00"), (2, None, "1.00"), (3, 'a "quoted",\nnote\\', "1.00")]
    raw = sales.rows(sales.warehouse_url, "SELECT raw, at, \"50%\", doc ->> 'a' FROM shop.sales WHERE id = 1")[0]
    assert (bytes(raw[0]), *raw[1:]) == (b"\x00'\"\\", _AT, 0.1, "\n")
    written = sales.rows(sales.warehouse_url, "SELECT CAST(xmin AS text) FROM shop.sales WHERE id <> 2")
    again = _rows(_sale(1), _sale(2, ""), _sale(3, 'a "quoted",\nnote\\'), _sale(4))
    assert _load(sales, again) == Counts(4, 4, 0, 1, 1, 2)
    untouched = sales.rows(sales.warehouse_url, "SELECT CAST(xmin AS text) FROM shop.sales WHERE id IN (1, 3)")
    assert untouched == written


def test_an_empty_table_takes_rows_straight_and_by_comparing_where_somebody_else_writes(sales: EtlWorld) -> None:
    """A trigger counts the statements that insert: COPY of two rows at once, or one for all."""
    sales.change(
        sales.warehouse_url,
        "CREATE TABLE shop.seen (at int); CREATE FUNCTION shop.see() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN INSERT INTO shop.seen VALUES (1); RETURN NULL; END $$;"
        " CREATE TRIGGER see AFTER INSERT ON shop.sales EXECUTE FUNCTION shop.see()",
    )
    for others, statements in ((False, 2), (True, 1)):
        with sales.engine(sales.warehouse_url).begin() as other:
            if others:
                other.execute(text("LOCK TABLE shop.sales IN ROW EXCLUSIVE MODE"))
            assert _load(sales, _rows(_sale(1), _sale(2, None), _sale(3))) == Counts(3, 3, 0, 3, 0, 0)
        assert _there(sales) == [(1, "", "1.00"), (2, None, "1.00"), (3, "", "1.00")]
        assert sales.rows(sales.warehouse_url, "SELECT count(*) FROM shop.seen") == [(statements,)]
        sales.change(sales.warehouse_url, "TRUNCATE shop.sales, shop.seen")


def test_a_day_is_replaced_by_what_it_has_now_and_no_other_day_is_touched(sales: EtlWorld) -> None:
    other = date(2026, 1, 2)
    _load(sales, _rows(_sale(9, day=other)), "replace_day", day=other)
    _load(sales, _rows(_sale(1), _sale(2), _sale(3)), "replace_day")
    assert _load(sales, _rows(_sale(1), _sale(2, "new")), "replace_day") == Counts(2, 2, 0, 0, 1, 1, 1)
    assert [row[:2] for row in _there(sales)] == [(1, ""), (2, "new"), (9, "")]
    with pytest.raises(LoadRefusedError, match="1 rows are not of 2026-01-01 by their day"):
        _load(sales, _rows(_sale(1), _sale(5, day=other)), "replace_day")
    assert len(_there(sales)) == 3


def test_a_day_is_appended_once(sales: EtlWorld) -> None:
    rows: Callable[[], RowsToLoad] = lambda: _rows(_sale(1), _sale(2))  # noqa: E731 - batches are read once
    assert _load(sales, rows(), "append_once") == Counts(2, 2, 0, 2, 0, 0)
    assert _load(sales, rows(), "append_once") == Counts(2, 2, 0, 0, 0, 2)
    with pytest.raises(LoadRefusedError, match=r"2026-01-01 was appended at .* with other rows \(2\)"):
        _load(sales, _rows(_sale(3), of="another"), "append_once")
    assert len(_there(sales)) == 2


def test_a_load_that_breaks_leaves_nothing_behind(sales: EtlWorld) -> None:
    sales.change(sales.warehouse_url, "ALTER TABLE shop.sales ADD CHECK (amount < 100)")
    _load(sales, _rows(_sale(1)))
    for broken, error in (
        (_rows(_sale(1, "new"), _sale(2, amount="100.00")), TerminalError),
        (_rows(_sale(1, "new"), _sale(3), count=3), AssertionError),
    ):
        with pytest.raises(error):
            _load(sales, broken)
    assert _there(sales) == [(1, "", "1.00")]


def test_a_locked_table_is_waited_for_so_long_and_may_be_tried_again(sales: EtlWorld) -> None:
    with sales.engine(sales.warehouse_url).begin() as other:
        other.execute(text("LOCK TABLE shop.sales IN ACCESS EXCLUSIVE MODE"))
        with pytest.raises(
            DatabaseUnavailableError, match=r"shop\.sales was not loaded, nothing of it has changed: .*lock"
        ):
            _load(sales, _rows(_sale(1)))
    assert _load(sales, _rows(_sale(1))).rows_inserted == 1


def test_all_that_does_not_fit_the_table_is_named_at_once(sales: EtlWorld) -> None:
    sales.change(
        sales.warehouse_url,
        "ALTER TABLE shop.sales DROP CONSTRAINT sales_pkey, DROP COLUMN note, ADD COLUMN shop text NOT NULL,"
        " ADD COLUMN kept int GENERATED ALWAYS AS (1) STORED",
    )
    with pytest.raises(TargetError) as caught:
        _load(sales, _rows(_sale(1)))
    said = "\n".join(caught.value.problems)
    assert "it has no column note, which the rows have" in said
    assert "its column shop takes no null and has no default" in said
    assert "no unique constraint is on (id)" in said
    assert "kept" not in said
    sales.change(sales.warehouse_url, "DROP TABLE shop.sales")
    with pytest.raises(TargetError, match="there is no such table"):
        _load(sales, _rows(_sale(1)))


def test_two_loads_of_the_same_rows_at_once_end_as_one(sales: EtlWorld) -> None:
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - of this test alone

    def load(order: int) -> Counts:
        rows = [_sale(id_) for id_ in range(200)]
        return _load(sales, _rows(*(rows if order else reversed(rows))))

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(load, (0, 1)))
    assert sum(one.rows_inserted or 0 for one in done) == 200
    assert sum(one.rows_unchanged or 0 for one in done) == 200


def test_another_kind_of_warehouse_is_refused_by_the_name_of_its_setting() -> None:
    with (
        pytest.raises(SettingsError, match=r"WAREHOUSE_URL.*\n.*flows load PostgreSQL"),
        open_warehouse("mssql+pyodbc://sa:secret@localhost/x", "WAREHOUSE_URL", 1),
    ):
        pass
