"""What a warehouse that was made by older scripts refuses, said as what to do about it."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from etl_core.errors import CatalogueError, TerminalError

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class OldRule:
    """A rule of tables that the scripts take away today.

    Attributes:
        refusal: what PostgreSQL or SQL Server say where a statement breaks it.
        sentence: what it is, for people.
    """

    refusal: re.Pattern[str]
    sentence: str


#: A content landed once, whatever it was.
ONE_LANDING: Final = OldRule(
    re.compile(r"constraint ingestion_log_sha256_key\b|UNIQUE KEY constraint"),
    "keeps each content once in meta.ingestion_log",
)
#: Nobody could say that a workbook is not wanted.
NO_DISMISSAL: Final = OldRule(
    re.compile(r"constraint validation_log_status_check\b|CHECK constraint[^\n]+column 'status'"),
    "knows no dismissed workbooks in meta.validation_log",
)


@contextmanager
def asking_to_migrate(rule: OldRule) -> Iterator[None]:
    """Say of a statement that such a rule refuses that the owner has to apply the scripts; others fail as they do.

    Raises:
        CatalogueError: the rule refused.
    """
    try:
        yield
    except TerminalError as error:
        if rule.refusal.search(str(error)) is None:
            raise
        hint = "run `pipeline-processing migrate --warehouse` as its owner"
        raise CatalogueError("the warehouse", [f"{rule.sentence}; {hint}"]) from error
