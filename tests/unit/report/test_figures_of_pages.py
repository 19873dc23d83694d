"""How figures are written on pages."""

from __future__ import annotations

import doctest

import dq.report.figures
import dq.suggestions.confidence
import dq.suggestions.patterns


def test_the_examples_of_the_docstrings_hold() -> None:
    for module in (dq.report.figures, dq.suggestions.confidence, dq.suggestions.patterns):
        result = doctest.testmod(module)
        assert result.attempted
        assert not result.failed
