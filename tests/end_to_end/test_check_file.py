"""check_file: one file, no database, a readable verdict and the whole of it as JSON."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest

from jobs.check_file import JOB

if TYPE_CHECKING:
    from pathlib import Path

    from mypy_boto3_s3 import S3Client

    from tests.end_to_end.command_line import CommandLine, Ran
    from tests.local_s3 import S3Server

KEYED = {
    "fields": [{"name": "a", "type": "integer", "required": True}, {"name": "b", "type": "string"}],
    "primaryKey": ["a"],
}
RESULT_KEYS = {
    "score",
    "passed",
    "metrics",
    "deductions",
    "failed_validation_message",
    "failed_validation_rules",
    "profile_payload",
}


def check(command_line: CommandLine, name: str, body: bytes, definition: object = KEYED) -> tuple[Ran, dict[str, Any]]:
    """Check a file with these bytes; what was printed, and the JSON."""
    (command_line.folder / name).write_bytes(body)
    arguments = [name, "--json", "out.json"]
    if definition is not None:
        (command_line.folder / "definition.json").write_text(json.dumps(definition))
        arguments += ["--schema", "definition.json"]
    ran = command_line.run("check_file", *arguments)
    return ran, json.loads((command_line.folder / "out.json").read_text())


def test_the_json_lines_of_the_specification_score_92(bare_command_line: CommandLine) -> None:
    body = b'{"a":1,"b":"x"}\n{"a":1,"b":null}\n{"a":3}\n{"a":null,"b":"y"}\n'
    ran, result = check(bare_command_line, "rows.jsonl", body)
    assert ran.code == 0
    assert set(result) == RESULT_KEYS
    assert result["score"] == 92
    assert result["deductions"]["completeness"] == 5
    assert result["deductions"]["uniqueness"] == pytest.approx(10 / 3, abs=1e-9)
    assert "92 passed" in ran.out
    assert "uniqueness" in ran.out


@pytest.mark.parametrize(
    ("name", "body", "score"),
    [
        ("empty.csv", b"", 65),
        ("broken.parquet", b"PAR1\x00\x01 and then nothing", 65),
        ("header.csv", b"a,b\n", 100),
        ("rows.csv.gz", gzip.compress(b"a,b\n1,x\n2,y\n", mtime=0), 100),
    ],
)
def test_what_a_file_without_rows_or_without_sense_scores(
    bare_command_line: CommandLine, name: str, body: bytes, score: int
) -> None:
    ran, result = check(bare_command_line, name, body)
    assert result["score"] == score
    assert ran.code == (0 if result["passed"] else 1)
    assert result["deductions"]["format"] == 100 - score
    assert (result["failed_validation_message"] is None) == (score == 100)


def test_without_a_definition_only_the_format_is_checked(bare_command_line: CommandLine) -> None:
    ran, result = check(bare_command_line, "rows.csv", b"a,b\n1,x\n", definition=None)
    assert (ran.code, result["score"]) == (0, 100)
    statuses = {name: metric["status"] for name, metric in result["metrics"].items()}
    assert statuses.pop("formatParsing") == "passed"
    assert set(statuses.values()) == {"not_run"}


def test_one_missing_field_of_five_scores_92(bare_command_line: CommandLine) -> None:
    definition = {"fields": [{"name": name} for name in "abcde"]}
    _, result = check(bare_command_line, "rows.csv", b"a,b,c,d\n1,2,3,4\n", definition)
    assert (result["score"], result["deductions"]["schema"]) == (92, 8)


def test_a_file_in_a_bucket_is_checked_by_its_address(
    bare_command_line: CommandLine, s3_server: S3Server, s3: S3Client, bucket: str
) -> None:
    s3.put_object(Bucket=bucket, Key="a b/ü+1.csv", Body=b"a,b\n1,x\n")
    bare_command_line.set(
        S3_ENDPOINT=s3_server.endpoint,
        S3_REGION=s3_server.region,
        S3_ACCESS_KEY=s3_server.access_key,
        S3_SECRET_KEY=s3_server.secret_key,
    )
    ran = bare_command_line.run("check_file", f"s3://{bucket}/a b/ü+1.csv", "--json", "-")
    assert ran.code == 0
    assert json.loads(ran.out)["score"] == 100


def test_values_of_sensitive_fields_appear_nowhere(bare_command_line: CommandLine) -> None:
    definition = {
        "fields": [{"name": "badge", "sensitive": True, "pattern": "[0-9]+"}, {"name": "n", "type": "integer"}]
    }
    ran, result = check(bare_command_line, "rows.csv", b"badge,n\ncanary-one,1\ncanary-two,2\n", definition)
    assert "canary" not in ran.out + ran.err + json.dumps(result)


def test_a_file_cannot_write_on_the_terminal(bare_command_line: CommandLine) -> None:
    definition = {"fields": [{"name": "a", "type": "integer"}]}
    ran, _ = check(bare_command_line, "rows.csv", b"a\n\x1b]0;owned\x07[red]\n", definition)
    assert "\x1b" not in ran.out
    assert "\x07" not in ran.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nowhere.csv",), "nowhere.csv"),
        ((".",), "directory"),
        (("rows.csv", "--schema", "nowhere.json"), "nowhere.json"),
        (("rows.csv", "--schema", "rows.csv"), "rows.csv"),
        (("rows.csv", "--json", "no/such/folder/out.json"), "no/such/folder"),
        (("ftp://host/x.csv",), "ftp://"),
        ((), "PATH_OR_URI"),
    ],
)
def test_wrong_arguments_end_with_2_and_say_what_is_wrong(
    bare_command_line: CommandLine, arguments: tuple[str, ...], said: str
) -> None:
    (bare_command_line.folder / "rows.csv").write_text("a\n1\n")
    ran = bare_command_line.run("check_file", *arguments)
    assert ran.code == 2
    assert said in ran.err
    assert "Traceback" not in ran.err


def test_a_broken_definition_lists_all_its_problems(bare_command_line: CommandLine) -> None:
    (bare_command_line.folder / "rows.csv").write_text("a\n1\n")
    (bare_command_line.folder / "bad.json").write_text('{"fields": [{"name": "a", "type": "integr"}, {"name": "a"}]}')
    ran = bare_command_line.run("check_file", "rows.csv", "--schema", "bad.json")
    assert ran.code == 2
    assert len(ran.log[-1]["problems"]) == 2


def test_a_definition_warning_is_logged(bare_command_line: CommandLine) -> None:
    ran, _ = check(bare_command_line, "rows.csv", b"a\n1\n", {"fields": [{"name": "a"}], "surplus": 1})
    assert any("surplus" in json.dumps(line) for line in ran.log)


def test_no_database_is_touched(bare_command_line: CommandLine, tmp_path: Path) -> None:
    assert callable(JOB[0])
    bare_command_line.set(DATABASE_URL="postgresql://app@127.0.0.1:1/nowhere")
    ran, _ = check(bare_command_line, "rows.csv", b"a,b\n1,x\n")
    assert ran.code == 0
    assert not (tmp_path / ".data").exists()
