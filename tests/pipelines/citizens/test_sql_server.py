"""SQL Server does not run here: its statements are compiled, read by a parser of T-SQL, and kept as text for review."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

from pipelines.citizens.contracts import CITIZEN, CITIZEN_PHONE
from pipelines.citizens.history.tables import dataset_table, history_tables, version_table
from pipelines.citizens.mart import tables as mart
from pipelines.citizens.warehouse import meta_tables as meta
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
