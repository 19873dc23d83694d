"""What the documentation of rules, months and names shows is what they do."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pipelines.citizens


def test_every_example_gives_what_it_says() -> None:
    names = [one.name for one in pkgutil.walk_packages(pipelines.citizens.__path__, "pipelines.citizens.")]
    found = {name: doctest.testmod(importlib.import_module(name)) for name in names}
    assert [name for name, tried in found.items() if tried.failed] == []
    assert {name.rpartition(".")[2] for name, tried in found.items() if tried.attempted} >= {
        *("citizen_rules", "phone_rules", "months", "file_names"),
    }
