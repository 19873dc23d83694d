"""DuckDB: its own profile of a file (SUMMARIZE), and our checks written as SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb

from tests.bench.contestant import serve

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_TYPES = {"integer": "BIGINT", "number": "DOUBLE", "date": "DATE", "datetime": "TIMESTAMP", "boolean": "BOOLEAN"}


def summarize(path: str) -> Mapping[str, Any]:
    """Profile all columns with the types that DuckDB finds."""
    rows = duckdb.execute(f"SUMMARIZE FROM {_text(path)}").fetchall()
    return {"columns": len(rows)}


def checks(path: str, definition: Mapping[str, Any]) -> Mapping[str, Any]:
    """Count what breaks each check, in one query; the file's cells are text until they are cast."""
    counts = ", ".join(_checks(definition))
    source = f"read_csv({_text(path)}, all_varchar = true, header = true)"
    found = duckdb.execute(f"SELECT {counts} FROM {source}").fetchall()[0]
    return {"rows": found[0], "failing": sum(found[1:])}


def _checks(definition: Mapping[str, Any]) -> Iterator[str]:
    yield "count(*)"
    for field in definition["fields"]:
        column, kind = f'"{field["name"]}"', _TYPES.get(field["type"])
        value = f"TRY_CAST({column} AS {kind})" if kind else column
        if kind:
            yield f"count(*) FILTER ({column} IS NOT NULL AND {value} IS NULL)"
        if field.get("required"):
            yield f"count(*) FILTER ({column} IS NULL)"
        broken = list(_broken(field, value))
        if broken:
            yield f"count(*) FILTER ({' OR '.join(broken)})"
    for key in definition.get("primaryKey", ()):
        yield f'count("{key}") - count(DISTINCT "{key}")'


def _broken(field: Mapping[str, Any], value: str) -> Iterator[str]:
    if "min" in field:
        yield f"{value} < {field['min']}"
    if "max" in field:
        yield f"{value} > {field['max']}"
    if "minLength" in field:
        yield f"length({value}) < {field['minLength']}"
    if "enum" in field:
        yield f"{value} NOT IN ({', '.join(map(_text, field['enum']))})"
    if "pattern" in field:
        yield f"NOT regexp_full_match({value}, {_text(field['pattern'])})"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


if __name__ == "__main__":
    serve(lambda: {"summarize": summarize, "checks": checks})
