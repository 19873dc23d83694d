"""What definitions may call a file format: data about formats, whoever reads them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from dq.schema.definition import CsvDialect


@dataclass(frozen=True, slots=True)
class FormatNames:
    """One format by its names.

    `spellings` are other names for it, folded (lower case, `_` for `-` and spaces). `dialects`: the CSV dialect that
    such a name brings along. `options` reads what a definition says under the format's own name, as in
    `{"format": "fixed", "fixed": {"widths": [3, 5]}}`; it gives hashable data and raises ValueError with a sentence.
    """

    name: str
    spellings: tuple[str, ...] = ()
    dialects: Mapping[str, CsvDialect] = field(default_factory=dict, hash=False)
    options: Callable[[Any], object] | None = None
