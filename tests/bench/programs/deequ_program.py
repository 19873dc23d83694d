"""PyDeequ on its own PySpark: its column profiles, the same checks, and that Spark's bare read.

Runs in an environment of its own (`deequ_environment.py`), so of this repository it imports only the
protocol, which stands beside it.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_TYPES = {"integer": "bigint", "number": "double", "date": "date", "datetime": "timestamp", "boolean": "boolean"}
_PACKAGE = "com.amazon.deequ:deequ:2.1.0-spark-3.5"
#: A rule language that nothing here uses; one of its dependencies is on no public repository.
_EXCLUDED = "software.amazon.glue:dqdl"


def main() -> None:
    """Start the session and answer."""
    from contestant import serve  # type: ignore[import-not-found] # noqa: PLC0415 - found beside this file

    def prepare() -> Mapping[str, Any]:
        work = DeequWork()
        return {"noop": work.noop, "profile": work.profile, "checks": work.checks}

    serve(prepare)


class DeequWork:
    """What is measured, on one session."""

    def __init__(self) -> None:
        os.environ.setdefault("SPARK_VERSION", "3.5")
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        from pyspark.sql import SparkSession  # noqa: PLC0415 - this environment's, not the repository's

        builder: Any = SparkSession.builder
        self._session = (
            builder.master("local[2]")
            .config("spark.jars.packages", _PACKAGE)
            .config("spark.jars.excludes", _EXCLUDED)
            .config("spark.ui.enabled", "false")
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.driver.memory", "4g")
            .config("spark.sql.shuffle.partitions", "8")
            .config("spark.sql.session.timeZone", "UTC")
            .getOrCreate()
        )
        self._session.sparkContext.setLogLevel("ERROR")

    def noop(self, path: str, definition: Mapping[str, Any]) -> None:
        """Read every cell as text and drop it."""
        names = ", ".join(f"`{field['name']}` string" for field in definition["fields"])
        self._session.read.schema(names).csv(path, header=True).write.format("noop").mode("overwrite").save()

    def profile(self, path: str, definition: Mapping[str, Any]) -> Mapping[str, Any]:
        """Deequ's profile of all columns."""
        from pydeequ.profiles import ColumnProfilerRunner  # type: ignore[import-not-found] # noqa: PLC0415

        result = ColumnProfilerRunner(self._session).onData(self._frame(path, definition)).run()
        return {"columns": len(result.profiles)}

    def checks(self, path: str, definition: Mapping[str, Any]) -> Mapping[str, Any]:
        """The definition's rules as one Deequ check."""
        from pydeequ.checks import Check, CheckLevel  # type: ignore[import-not-found] # noqa: PLC0415
        from pydeequ.verification import (  # type: ignore[import-not-found] # noqa: PLC0415
            VerificationResult,
            VerificationSuite,
        )

        check = Check(self._session, CheckLevel.Error, "the definition")
        for field in definition["fields"]:
            check = _with_rules(check, field)
        for key in definition.get("primaryKey", ()):
            check = check.isUnique(key)
        result = VerificationSuite(self._session).onData(self._frame(path, definition)).addCheck(check).run()
        return {"rules": VerificationResult.checkResultsAsDataFrame(self._session, result).count()}

    def _frame(self, path: str, definition: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a data frame of that PySpark
        types = ", ".join(f"`{field['name']}` {_TYPES.get(field['type'], 'string')}" for field in definition["fields"])
        return self._session.read.schema(types).csv(path, header=True)


def _with_rules(check: Any, field: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a check of Deequ
    name = field["name"]
    if field.get("required"):
        check = check.isComplete(name)
    if "min" in field:
        check = check.satisfies(f"{name} >= {field['min']} OR {name} IS NULL", f"{name} min")
    if "max" in field:
        check = check.satisfies(f"{name} <= {field['max']} OR {name} IS NULL", f"{name} max")
    if "enum" in field:
        check = check.isContainedIn(name, field["enum"])
    if "pattern" in field:
        check = check.hasPattern(name, f"^{field['pattern']}$")
    if "minLength" in field:
        check = check.hasMinLength(name, lambda length: length >= field["minLength"])
    return check


if __name__ == "__main__":
    main()
