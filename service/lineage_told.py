"""What of the account was told as lineage, where the database keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import text

from etl_core.postgres.rights import may_read

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.engine import Engine

_TABLES: Final = ("pipeline.lineage_told", "pipeline.lineage_mark")
_NOTES: Final = text("SELECT outcome, count(*) FROM pipeline.lineage_told GROUP BY outcome")
_MARK: Final = text("SELECT given_up FROM pipeline.lineage_mark")


@dataclass(frozen=True, slots=True)
class LineageTold:
    """Lines of the last days by what became of them, and how many were ever given up."""

    lines: Mapping[str, int]
    given_up: int


def lineage_told(engine: Engine) -> LineageTold | None:
    """What was told; None where the database keeps no account of it."""
    with engine.connect() as connection:
        if not may_read(connection, *_TABLES):
            return None
        lines = {str(outcome): int(count) for outcome, count in connection.execute(_NOTES)}
        return LineageTold(lines, connection.scalar(_MARK) or 0)
