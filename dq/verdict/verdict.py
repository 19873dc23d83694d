"""The verdict on one file: what is written to the reporting tables, as plain JSON-able data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from etl_core.storable import JsonText


@dataclass(frozen=True, slots=True)
class Verdict:
    """Score (0 to 100), decision, and the reasons. All mappings are valid JSON.

    The payload, of some ten thousand characters, travels from task to driver as the text that will be stored.
    """

    score: int
    passed: bool
    metrics: Mapping[str, Any]
    deductions: Mapping[str, float]
    failed_validation_message: str | None
    failed_validation_rules: tuple[Mapping[str, Any], ...]
    profile_payload: Mapping[str, Any] | JsonText
