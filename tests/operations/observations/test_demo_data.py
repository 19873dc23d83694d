"""The demo's own files, day after day: none is unusual until one is broken."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from dq.definitions import load_definition
from dq.engine.file_results import FileVerdict
from dq.engine.profile_files import judge_sources
from dq.engine.source_file import SourceObject
from etl_core.objects.store import ObjectStore
from jobs.playground.sample_files import DEFINITIONS, SAMPLES
from operations.observations.observe import Found, observe
from tests.operations.observations.landscape import MANNER, add_file, add_run, at

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.engine import Engine

    from dq.reporting.catalogue.catalogue import Catalogue
    from jobs.playground.sample_files import Sample

_DAYS = 40


def _add(engine: Engine, file: int, sample: Sample, day: int, folder: Path) -> None:
    """A sample as it is on a day, judged and with its profile."""
    path = folder / sample.object
    path.write_bytes(sample.make(random.Random(f"{sample.file} {day}")))
    store = ObjectStore()
    definition = DEFINITIONS.get(sample.file)
    loaded = None if definition is None else load_definition(definition)
    found = judge_sources([SourceObject(0, store.peek(None, str(path)), loaded)], store=store, keep_states=True)[0]
    assert isinstance(found, FileVerdict)
    verdict = found.verdict
    rules = verdict.failed_validation_rules
    add_run(engine, file, day, size=path.stat().st_size, score=verdict.score, state=found.state or None, rules=rules)


@pytest.mark.night
def test_files_of_the_demo_are_like_themselves_until_they_are_not(
    database: Engine, catalogue: Catalogue, tmp_path: Path
) -> None:
    by_file: dict[str, list[Sample]] = {}
    for sample in SAMPLES:
        by_file.setdefault(sample.file, []).append(sample)
    ids = {name: add_file(database, name) for name in by_file}
    alarms: list[Found] = []
    for day in range(_DAYS):
        for name, samples in by_file.items():
            _add(database, ids[name], samples[0], day, tmp_path)
        found = observe(database, catalogue, MANNER, at(day + 1))
        assert found is not None
        alarms.append(found)
    for name, samples in by_file.items():
        _add(database, ids[name], samples[-1], _DAYS, tmp_path)
    broken = observe(database, catalogue, MANNER, at(_DAYS + 1))
    assert broken is not None
    false = [(run.file_name, run.window, one) for found in alarms for run, one in found.unusual]
    told = sorted({(run.file_name, one.metric, one.column) for run, one in broken.unusual})
    assert false == []
    assert {name for name, _, _ in told} == {name for name, samples in by_file.items() if len(samples) > 1}
