"""Files that refer to keys elsewhere, judged by the jobs people run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.end_to_end.landing import key_of

if TYPE_CHECKING:
    from tests.end_to_end.command_line import CommandLine
    from tests.end_to_end.landing import Landing

BODY = b"station,zone\nA,1\nC,1\n,2\n"


def definition(*places: str) -> dict[str, object]:
    return {
        "fields": [{"name": "station"}, {"name": "zone", "type": "integer"}],
        "rows": {"rule": "zone_of_a", "expression": "zone = 1", "when": "station = 'A'"},
        "references": [{"fields": "station", "in": place, "on": "code"} for place in places],
    }


def test_check_file_reads_keys_of_files_beside_it_and_writes_the_rows_without_one(
    bare_command_line: CommandLine,
) -> None:
    folder = bare_command_line.folder
    (folder / "stations.csv").write_text("code\nA\nB\n")
    (folder / "trips.csv").write_bytes(BODY)
    (folder / "definition.json").write_text(json.dumps(definition("file://stations.csv")))
    ran = bare_command_line.run("check_file", "trips.csv", "--schema", "definition.json", "--rows", "bad.csv")
    assert ran.code == 1
    assert "station is not in file://stations.csv (code) in 1 of 2 rows" in " ".join(ran.out.replace("│", "").split())
    _, row = (folder / "bad.csv").read_text().splitlines()
    assert "station=C is not in file://stations.csv (code)" in row


def test_a_batch_reads_keys_of_allowed_buckets_and_open_schemas(command_line: CommandLine, landing: Landing) -> None:
    places = (f"s3://{landing.bucket}/ref/stations.csv", "table:reporting.stations", "table:pipeline.stations",
              "s3://elsewhere/stations.csv")  # fmt: skip
    command_line.set(ALLOWED_BUCKETS=landing.bucket, REFERENCE_SCHEMAS="reporting")
    landing.sql("CREATE TABLE reporting.stations AS SELECT 'A' AS code")
    landing.sql("GRANT SELECT ON reporting.stations TO PUBLIC")
    landing.put("ref/stations.csv", b"code\nA\nC\n")
    landing.configure(definition=definition(*places))
    landing.put(key_of(), BODY)
    assert command_line.run("process_file", "--bucket", landing.bucket, "--key", key_of()).code == 0
    (verdict,) = landing.verdicts()
    # Of 5 rows that were asked, one of them by `zone_of_a`, one fails.
    assert verdict.deductions["bounds"] == 3
    details = verdict.metrics["boundsRange"]["details"]
    assert "station is not in table:reporting.stations (code) in 1 of 2 rows" in details
    assert "schema pipeline is not among REFERENCE_SCHEMAS" in details
    assert "bucket elsewhere is not among ALLOWED_BUCKETS" in details
    assert (verdict.score, verdict.passed) == (97, False)
