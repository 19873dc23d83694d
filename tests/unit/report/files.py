"""Verdicts on files made for the tests of pages, by the engine itself."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dq.definitions import load_definition
from dq.engine.profile_files import judge_sources
from dq.engine.source_file import SourceObject
from dq.report.reported import KeptVerdict, kept
from etl_core.errors import PipelineError
from etl_core.objects.store import ObjectStore
from etl_core.storable import json_text

if TYPE_CHECKING:
    from pathlib import Path

_KINDS = ("id", "fare", "day", "pay", "when", "code", "note", "sparse")
_FIELDS: dict[str, dict[str, Any]] = {
    "id": {"type": "integer", "unique": True},
    "fare": {"type": "number", "min": 0, "max": 100},
    "day": {"type": "date", "min": "2020-01-01"},
    "pay": {"enum": ["card", "cash"], "required": True},
    "when": {"type": "datetime"},
    "code": {"pattern": "[A-Z]{2}[0-9]{4}"},
    "note": {},
    "sparse": {"type": "number"},
}


def kept_verdict(path: Path, definition: dict[str, Any] | None) -> KeptVerdict:
    """The verdict on a file, as it is kept."""
    store = ObjectStore()
    loaded = load_definition(definition) if definition else None
    found = judge_sources([SourceObject(0, store.peek(None, str(path)), loaded)], store=store)[0]
    assert not isinstance(found, PipelineError)
    whole = kept(found.verdict, json.loads(json_text(found.verdict.profile_payload)))
    return replace(whole, rules=json.loads(json_text(whole.rules)))


def wide_file(folder: Path, columns: int, rows: int = 200) -> tuple[Path, dict[str, Any]]:
    """A file with faults of every kind in that many columns, and the definition it breaks."""
    chance = random.Random(columns)
    names = [f"{_KINDS[at % len(_KINDS)]}_{at}" for at in range(columns)]
    lines = [",".join(names)]
    for row in range(rows):
        lines.append(",".join(_cell(name.partition("_")[0], row, chance) for name in names))
        if row % 50 == 7:
            lines.append("cut off,row")
    path = folder / f"wide-{columns}.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    fields = [{"name": name, **_FIELDS[name.partition("_")[0]]} for name in names]
    return path, {"fields": [*fields, {"name": "not_there", "required": True}]}


def _cell(kind: str, row: int, chance: random.Random) -> str:
    """A cell of a column of this kind; one in twenty is wrong."""
    day = f"2026-{chance.randint(1, 12):02d}-{chance.randint(1, 28):02d}"
    good, wrong = {
        "id": (str(row), "1"),
        "fare": (f"{chance.gauss(40, 12):.2f}", "-3"),
        "day": (day, "1999-01-01"),
        "pay": (chance.choice(["card", "card", "cash", ""]), "barter"),
        "when": (f"{day}T{chance.randint(0, 23):02d}:15:00", "yesterday"),
        "code": (f"AX{chance.randint(0, 9999):04d}", "??"),
        "note": (chance.choice(["<script>alert(1)</script>", "fine", "\u202eevil", "a long text " * 5]), ""),
        "sparse": ("" if chance.random() < 0.9 else str(chance.random()), ""),
    }[kind]
    return wrong if chance.random() < 0.05 else good
