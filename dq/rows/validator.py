"""A table checked step by step, as people do in notebooks; underneath are a definition and one reading of the data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final, cast
from urllib.parse import quote

from dq.checks.check_result import CheckResult, Status
from dq.checks.plan import DIMENSIONS
from dq.checks.wording import visible
from dq.definitions import load_definition
from dq.errors import DefinitionError
from dq.formats.typed.columns import families
from dq.rows.check_frame import require_aware, summarise_frame
from dq.rows.framed import is_of_spark
from dq.rows.frames import frame_of
from dq.rows.quality_check import (
    AskedCheck,
    QualityCheck,
    json_value,
    literal,
    quoted_name,
    said_share,
    severity_of,
    share_of,
    share_of_failures,
)
from dq.rows.referred.reference_frames import keys_of_frame
from dq.schema.cells import UNPARSABLE, parse_cell
from dq.schema.definition import FieldType, Severity
from dq.schema.expressions.parser import parse_expression
from dq.schema.expressions.tokens import ExpressionError
from dq.schema.loading.problems import suggestion
from etl_core.errors import UsageError

#: Characters of the name of a rule.
_MOST_NAME: Final = 200
#: Null checks that tolerate less than this are critical.
_STRICT: Final = 0.01
#: What a definition has one of.
_SINGLE: Final = ("rowCount", "freshness")
_ORDERED: Final = frozenset(
    {
        FieldType.INTEGER, FieldType.NUMBER, FieldType.DECIMAL, FieldType.DATE, FieldType.DATETIME, FieldType.TIME,
        FieldType.DURATION,
    }
)  # fmt: skip


class Validator:
    """Checks on one table of PySpark, pandas, polars or Arrow; each `check_...` adds one and gives the validator back.

    >>> import pandas as pd
    >>> orders = pd.DataFrame({"id": [1, 2, 3], "fare": [5.0, 250.0, 7.5]})
    >>> validator = Validator(orders).check_nulls("id", threshold=0.0).check_value_range("fare", 0, 190)
    >>> validator.run_all_checks()
    False
    >>> [(check.name, check.passed, check.severity) for check in validator.results]
    [('nulls: id', True, 'critical'), ('value_range: fare', False, 'error')]
    >>> print(validator.results[1].message)
    33.3% of values are out of range (1 of 3), tolerated are 1.0%
    """

    def __init__(self, frame: Any) -> None:  # noqa: ANN401 - of any library
        """Take a table; nothing of a table of PySpark is read yet.

        Raises:
            UsageError: it is no table.
        """
        if is_of_spark(frame):
            from dq.rows.spark.types import arrow_schema  # noqa: PLC0415 - loads Spark

            self._frame, schema = frame, arrow_schema(frame)
        else:
            table = frame_of(frame)
            self._frame, schema = table.as_table(), table.schema
        self._types = families(schema)
        self._asked: list[AskedCheck] = []
        #: the tables that are referred to, by how the definition calls them
        self._tables: dict[str, Any] = {}
        self._now: datetime | None = None
        self.results: list[QualityCheck] = []

    def check_nulls(self, column: str, threshold: float = 0.01, severity: str | None = None) -> Validator:
        """Ask that at most a share of a column is null; critical where that is under 0.01, unless said otherwise."""
        column, _ = self._known(column)
        threshold = share_of(threshold, "threshold")
        level = Severity.CRITICAL if threshold < _STRICT else Severity.ERROR
        return self._ask(
            AskedCheck(
                f"nulls: {column}",
                severity_of(severity, level),
                threshold,
                ("required",),
                (column,),
                lambda found: share_of_failures(found, threshold, "of values are null"),
                constraints={"required": {"value": True, "threshold": threshold}},
            )
        )

    def check_uniqueness(
        self, column: str | Sequence[str], threshold: float = 0.99, severity: str | None = None
    ) -> Validator:
        """Ask that at least a share of rows has a value of its own in a column, or in several together."""
        wanted = (column,) if isinstance(column, str) else tuple(column)
        columns = tuple(self._known(name)[0] for name in wanted)
        threshold = share_of(threshold, "threshold")
        tolerated = float(1 - Fraction(str(threshold)))

        def outcome(found: Mapping[str, CheckResult]) -> tuple[bool, Any, str]:
            passed, value, _ = share_of_failures(found, tolerated, "")
            unique = None if value is None else 1 - value
            text = "the table has no row to check" if unique is None else f"{said_share(unique)} of rows are unique"
            return passed, unique, f"{text}, wanted are {said_share(threshold)}"

        return self._ask(
            AskedCheck(
                f"uniqueness: {', '.join(columns)}",
                severity_of(severity, Severity.ERROR),
                threshold,
                ("unique",),
                columns,
                outcome,
                properties={"uniqueKeys": [{"columns": list(columns), "threshold": tolerated}]},
            )
        )

    def check_value_range(
        self,
        column: str,
        low: Any = None,  # noqa: ANN401 - of the column's type
        high: Any = None,  # noqa: ANN401 - as `low`
        tolerance: float = 0.01,
        severity: str | None = None,
    ) -> Validator:
        """Ask that at most a share of values is below `low` or above `high`; None leaves a side open."""
        column, kind = self._known(column)
        if kind not in _ORDERED:
            message = f"{column} is of type {kind.value}; a range can be asked of numbers, dates and times"
            raise UsageError(f"{message}: cast it, or use check_pattern or check_enum")
        if low is None and high is None:
            raise UsageError(f"the range of {column} has neither low nor high; give at least one")
        sides = [
            f"{quoted_name(column)} {compared} {literal(value, kind)}"
            for compared, value in ((">=", low), ("<=", high))
            if value is not None
        ]
        if low is not None and high is not None and _is_above(low, high, kind):
            raise UsageError(f"low {low!r} is above high {high!r}, so that no value can pass")
        return self._condition(
            f"value_range: {column}", " and ".join(sides), "of values are out of range", tolerance, severity
        )

    def check_referential_integrity(
        self,
        column: str,
        reference: Any,  # noqa: ANN401 - of any library
        ref_column: str,
        tolerance: float = 0.01,
        severity: str | None = None,
        source: str | None = None,
    ) -> Validator:
        """Ask that all but a share of values are in a column of another table; nulls are not asked.

        Args:
            column: of this table.
            reference: the other table.
            ref_column: its column.
            tolerance: the share of values that may be missing there.
            severity: critical unless said otherwise.
            source: where files find the other table, as a definition names it: `s3://...`, `table:schema.name`.
        """
        column, _ = self._known(column)
        tolerance = share_of(tolerance, "tolerance")
        place = source or f"file://{quote(ref_column)}"
        while self._tables.get(place, reference) is not reference:  # another table with such a column
            place += "'"
        rule = {"fields": [column], "in": place, "on": [ref_column], "threshold": tolerance}
        self._tables[place] = reference
        return self._ask(
            AskedCheck(
                f"referential_integrity: {column}",
                severity_of(severity, Severity.CRITICAL),
                tolerance,
                ("references",),
                (column,),
                lambda found: share_of_failures(found, tolerance, f"of values are not in {ref_column}"),
                properties={"references": [rule]},
            )
        )

    def check_pattern(
        self, column: str, pattern: str, tolerance: float = 0.01, severity: str | None = None
    ) -> Validator:
        """Ask that all but a share of values match an RE2 pattern as a whole."""
        return self._constraint("pattern", column, "pattern", pattern, tolerance, severity)

    def check_enum(
        self, column: str, values: Iterable[Any], tolerance: float = 0.01, severity: str | None = None
    ) -> Validator:
        """Ask that all but a share of values are among those listed."""
        if isinstance(values, str):
            raise UsageError(f"the values are the text {values!r}; expected a list of values")
        listed = [format(one, "f") if isinstance(one, Decimal) else json_value(one) for one in values]
        return self._constraint("enum", column, "enum", listed, tolerance, severity)

    def check_expression(self, expression: str, tolerance: float = 0.01, severity: str | None = None) -> Validator:
        """Ask that all but a share of rows fulfil a condition over their columns, such as `end_date >= start_date`."""
        try:
            parse_expression(expression, self._types)
        except ExpressionError as error:
            raise UsageError(f"the expression {expression!r} has no meaning {error}") from None
        return self._condition(
            f"expression: {expression.strip()}", expression, "of rows do not fulfil it", tolerance, severity
        )

    def check_freshness(
        self, column: str, max_age: str | timedelta, now: datetime, severity: str | None = None
    ) -> Validator:
        """Ask that the newest value is at most `max_age` (`2d`, `36h`, or a timedelta) older than `now`, aware."""
        column, _ = self._known(column)
        require_aware(now, "now")
        if self._now not in (None, now):
            raise UsageError("freshness is asked for as of two moments; a run has one: give the same `now`")
        if isinstance(max_age, timedelta) and max_age % timedelta(minutes=1):
            raise UsageError(f"max_age is {max_age}; expected whole minutes")
        age = f"{max_age // timedelta(minutes=1)}m" if isinstance(max_age, timedelta) else max_age
        self._now = now
        return self._of_file("freshness", column, {"field": column, "maxAge": age}, age, severity)

    def check_row_count(
        self, low: int | None = None, high: int | None = None, severity: str | None = None
    ) -> Validator:
        """Ask for at least `low` rows and at most `high`; None leaves a side open."""
        limits = {name: value for name, value in (("min", low), ("max", high)) if value is not None}
        return self._of_file("rowCount", None, limits, (low, high), severity)

    def definition(self) -> dict[str, Any]:
        """Give the checks as a definition, which can be stored as JSON and held against files."""
        fields: list[dict[str, Any]] = [{"name": name, "type": kind.value} for name, kind in self._types.items()]
        places = {one["name"]: one for one in fields}
        found: dict[str, Any] = {"fields": fields}
        for asked in self._asked:
            for rule, constraint in asked.constraints.items():
                own = places[asked.columns[0]].setdefault("constraints", {})
                own[rule] = {**constraint, "severity": asked.severity.value}
            for name, value in asked.properties.items():
                if isinstance(value, list):
                    found.setdefault(name, []).extend({**one, "severity": asked.severity.value} for one in value)
                else:
                    found[name] = {**value, "severity": asked.severity.value}
        return found

    def run_all_checks(self) -> bool:
        """Read the table once and run all checks; False where a critical or an error check has not passed.

        Raises:
            UsageError: an argument of a check cannot be meant.
            PipelineError: the table could not be read.
        """
        definition = load_definition(self.definition())
        references = {
            one.wanted: keys_of_frame(self._tables[one.wanted.source], one.wanted) for one in definition.references
        }
        checks, summary = summarise_frame(self._frame, definition, "typed", references)
        plan = replace(checks.plan, run_start=self._now)
        results = [result for dimension in DIMENSIONS for result in dimension.measure(summary, plan).results]
        by_rule = {(result.rule, result.check.columns): result for result in results}
        by_rule |= {(result.rule, ()): result for result in results}  # a condition speaks of columns of its own
        self.results = []
        for asked in self._asked:
            found = {rule: result for rule in asked.rules if (result := by_rule.get((rule, asked.columns))) is not None}
            passed, value, message = asked.outcome(found)
            self.results.append(QualityCheck(asked.name, asked.severity.value, passed, message, value, asked.threshold))
        return all(check.passed for check in self.results if check.severity != Severity.WARNING.value)

    def get_report(self) -> str:
        """Write the results for people, a line each."""
        if not self.results:
            return "No check was run."
        passed = sum(check.passed for check in self.results)
        lines = [f"{passed} of {len(self.results)} checks passed"]
        for check in self.results:
            mark = "passed" if check.passed else "FAILED"
            lines.append(f"{mark:6}  {check.severity:8}  {check.name}: {check.message}")
        return "\n".join(lines)

    def _condition(self, name: str, expression: str, said: str, tolerance: float, severity: str | None) -> Validator:
        """Ask a condition of every row; its rule is called like the check, as far as rules may be called so."""
        tolerance = share_of(tolerance, "tolerance")
        names = {rule for asked in self._asked for rule in asked.rules}
        rule = visible(name, _MOST_NAME).strip()
        if rule in names and not self._is_asked(name):  # begins like another one that is as long
            rule = f"{rule[: _MOST_NAME - 6]} ({len(names)})"
        told = {"rule": rule, "expression": expression, "threshold": tolerance}
        return self._ask(
            AskedCheck(
                name,
                severity_of(severity, Severity.ERROR),
                tolerance,
                (rule,),
                (),
                lambda found: share_of_failures(found, tolerance, said),
                properties={"rows": [told]},
            )
        )

    def _constraint(
        self,
        what: str,
        column: str,
        rule: str,
        value: Any,  # noqa: ANN401 - any JSON value
        tolerance: float,
        severity: str | None,
    ) -> Validator:
        column, _ = self._known(column)
        tolerance = share_of(tolerance, "tolerance")
        said = {"pattern": "of values are not of the pattern", "enum": "of values are not among those listed"}[rule]
        return self._ask(
            AskedCheck(
                f"{what}: {column}",
                severity_of(severity, Severity.ERROR),
                tolerance,
                (rule,),
                (column,),
                lambda found: share_of_failures(found, tolerance, said),
                constraints={rule: {"value": value, "threshold": tolerance}},
            )
        )

    def _of_file(
        self,
        rule: str,
        column: str | None,
        value: Mapping[str, Any],
        threshold: object,
        severity: str | None,
    ) -> Validator:
        def outcome(found: Mapping[str, CheckResult]) -> tuple[bool, Any, str]:
            result = found.get(rule)
            if result is None or result.status is Status.NOT_RUN:
                return False, None, "it could not be measured"
            passed = result.status is Status.PASSED
            return passed, result.measured, "as wanted" if passed else result.text

        name = {"rowCount": "row_count"}.get(rule, rule)
        return self._ask(
            AskedCheck(
                f"{name}: {column}" if column else name,
                severity_of(severity, Severity.ERROR),
                threshold,
                (rule,),
                (column,) if column else (),
                outcome,
                properties={rule: value},
            )
        )

    def _ask(self, asked: AskedCheck) -> Validator:
        """Add a check; raises for one that there is, or that cannot be meant, and leaves the others as they are."""
        single = [name for name in asked.properties if name in _SINGLE]
        if self._is_asked(asked.name) or any(name in one.properties for one in self._asked for name in single):
            raise UsageError(
                f"the check {asked.name!r} is asked for twice; a definition holds one of each: leave one out"
            )
        self._asked.append(asked)
        try:
            load_definition(self.definition())
        except DefinitionError:
            self._asked.remove(asked)
            raise
        return self

    def _is_asked(self, name: str) -> bool:
        return any(one.name == name for one in self._asked)

    def _known(self, column: object) -> tuple[str, FieldType]:
        """Give a column as the definition calls it, and its type; raises UsageError where there is none."""
        name = str(column)
        name = name if name in self._types else name.strip()
        if name not in self._types:
            message = f"the table has no column {name!r}{suggestion(name, self._types)}"
            raise UsageError(f"{message}; it has {', '.join(self._types) or 'none'}")
        return name, self._types[name]


def _is_above(low: Any, high: Any, kind: FieldType) -> bool:  # noqa: ANN401 - of the column's type
    """Compare two limits as values of their column; texts stand for dates and times."""
    said = [json_value(one) for one in (low, high)]
    least, most = (cast("Any", parse_cell(one, kind) if isinstance(one, str) else one) for one in said)
    if type(least) is not type(most) and not all(isinstance(one, int | float | Decimal) for one in (least, most)):
        return False
    return least is not UNPARSABLE and bool(least > most)
