"""All rules over a whole file that there are. A new one is one module and one line here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dq.checks.file_rules.freshness import FRESHNESS
from dq.checks.file_rules.row_count import ROW_COUNT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dq.checks.dimension import FileRule

#: By their name in a definition, in the order of the verdict.
FILE_RULES: Final[Mapping[str, FileRule]] = {
    rule.name: rule
    for rule in (
        ROW_COUNT,
        FRESHNESS,
    )
}
