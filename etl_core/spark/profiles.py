"""Kinds of Spark sessions: which settings and which jars each has.

What is right for counting files (no adaptive plans, few uncompressed shuffle blocks) is wrong for SQL on tables, and
Delta's jars and plans cost seconds in sessions that have no table (decision 0018). A new kind is one entry in
`PROFILES` and one file in `conf/spark`.

`python -m etl_core.spark.profiles settings NAME` prints the settings, a line each, and `... jars NAME` where its jars
are: for `spark-submit.sh`.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from etl_core.errors import PipelineError, RetryableError, SettingsError
from etl_core.shipped_files import shipped_file
from etl_core.spark.jars import present_jars


@dataclass(frozen=True, slots=True)
class SessionProfile:
    """One kind of session.

    Attributes:
        name: of the kind, and of its file in `conf/spark`.
        jar_sets: names of the jars it loads, see `jar_sets`.
    """

    name: str
    jar_sets: tuple[str, ...]

    def options(self) -> dict[str, str]:
        """Spark's options for such a session: those of every session, then its own."""
        return {**_read_options("common"), **_read_options(self.name)}


#: For the verdict engine: reads files where they land, writes no tables.
FILES = SessionProfile("files", ("s3",))
#: For SQL and Delta tables.
TABLES = SessionProfile("tables", ("s3", "delta"))
#: For streams of records: Kafka in; tables are written without Delta's jars.
RECORDS = SessionProfile("records", ("s3", "kafka"))

PROFILES: Mapping[str, SessionProfile] = MappingProxyType(
    {profile.name: profile for profile in (FILES, TABLES, RECORDS)}
)


def find_profile(name: str) -> SessionProfile:
    """The profile of that name.

    Raises:
        SettingsError: there is none; the message has the names there are.
    """
    if name not in PROFILES:
        raise SettingsError("Spark", [f"there is no session profile {name!r}; there are {', '.join(PROFILES)}"])
    return PROFILES[name]


def _read_options(name: str) -> dict[str, str]:
    lines = (line.strip() for line in shipped_file(f"spark/{name}.conf").read_text(encoding="utf-8").splitlines())
    pairs = (line.split(None, 1) for line in lines if line and not line.startswith("#"))
    return {option: value.strip() for option, value in pairs}


def _print(what: str, profile: SessionProfile) -> None:
    if what == "jars":
        print(",".join(map(str, present_jars(profile.jar_sets))))  # noqa: T201 - for spark-submit.sh
    else:
        for option, value in profile.options().items():
            print(f"{option}={value}")  # noqa: T201 - for spark-submit.sh


if __name__ == "__main__":
    try:
        _print(sys.argv[1], find_profile(sys.argv[2]))
    except PipelineError as problem:
        print(problem, file=sys.stderr)  # noqa: T201 - for people
        sys.exit(75 if isinstance(problem, RetryableError) else 2)
