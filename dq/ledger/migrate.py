"""The ledger's tables: made where that is allowed, checked at every start."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from dq.ledger.tables import (
    SCHEMA,
    announcement_dead_letter,
    batch_counter,
    bucket_rest,
    consumer,
    object_inbox,
    object_inbox_count,
    profile_state,
    silver_load,
)
from etl_core.postgres import migrations
from etl_core.postgres.migrations import History, Migration, from_script
from etl_core.postgres.rights import missing_of_tables
from etl_core.shipped_files import shipped_file

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

#: What the program does with each table; conf/sql/roles.sql grants as much.
_RIGHTS = {
    batch_counter: ("SELECT", "UPDATE"),
    object_inbox: ("SELECT", "INSERT", "UPDATE"),
    announcement_dead_letter: ("SELECT", "INSERT", "UPDATE"),
    profile_state: ("SELECT", "INSERT", "UPDATE", "DELETE"),
    object_inbox_count: ("SELECT",),
    bucket_rest: ("SELECT", "INSERT", "UPDATE", "DELETE"),
    consumer: ("SELECT", "INSERT", "UPDATE", "DELETE"),
    silver_load: ("SELECT", "INSERT", "UPDATE"),
}


def migrate(engine: Engine) -> None:
    """Make the ledger's tables, or what is missing of them; all of it or nothing.

    Raises:
        CatalogueError: this role may not, or the tables are of another form.
    """
    migrations.migrate(engine, LEDGER)


def require_ledger(engine: Engine) -> None:
    """Check at start-up that the ledger is there, whole, of the known form, and may be written.

    Raises:
        CatalogueError: lists everything that is missing.
    """
    migrations.require(engine, LEDGER)


_SCRIPT = partial(shipped_file, "sql/pipeline.sql")

LEDGER = History(
    name="ledger",
    title="the ledger",
    schema=SCHEMA,
    migrations=(
        # The first form had no profiles and no records; this step makes both of it.
        Migration(2, "the inbox, and the profiles of its runs", from_script(_SCRIPT, "ledger", 2)),
        Migration(3, "what a row waits for, and the window it was announced with", from_script(_SCRIPT, "ledger", 3)),
        Migration(
            4,
            "objects that run alone, buckets that rest, and who works on the ledger",
            from_script(_SCRIPT, "ledger", 4),
        ),
        Migration(5, "objects in the order of their keys", from_script(_SCRIPT, "ledger", 5)),
        Migration(6, "how many objects are in which state, kept", from_script(_SCRIPT, "ledger", 6)),
        Migration(7, "all rows of a run by an index", from_script(_SCRIPT, "ledger", 7)),
        Migration(8, "what became of objects in the lake", from_script(_SCRIPT, "ledger", 8)),
        Migration(9, "loads that take another one back", from_script(_SCRIPT, "ledger", 9)),
    ),
    script="conf/sql/pipeline.sql",
    problems=partial(missing_of_tables, rights=_RIGHTS),
)
