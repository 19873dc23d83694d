"""The golden cases: folders of a definition, a file and the verdict expected of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

GOLDEN = Path(__file__).parent / "golden"


@dataclass(frozen=True)
class GoldenCase:
    """One folder. `definition` is None where there is no definition.json; `suffix` is what follows `input.`."""

    name: str
    definition: dict[str, Any] | None
    path: Path
    suffix: str
    score: int
    passed: bool
    deductions: dict[str, float]
    statuses: dict[str, str]


def golden_cases() -> list[GoldenCase]:
    """Give all cases by name."""
    return [read_case(folder) for folder in sorted(GOLDEN.iterdir()) if folder.is_dir()]


def read_case(folder: Path) -> GoldenCase:
    definition = folder / "definition.json"
    (path,) = folder.glob("input.*")
    return GoldenCase(
        name=folder.name,
        definition=json.loads(definition.read_text("utf-8")) if definition.exists() else None,
        path=path,
        suffix=path.name.removeprefix("input."),
        **json.loads((folder / "expected.json").read_text("utf-8")),
    )
