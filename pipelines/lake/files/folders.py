"""Where in a table's folder the files of a partition lie.

What partition a file belongs to stands in the log. Its folder is for people and must not be misread: no `=` (readers of
bare files would take it for a column), no `%` or `:` (which some readers decode once, some twice), nothing that starts
with `_` or `.` (which VACUUM would pass over).
"""

from __future__ import annotations

import hashlib
import re

from etl_core.errors import UsageError
from etl_core.objects.place import Place, parse_place
from pipelines.lake.run_part import RunKey

_ODD = re.compile(r"[^A-Za-z0-9_-]+")
_LONGEST = 60
_PLAIN_PREFIX = re.compile(r"[A-Za-z0-9/._-]*")


def place_of_lake(root: str) -> Place:
    """Where the lake's tables lie: LAKE_ROOT, `s3://bucket/prefix` or a local folder.

    Raises:
        UsageError: the root is neither, or a prefix that not every reader finds.
    """
    place = parse_place(root)
    if place.bucket is not None and not _PLAIN_PREFIX.fullmatch(place.key):
        raise UsageError(
            f"LAKE_ROOT is {root!r}; in S3 it may hold letters, digits, slashes, dots, hyphens and underscores, because"
            " readers of tables encode anything else in different ways"
        )
    return place


def folder_of(run: RunKey) -> str:
    """The folder of a run's partition, relative to the table's."""
    return f"{plain_name(run.agency_slug)}/{run.run_date.isoformat()}"


def file_path(run: RunKey, attempt: str, number: int) -> str:
    """The path of a file, relative to the table's folder.

    Args:
        run: whose rows it holds.
        attempt: different for every try of every task, so that no try writes over another's file.
        number: of the file within the attempt.
    """
    return f"{folder_of(run)}/{run.run_hour:02d}-{plain_name(attempt)}-{number:04d}.zstd.parquet"


def plain_name(text: str) -> str:
    """`text` where it is a plain name; else a similar one with a part of its digest, different for different texts."""
    plain = _ODD.sub("-", text)
    if plain == text and 0 < len(text) <= _LONGEST and text[0] not in "_-":
        return text
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return f"{plain[:_LONGEST].strip('_-') or 'x'}-{digest}"
