"""How much of a file is held or followed at most; every refusal names its limit."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace

from dq.profiling.tally.offences import MOST_EXAMPLES

_MIB = 1024 * 1024
#: A medium file is cut into so many parts, unless they became smaller than this many bytes.
_WANTED_PARTS = 8
_LEAST_PART = 32 * _MIB
#: What a part sends on for merging, at most, of each column.
_STATE_OF_A_COLUMN = 256 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on memory and time per file; all sizes in bytes.

    `block` is what is parsed at once, `split` the most that one part of a file has, `line` the longest record,
    `header` the longest header, `columns` the most columns. A compressed file may expand to at most
    `expansion` times its size once it is beyond `free_expansion`. `whole` bounds formats that must
    be held in memory as they are (Excel). `cells` bounds rows times columns of such a sheet, `memory` what the
    process that reads it may take, and `seconds` for how long: of its processor, and of waiting for it.
    `object_memory` is the most that a worker of Spark may have while it reads one object, or one part of it, and
    `object_seconds` for how long. `malformed` bounds the rows that are shown of those in one block that cannot be
    parsed, and `malformed_text` their characters.
    """

    block: int = 8 * _MIB
    split: int = 128 * _MIB
    line: int = 16 * _MIB
    header: int = 8 * _MIB
    columns: int = 16_384
    expansion: int = 250
    free_expansion: int = 256 * _MIB
    whole: int = 256 * _MIB
    cells: int = 20_000_000
    memory: int = 2048 * _MIB
    seconds: int = 300
    object_memory: int = 4096 * _MIB
    object_seconds: float = 3600.0
    malformed: int = MOST_EXAMPLES
    malformed_text: int = 1024

    def with_all_malformed(self) -> Limits:
        """Show every row that cannot be parsed, whole."""
        return replace(self, malformed=sys.maxsize, malformed_text=sys.maxsize)

    def part(self, size: int, columns: int) -> int:
        """Say how large the parts of a file are: several for all cores, but none as small as the state it gives.

        It depends on the file alone, never on the cluster, so the same file has the same parts everywhere.
        """
        return min(self.split, max(_LEAST_PART, columns * _STATE_OF_A_COLUMN, -(-size // _WANTED_PARTS)))
