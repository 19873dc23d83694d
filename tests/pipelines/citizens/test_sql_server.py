"""SQL Server does not run here: its statements are compiled, read by a parser of T-SQL, and kept as text for review."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

from etl_core.errors import CatalogueError, DatabaseUnavailableError, PipelineError, SettingsError, TerminalError
from pipelines.citizens.contracts import CITIZEN, CITIZEN_PHONE
from pipelines.citizens.history.tables import dataset_table, history_tables, version_table
from pipelines.citizens.mart import tables as mart
from pipelines.citizens.warehouse import meta_tables as meta
from pipelines.citizens.warehouse.connecting import connect_warehouse
from pipelines.citizens.warehouse.sql_server import sql_server_error
from pipelines.citizens.warehouse.tables_of_before import NO_DISMISSAL, ONE_LANDING, OldRule, asking_to_migrate
from tests.pipelines.citizens.tsql import KEPT, written

_FOLDER = KEPT.parent
_SCRIPTS = [*sorted(_FOLDER.glob("*.sql"))]
#: What the parser takes for T-SQL and SQL Server does not.
_LACKING = {
    "ON CONFLICT": r"\bON CONFLICT\b",
    "DELETE ... USING": r"\bDELETE FROM \S+ USING\b",
    "DISTINCT ON": r"\bDISTINCT ON\b",
    "LIMIT": r"\bLIMIT \d",
    "JOIN ... USING": r"\bJOIN [^\n]*\bUSING\b",
    "::": r"(?<!SCHEMA)(?<!OBJECT)::",
    "RETURNING": r"\bRETURNING\b",
    "IF NOT EXISTS of tables": r"\b(?:TABLE|INDEX|SCHEMA) IF NOT EXISTS\b",
    "a boolean": r"\b(?:true|false|boolean)\b",
    "IS DISTINCT FROM (before 2022)": r"\bIS (?:NOT )?DISTINCT FROM\b",
    "a type of PostgreSQL": r"\b(?:timestamptz|bytea|serial|jsonb)\b",
    "MERGE, whose locks are too weak": r"\bMERGE INTO\b",
    "a named WINDOW (before 2022)": r"\bWINDOW \w+ AS\b",
}


def _without_comments(text: str) -> str:
    return re.sub(r"--[^\n]*", "", text)


@pytest.mark.parametrize("script", _SCRIPTS, ids=lambda path: path.name)
def test_scripts_are_t_sql_and_use_nothing_that_sql_server_lacks(script: Path) -> None:
    text = script.read_text(encoding="utf-8")
    for batch in text.split("\nGO\n"):
        for statement in sqlglot.parse(batch, read="tsql"):
            assert not isinstance(statement, exp.Command) or script.name != "statements.sql", batch
    found = {name for name, pattern in _LACKING.items() if re.search(pattern, _without_comments(text), re.IGNORECASE)}
    assert found == set()


@pytest.mark.parametrize(
    ("name", "statement"),
    [
        ("ON CONFLICT", "INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING"),
        ("a boolean", "SELECT * FROM t WHERE is_current = true"),
        ("LIMIT", "SELECT 1 LIMIT 5"),
        ("::", "SELECT a::int FROM t"),
    ],
)
def test_the_parser_alone_would_let_them_through(name: str, statement: str) -> None:
    assert sqlglot.parse(statement, read="tsql")
    assert re.search(_LACKING[name], statement, re.IGNORECASE)


def test_the_statements_that_people_reviewed_are_those_that_are_sent() -> None:
    assert KEPT.read_text(encoding="utf-8") == written(), "write them anew: python -m tests.pipelines.citizens.tsql"


@pytest.mark.parametrize("dialect", ["postgresql", "mssql"])
def test_scripts_make_the_columns_that_statements_name(dialect: str) -> None:
    folder = _FOLDER.parent / dialect
    scripts = "\n".join(_without_comments((folder / f"{name}.sql").read_text()) for name in ("meta", "core", "mart"))
    made = {
        match[1]: re.findall(r"^    (\w+) ", match[2], re.MULTILINE)
        for match in re.finditer(r"CREATE TABLE (?:IF NOT EXISTS )?([\w.]+) \((.*?)\n\);", scripts, re.DOTALL)
    }
    described = [dataset_table, version_table, meta.ingestion_log, meta.validation_log, meta.etl_audit]
    described += [
        meta.unpublished_month,
        meta.lineage_told,
        mart.dim_date,
        mart.dim_location,
        mart.dim_citizen,
        mart.fact,
    ]
    for dataset in (CITIZEN, CITIZEN_PHONE):
        tables = history_tables(dataset)
        described += [tables.key, tables.value, tables.claim, tables.core]
    for table in described:
        columns = [name for name in made[f"{table.schema}.{table.name}"] if name.islower()]
        assert columns == [column.name for column in table.columns], table.name
    assert set(made) == {f"{table.schema}.{table.name}" for table in described}


def test_one_current_row_a_key_is_kept_by_an_index_with_a_filter() -> None:
    assert "uq_citizen_current ON core.citizen (key_id) WHERE is_current = 1" in (_FOLDER / "core.sql").read_text()


@pytest.mark.parametrize(
    ("state", "written", "kind", "said"),
    [
        (
            "08001",
            "TCP: No connection (10061)",
            DatabaseUnavailableError,
            "TCP: No connection (10061)",
        ),
        ("40001", "The deadlock victim. (1205) (SQLExecDirectW)", DatabaseUnavailableError, "The deadlock victim."),
        (
            "28000",
            "Login failed for user 'sa'. (18456) (SQLDriverConnect)",
            SettingsError,
            "Login failed for user 'sa'.",
        ),
        (
            "42000",
            "INSERT denied on the object 'x'. (229) (SQLPrepare)",
            CatalogueError,
            "INSERT denied on the object 'x'.",
        ),
        (
            "23000",
            "Duplicate key in object 'x'. The duplicate key value is (Smith). (2627) (SQLExecDirectW)",
            TerminalError,
            "Duplicate key in object 'x'.",
        ),
        ("22001", "Truncated, column 'c'. Truncated value: 'Smith'. (2628)", TerminalError, "Truncated, column 'c'."),
        (
            "22018",
            "Conversion failed converting the varchar value 'Smi'th' to data type int. (245)",
            TerminalError,
            "Conversion failed converting the varchar value to data type int. (245)",
        ),
    ],
)
def test_what_the_driver_raises_is_said_without_what_it_quotes(
    state: str, written: str, kind: type[PipelineError], said: str
) -> None:
    error = sql_server_error(state, f"[{state}] [Microsoft][ODBC Driver 18 for SQL Server][SQL Server]{written}")
    assert type(error) is kind
    assert f"SQL Server: {said} (SQLSTATE {state})" in str(error)


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("Violation of UNIQUE KEY constraint 'UQ_1'. Duplicate key in 'meta.ingestion_log'.", [ONE_LANDING]),
        ("Violation of PRIMARY KEY constraint 'PK_1'. Duplicate key in 'meta.ingestion_log'.", []),
        (
            'conflicted with the CHECK constraint "CK_1", table "meta.validation_log", column \'status\'.',
            [NO_DISMISSAL],
        ),
        ('conflicted with the CHECK constraint "CK_2", table "meta.ingestion_log", column \'dataset\'.', []),
    ],
)
def test_a_rule_of_tables_of_before_is_known_by_what_the_server_says(said: str, asked: list[OldRule]) -> None:
    for rule in (ONE_LANDING, NO_DISMISSAL):
        with pytest.raises(TerminalError) as refused, asking_to_migrate(rule):
            raise sql_server_error("23000", f"[23000] [Microsoft][SQL Server]{said} (547) (SQLExecDirectW)")
        assert isinstance(refused.value, CatalogueError) == (rule in asked)


def test_a_server_that_refuses_to_connect_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """The driver is made up: what it raises is what it is documented to raise."""
    with pytest.raises(SettingsError, match="its driver does not load"):
        connect_warehouse("mssql+pyodbc://sa:hidden@localhost/citizens?driver=x")

    def refuse(*_: object, **__: object) -> None:
        raise _Driver.OperationalError("08001", "[08001] [Microsoft]Login timeout expired (0) (SQLDriverConnect)")

    monkeypatch.setattr(_Driver, "connect", refuse, raising=False)
    monkeypatch.setitem(sys.modules, "pyodbc", _Driver)
    with pytest.raises(DatabaseUnavailableError, match="Login timeout expired") as raised:
        connect_warehouse("mssql+pyodbc://sa:hidden@localhost/citizens?driver=x")
    assert "hidden" not in str(raised.value)


class _Driver:
    """As much of pyodbc as a connection that fails needs."""

    paramstyle, version = "qmark", "5.3.0"

    class Cursor: ...

    class Error(Exception): ...

    class OperationalError(Error): ...
