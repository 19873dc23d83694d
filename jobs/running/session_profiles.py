"""Which kind of Spark session each job needs; `spark-submit.sh` has to know before the job starts.

`python -m jobs.running.session_profiles JOB` prints the name of the kind.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from types import MappingProxyType

from etl_core.spark.profiles import FILES, RECORDS, TABLES, SessionProfile

#: Jobs that need another session than one for files, by their names.
_OTHERS: Mapping[str, SessionProfile] = MappingProxyType(
    {"lake": TABLES, "reprocess": TABLES, "to_silver": TABLES, "watch_records": RECORDS}
)


def profile_of_job(name: str) -> SessionProfile:
    """The kind of session that a job needs; dashes in its name are as good as underscores."""
    return _OTHERS.get(name.replace("-", "_"), FILES)


if __name__ == "__main__":
    print(profile_of_job(sys.argv[1]).name)  # noqa: T201 - for spark-submit.sh
