"""The page on contracts: its commands work, print what it shows, and lose nothing."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dq import load_definition
from jobs.cli import main

if TYPE_CHECKING:
    from collections.abc import Sequence

PAGE = (Path(__file__).parents[2] / "docs" / "contracts.md").read_text(encoding="utf-8")
BLOCKS: Sequence[str] = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
SHOWN = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_commands_of_the_page_give_the_same_definition_again(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for block in BLOCKS:
        for line in block.strip().splitlines():
            if line.startswith("printf"):
                text, name = re.fullmatch(r"printf '(.*)' > (\S+)", line).groups()  # type: ignore[union-attr]  # so written
                (folder / name).write_text(text.replace("%%", "%"))
            else:
                assert main(line.split()[1:]) == 0
    said = " ".join(capsys.readouterr().err.split())
    for line in SHOWN[0].splitlines():
        assert line in said
    wanted = load_definition((folder / "trips.json").read_text()).fingerprint
    assert {load_definition((folder / name).read_text()).fingerprint for name in ("again.json", "also.json")} == {
        wanted
    }
    assert json.loads((folder / "datapackage.json").read_text())["resources"][0]["path"] == "s3://landing/trips.csv"


@pytest.mark.parametrize(
    ("text", "arguments", "said"),
    [
        (b'{"fields": [{"name": "a", "type": "thing"}]}', (), "is not known"),
        (b"[1]", (), "is no object but list"),
        (b"apiVersion: v3.1.0\nkind: DataContract\n", (), "has no schema"),
        (b"kind: DataContract\nschema: [{name: a}, {name: b}]\n", ("--object", "c"), "no object 'c'; it has 'a', 'b'"),
        (b'{"fields": [{"name": "a", "type": "string"}]}', ("--object", "a"), "leave out --object 'a'"),
        (b'{"fields": [{"name": "a", "type": "string"}]}', ("--version", " "), "--version is empty"),
    ],
)
def test_what_cannot_be_converted_is_refused_in_a_sentence(
    text: bytes, arguments: Sequence[str], said: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "in").write_bytes(text)
    assert main(["definition", "convert", "in", *arguments]) == 2
    assert said in capsys.readouterr().err


def test_strictly_a_loss_is_a_failure(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "in.json").write_text('{"name": "x", "schema": {"fields": [{"name": "at", "type": "geopoint"}]}}')
    assert main(["definition", "convert", "in.json", "--strict"]) == 1
    captured = capsys.readouterr()
    assert json.loads(captured.out) == {"fields": [{"name": "at", "type": "string"}]}
    assert "the type geopoint" in captured.err
    assert main(["definition", "convert", "nothing.json"]) == 2
