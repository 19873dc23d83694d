"""Texts of files in the database: as they are, or visibly replaced."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from dq.reporting.catalogue.catalogue import read_catalogue
from dq.reporting.readback import read_profile
from tests.reporting.samples import add_file, everything, failed_rule, result, verdict
from tests.reporting.saving import configured, save

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine


HOSTILE = [
    "o'hara'; DROP TABLE reporting.monitoring_file; --",
    'double " quote',
    "back\\slash",
    "100%s %(name)s :name",
    "snow ☃ 💥 é",
    "line\nbreak\ttab",
    " ",
    "$$;{}[]",
    "x" * 90,
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_and_values_arrive_as_they_are(engine_a: Engine, text: str) -> None:
    add_file(engine_a, text, text)
    file = configured(engine_a, (text, text))
    wanted = verdict(
        failed_validation_message=text,
        failed_validation_rules=(failed_rule(text, examples=[text]),),
        metrics={text: text},
        profile_payload={text: [text]},
    )
    save(engine_a, result(file, verdict=wanted))
    tables = everything(engine_a)
    assert tables["monitoring_file_data_quality"][0]["failed_validation_message"] == text
    assert tables["monitoring_file_data_quality"][0]["metrics"] == {text: text}
    assert tables["monitoring_file_failed_validation"][0]["column_name"] == text
    assert tables["monitoring_file_data_profile"][0]["profile_payload"] == {text: [text]}


def test_what_postgres_cannot_hold_is_replaced_visibly(engine: Engine) -> None:
    bad = "a\x00b\ud800c"
    good = "a␀b\ufffdc"
    wanted = verdict(
        failed_validation_message=bad,
        failed_validation_rules=(failed_rule(bad),),
        metrics={bad: {"value": bad, "mean": math.nan, "max": math.inf, "list": [bad, -math.inf]}},
        profile_payload={"sample": [bad]},
    )
    save(engine, result(configured(engine), verdict=wanted))
    tables = everything(engine)
    (quality,) = tables["monitoring_file_data_quality"]
    assert quality["metrics"] == {good: {"value": good, "mean": None, "max": None, "list": [good, None]}}
    assert quality.get("failed_validation_message", good) == good


def test_a_payload_of_256_kib_is_saved(engine_a: Engine) -> None:
    payload = {"sampleData": {"rows": [["é" * 200] * 16] * 40}}
    saved = save(engine_a, result(configured(engine_a), verdict=verdict(profile_payload=payload)))
    assert saved.run_id is not None
    assert read_profile(engine_a, read_catalogue(engine_a), saved.run_id) == payload
