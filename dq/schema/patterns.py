"""Patterns: RE2 only, so that no value, however hostile, can keep a worker busy."""

from __future__ import annotations

from typing import Final

import re2

from etl_core.storable import storable

MAX_LENGTH: Final = 1000
#: Instructions of the compiled program; matching time is bounded by this times the length of the value.
MAX_PROGRAM_SIZE: Final = 5000


def pattern_problem(pattern: str) -> str | None:
    """Say why a pattern cannot be used, or None when it can.

    The pattern must compile on its own, so that wrapping it for a whole-value match cannot change what it means.
    """
    if storable(pattern) != pattern:
        return "holds a NUL or half a surrogate pair, which no cell can hold"
    if len(pattern) > MAX_LENGTH:
        return f"is {len(pattern):,} characters long; expected at most {MAX_LENGTH:,}"
    try:
        size = compile_pattern(pattern).programsize
    except re2.error as error:
        return f"is not in the RE2 syntax, which has no lookaround and no backreferences ({_reason(error)})"
    if size > MAX_PROGRAM_SIZE:
        return f"compiles to {size:,} steps; expected at most {MAX_PROGRAM_SIZE:,}, use smaller repeat counts"
    return None


def compile_pattern(pattern: str) -> re2._Regexp:
    """Compile a pattern; `fullmatch` of the result is what a cell has to pass.

    Raises:
        re2.error: the pattern is not in the RE2 syntax.
    """
    options = re2.Options()
    options.log_errors = False
    return re2.compile(pattern, options)


def _reason(error: Exception) -> str:
    reason = error.args[0] if error.args else ""
    return reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
