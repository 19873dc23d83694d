"""Files that bring other columns, fields or types than before: taken, left out, or held, as their definition says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.end_to_end.lake.lake_rows import loads, rows
from tests.end_to_end.landing import key_of

if TYPE_CHECKING:
    from tests.end_to_end.command_line import CommandLine
    from tests.end_to_end.landing import Landing

FIELDS = [{"name": "id", "type": "integer"}, {"name": "note", "type": "string"}]
FIRST = 12
#: Too rare among the first records to be a column of its own.
RARE = b"".join(b'{"id": %d, "note": "n"}\n' % at for at in range(40)) + b'{"id": 40, "more": {"a": [1]}, "x": "y"}\n'


def definition(format_: str, **drift: str) -> dict[str, Any]:
    return {"format": format_, "fields": FIELDS, "scoring": {"passScore": 1}, "silver": {"drift": drift}}


def lifted(command_line: CommandLine, landing: Landing, body: bytes, said: dict[str, Any], hour: int = FIRST) -> None:
    if hour == FIRST:
        landing.configure(definition=said)
    landing.announce(landing.put(key_of(hour=hour), body))
    landing.process()
    ran = command_line.run("to_silver")
    assert ran.code == 0, ran.err


@pytest.mark.parametrize(
    ("policy", "columns", "note"),
    [
        ("evolve", {"more": "x"}, None),
        ("discard", {}, "more: left out, as drift.new_columns says"),
    ],
)
def test_columns_that_nobody_declared_are_taken_or_left_out_and_that_is_reported(
    command_line: CommandLine, landing: Landing, policy: str, columns: dict[str, str], note: str | None
) -> None:
    lifted(command_line, landing, b"id,note,more\n1,a,x\n", definition("csv", new_columns=policy))
    (row,) = rows(command_line, "silver")
    assert {name: row[name] for name in row if not name.startswith("_")} == {"id": 1, "note": "a", **columns}
    assert loads(landing, "state, reason") == [("loaded", note)]


def test_a_frozen_table_is_made_by_its_definition_and_holds_objects_that_bring_more(
    command_line: CommandLine, landing: Landing
) -> None:
    said = definition("csv", new_columns="freeze")
    lifted(command_line, landing, b"id,note\n1,a\n", said)
    lifted(command_line, landing, b"id,note,more\n2,b,x\n", said, hour=13)
    assert [row["id"] for row in rows(command_line, "silver")] == [1]
    (_, (state, reason)) = loads(landing, "state, reason")
    assert (state, "the file brings 'more', which the table does not have" in reason) == ("held", True)
    landing.redefine(definition("csv", new_columns="discard"))
    assert command_line.run("to_silver", "--release", "2").code == 0
    assert [row["id"] for row in rows(command_line, "silver")] == [1, 2]


def test_a_column_that_disappears_is_null_from_then_on_and_that_is_reported(
    command_line: CommandLine, landing: Landing
) -> None:
    lifted(command_line, landing, b"id,note,more\n1,a,x\n", definition("csv"))
    lifted(command_line, landing, b"id\n2\n", definition("csv"), hour=13)
    found = [(row["id"], row["note"], row["more"]) for row in rows(command_line, "silver")]
    assert found == [(1, "a", "x"), (2, None, None)]
    assert loads(landing, "reason")[1] == ("note, more: not in the file, so that its rows are null there",)


def test_rare_fields_of_json_objects_are_kept_together(command_line: CommandLine, landing: Landing) -> None:
    bad = b'{"id": 1.5, "secret": 2}\n'
    lifted(command_line, landing, RARE + bad, definition("jsonl"))
    silver = rows(command_line, "silver")
    assert [row["_extras"] for row in silver[:40]] == [None] * 40
    assert json.loads(silver[40]["_extras"]) == {"more": {"a": [1]}, "x": "y"}
    assert json.loads(rows(command_line, "quarantine")[0]["_text"]) == {"id": "1.5", "note": None, "secret": 2}


@pytest.mark.parametrize(("policy", "state"), [("discard", "loaded"), ("freeze", "held")])
def test_rare_fields_are_left_out_or_hold_the_object(
    command_line: CommandLine, landing: Landing, policy: str, state: str
) -> None:
    lifted(command_line, landing, RARE, definition("jsonl", new_columns=policy))
    ((found, reason),) = loads(landing, "state, reason")
    assert found == state
    if state == "loaded":
        assert "_extras" not in rows(command_line, "silver")[0]
    else:
        assert "the file brings 'more', 'x', which the table does not have" in reason


def test_an_object_with_a_value_of_another_type_is_held_where_types_are_frozen(
    command_line: CommandLine, landing: Landing
) -> None:
    said = definition("csv", types="freeze")
    landing.configure("other")
    landing.announce(landing.put(key_of("other")))
    lifted(command_line, landing, b"id,note\n1,a\nx,b\n", said)
    assert sorted(loads(landing, "file_name, state")) == [("other", "loaded"), ("trips", "held")]
    (reason,) = [text for state, text in loads(landing, "state, reason") if state == "held"]
    assert "column 'id' has 1 values of another type than integer, the first at line 3" in reason
    lifted(command_line, landing, b"id,note\n1,a\n2,b\n", said, hour=13)
    assert [row["id"] for row in rows(command_line, "silver")] == [1, 2]
