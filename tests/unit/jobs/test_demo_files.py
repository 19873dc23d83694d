"""The demo's sample files are the same each time, and its definitions hold."""

from __future__ import annotations

import random

import pytest

from dq.definitions import load_definition
from dq.events.key_layout import FileIdentity, KeyLayouts
from jobs.playground.sample_files import DEFINITIONS, SAMPLES


def test_the_same_seed_makes_the_same_bytes() -> None:
    for sample in SAMPLES:
        assert sample.make(random.Random(1)) == sample.make(random.Random(1))


@pytest.mark.parametrize("name", sorted(DEFINITIONS))
def test_every_definition_loads_without_a_warning(name: str) -> None:
    assert load_definition(DEFINITIONS[name]).warnings == ()


def test_every_key_has_the_default_layout_and_no_two_are_one_run() -> None:
    runs = set()
    for sample in SAMPLES:
        identity = KeyLayouts().identify(sample.key)
        assert isinstance(identity, FileIdentity)
        runs.add((identity.file_name, identity.run_date, identity.run_hour))
    assert len(runs) == len(SAMPLES)
