"""Whatever the tables of an owner hold can be answered with."""

from __future__ import annotations

import json
from datetime import date, datetime, timezone
from decimal import Decimal

from starlette.requests import Request

from service.answers import json_answer


def test_decimals_large_numbers_and_moments_become_json() -> None:
    value = {"score": Decimal("87.50"), "whole": Decimal(80), "large": 1 << 70, "day": date(2026, 1, 4)}
    at = {"at": datetime(2026, 1, 4, 12, tzinfo=timezone.utc)}
    request = Request({"type": "http", "method": "GET", "path": "/", "headers": []})
    answer = json_answer(request, {**value, **at})
    assert json.loads(bytes(answer.body)) == {
        "score": 87.5,
        "whole": 80,
        "large": 1 << 70,
        "day": "2026-01-04",
        "at": "2026-01-04T12:00:00+00:00",
    }
