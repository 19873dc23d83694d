"""What the documentation of each step and derivation shows is what it does."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import pipelines.transforms
from pipelines.transforms.derive import DERIVATIONS, derived
from pipelines.transforms.enriched.enrich import enriched
from pipelines.transforms.normalize import tried
from pipelines.transforms.steps import STEPS

MODULES = sorted(
    module.name for module in pkgutil.walk_packages(pipelines.transforms.__path__, "pipelines.transforms.")
)


@pytest.mark.parametrize("name", MODULES)
def test_every_example_gives_what_it_says(name: str) -> None:
    module = importlib.import_module(name)
    assert doctest.testmod(module, extraglobs={"tried": tried, "derived": derived, "enriched": enriched}).failed == 0


def test_every_step_and_derivation_has_examples_in_its_module() -> None:
    documented = {name: importlib.import_module(name).__doc__ or "" for name in MODULES}
    for name in STEPS:
        told = [
            text for text in documented.values() if f'>>> tried("{name}"' in text or f'>>> tried({{"{name}"' in text
        ]
        assert len(told) == 1, name
    for name in DERIVATIONS:
        assert sum(f'>>> derived({{"{name}"' in text for text in documented.values()) == 1, name
