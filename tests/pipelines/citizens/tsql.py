"""The statements of a load, a rollback and a publication as SQL Server gets them.

`python -m tests.pipelines.citizens.tsql` writes them to `statements.sql` beside the scripts, for people to review.
"""

from __future__ import annotations

from datetime import date, datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import insert
from sqlalchemy.dialects import mssql
from sqlalchemy.schema import CreateTable

from pipelines.citizens.contracts import CITIZEN
from pipelines.citizens.history.chain import Handover, Load
from pipelines.citizens.history.statements import claims, handing_over, intervals, versions
from pipelines.citizens.history.statements.invariants import current_rows, violations
from pipelines.citizens.history.tables import history_tables, workspace
from pipelines.citizens.mart import dimensions, facts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.sql.elements import ClauseElement

KEPT = Path(__file__).parents[3] / "conf/sql/warehouse/mssql/statements.sql"
_LANDED = datetime(2026, 2, 1, tzinfo=timezone.utc)
_HEAD = """-- What the job `citizens` sends to SQL Server for a load, a rollback (from "touched keys" on) and a
-- publication, for review. Versions and months are examples. Nobody applies this file.
"""


def statements() -> Iterator[tuple[str, ClauseElement]]:
    """All of them with a name each, in their order."""
    tables, rooms = history_tables(CITIZEN), workspace(CITIZEN, "mssql")
    for table in rooms.tables:
        yield f"temporary table {table.name}", CreateTable(table)
    yield "whose turn it is", versions.take_turn(CITIZEN)
    yield "loads there are", versions.known_loads(CITIZEN)
    zeros = dict.fromkeys(("row_count", "new_count", "changed_count", "unchanged_count", "gone_count"), 0)
    load = {"dataset": "citizen", "snapshot_month": date(2026, 2, 1), "landed_at": _LANDED, "loaded_at": _LANDED}
    yield "a new load", versions.note_load(**load, is_live=True, **zeros)
    yield "its rows, 50,000 at a time, as parameters", insert(rooms.incoming)
    yield "what the load before it in the chain said", claims.state_before(tables, rooms, 3)
    yield "keys with one hash: 0", claims.keys_with_one_hash(tables, rooms)
    yield "keys never seen", claims.add_keys(tables, rooms, 1000)
    yield "its claims", claims.claim_differences(tables, rooms, 5)
    yield "values never said", claims.keep_values(tables, rooms)
    yield "the load after it says what it had in common with the one before", claims.rebase_added(tables, rooms, 4)
    yield "and does not repeat what the new one says", claims.rebase_dropped(tables, 5, 4)
    yield "touched keys", intervals.touch(tables, rooms, [4, 5])
    yield "where their intervals are not what is there", intervals.compare(tables, rooms)
    yield "last ends of rows that go, and of rows that come", intervals.ends_of_changes(rooms)
    yield "rows that go", intervals.drop_rows(tables, rooms)
    yield "rows that change", intervals.change_rows(tables, rooms)
    yield "rows that come", intervals.add_rows(tables, rooms)
    names, counts = violations(tables, rooms)
    yield f"zeros unless {'; '.join(names)}", counts
    yield "current rows", current_rows(tables)
    yield "a load that is taken back", versions.change_load(4, is_live=False, rolled_back_at=_LANDED)
    turn = Handover(Load(4, date(2026, 1, 1), _LANDED), Load(5, date(2026, 2, 1), _LANDED), (3, 4), (5,))
    yield (
        "where a load's word only goes over to the next one: touched keys",
        handing_over.touch(tables, rooms, turn, shared=True),
    )
    yield "the last end of its rows", handing_over.last_end(tables, turn)
    yield "its rows begin and end with the next one", handing_over.hand_over(tables, turn)
    month = date(2026, 2, 1)
    yield "places", dimensions.add_locations(10, month)
    yield "members that go", dimensions.drop_citizens(month)
    yield "members that change", dimensions.change_citizens(month)
    yield "members that come", dimensions.add_citizens(month)
    yield "a month's facts go", facts.drop_facts(month)
    yield "a month's facts come", facts.add_facts(month)
    yield "citizens of a month in the history", facts.rows_of_history(month)
    yield "facts of a month with their members", facts.rows_of_mart(month)


def written() -> str:
    """All statements as text."""
    dialect = mssql.dialect()  # type: ignore[no-untyped-call]
    dialect.server_version_info = (15,)  # type: ignore[assignment]  # 2019: it knows dates
    parts = [_HEAD]
    for name, statement in statements():
        text = str(statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True})).strip()
        lines = "\n".join(line.rstrip() for line in text.splitlines())
        parts.append(f"-- {name}\n{lines};\nGO\n")
    return "\n".join(parts)


if __name__ == "__main__":
    KEPT.write_text(written(), encoding="utf-8")
