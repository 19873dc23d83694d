"""to_silver with references: rows get columns from elsewhere, or wait until what they refer to is in order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from tests.end_to_end.lake.lake_rows import loads, rows
from tests.end_to_end.landing import key_of

if TYPE_CHECKING:
    from tests.end_to_end.command_line import CommandLine
    from tests.end_to_end.landing import Landing

BODY = b"id,station,day\n1,A,2026-01-01\n2,B,2026-01-02\n3,X,2026-01-03\n4,,2026-01-04\nx,A,2026-01-05\n"
STATIONS = b"code,name,size,since,till\nA,Alder St,7,,2026-01-02\nA,Alder Ave,9,2026-01-02,\nB,Birch Ave,,,\n"
VALID = {"at": "day", "from": "since", "to": "till"}


def definition(landing: Landing, **enrich: Any) -> dict[str, Any]:  # noqa: ANN401 - as JSON has it
    place = f"s3://{landing.bucket}/ref/stations.csv"
    said = {"from": place, "on": {"station": "code"}, "take": {"stop": "name"}, "valid": VALID, **enrich}
    return {
        "format": "csv",
        "fields": [
            {"name": "id", "type": "integer"},
            {"name": "station", "type": "string"},
            {"name": "day", "type": "date"},
        ],
        "scoring": {"passScore": 10},
        "silver": {"enrich": [said], "derive": {"where": {"concat": ["station", "stop"], "separator": ": "}}},
    }


@pytest.fixture
def stations(landing: Landing) -> Landing:
    landing.put("ref/stations.csv", STATIONS)
    return landing


def reason(landing: Landing) -> str:
    with landing.database.connect() as connection:
        return str(connection.scalar(text("SELECT reason FROM pipeline.silver_load ORDER BY id DESC LIMIT 1")))


def lifted(command_line: CommandLine, landing: Landing, said: dict[str, Any], *arguments: str) -> int:
    landing.configure(definition=said)
    landing.announce(landing.put(key_of(), BODY))
    landing.process()
    return command_line.run("to_silver", *arguments).code


def test_rows_get_columns_of_their_partners_and_those_without_are_counted(
    command_line: CommandLine, stations: Landing
) -> None:
    take = {"stop": "name", "size": {"column": "size", "type": "integer"}}
    assert lifted(command_line, stations, definition(stations, take=take)) == 0
    found = [(row["id"], row["stop"], row["size"], row["where"]) for row in rows(command_line, "silver")]
    assert found == [
        (1, "Alder St", 7, "A: Alder St"),
        (2, "Birch Ave", None, "B: Birch Ave"),
        (3, None, None, None),
        (4, None, None, None),
    ]
    assert loads(stations, "rows_silver, rows_quarantined, rows_unmatched") == [(4, 1, 2)]


def test_rows_that_have_to_have_a_partner_go_to_quarantine_with_the_key(
    command_line: CommandLine, stations: Landing
) -> None:
    assert lifted(command_line, stations, definition(stations, missing="quarantine")) == 0
    assert [row["id"] for row in rows(command_line, "silver")] == [1, 2]
    told = [[one["message"] for one in row["_findings"]] for row in rows(command_line, "quarantine")]
    place = f"s3://{stations.bucket}/ref/stations.csv"
    assert told == [
        [f"X is not in {place} (code) at its day"],
        [f"null is not in {place} (code) at its day"],
        ["x is not of type integer"],
    ]
    assert loads(stations, "rows_silver, rows_quarantined, rows_unmatched") == [(2, 3, 2)]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (None, "stations.csv: there is no such object"),
        (b"code,name,size,since,till\nA,x,,,\nA,y,,,\n", 'has two rows for code "A" that count at the same time'),
        (b"code,name\nA,x\n", "it has no column since, till"),
        (b"code,name,since,till\nA,x,soon,\n", 'a value of its column "since" cannot be read as date'),
    ],
)
def test_an_object_waits_for_a_reference_that_is_gone_or_says_two_things_and_its_neighbour_does_not(
    command_line: CommandLine, landing: Landing, body: bytes | None, said: str
) -> None:
    if body is not None:
        landing.put("ref/stations.csv", body)
    landing.configure("other")
    landing.announce(landing.put(key_of("other")))
    assert lifted(command_line, landing, definition(landing)) == 0
    assert sorted(loads(landing, "file_name, state")) == [("other", "loaded"), ("trips", "held")]
    with landing.database.connect() as connection:
        told = connection.scalar(text("SELECT reason FROM pipeline.silver_load WHERE state = 'held'"))
    assert said in told
    assert "release the object by to_silver --release" in told
    landing.put("ref/stations.csv", STATIONS)
    held = loads(landing, "object_id, state")
    (id_,) = [object_id for object_id, state in held if state == "held"]
    assert command_line.run("to_silver", "--release", str(id_)).code == 0
    assert [row["stop"] for row in rows(command_line, "silver")] == ["Alder St", "Birch Ave", None, None]


def test_rows_are_enriched_from_another_table_of_the_lake(command_line: CommandLine, landing: Landing) -> None:
    fields = [{"name": name, "type": "string"} for name in ("code", "name")]
    landing.configure("stops", definition={"format": "csv", "fields": fields})
    landing.announce(landing.put(key_of("stops"), b"code,name\nA,Alder St\nB,Birch Ave\n"))
    landing.process()
    assert command_line.run("to_silver").code == 0
    said = {**definition(landing), "references": {"fields": "station", "in": "silver:stops", "on": "code"}}
    said["silver"]["enrich"][0] |= {"from": "silver:stops", "valid": None}
    assert lifted(command_line, landing, said) == 0
    assert [row["state"] for row in _verdicts(landing)] == ["held"]  # a key that is nowhere is critical
    assert "its verdict failed" in reason(landing)
    assert command_line.run("to_silver", "--release", "2").code == 0
    assert [(row["id"], row["stop"]) for row in rows(command_line, "silver")] == [
        (1, "Alder St"), (2, "Birch Ave"), (4, None),
    ]  # fmt: skip
    assert [one["rule"] for one in rows(command_line, "quarantine")[0]["_findings"]] == ["references"]


def _verdicts(landing: Landing) -> list[dict[str, Any]]:
    return [{"state": state} for (state,) in loads(landing, "state") if state != "loaded"]
