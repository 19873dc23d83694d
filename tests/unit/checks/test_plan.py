"""Every constraint of a definition becomes one check with its tolerance."""

from fractions import Fraction

from dq.checks.check import Check
from dq.checks.plan import plan_checks
from dq.definitions import load_definition
from dq.schema.definition import FieldType, Scoring, Severity

DEFINITION = load_definition(
    {
        "strict": True,
        "fields": [
            {"name": "id", "type": "integer", "unique": True, "required": True},
            {"name": "fare", "type": "number", "min": {"value": 0, "threshold": 0.25}, "max": 9, "severity": "warning"},
            {"name": "name", "pattern": "[a-z]+", "sensitive": True},
        ],
        "uniqueKeys": [{"value": ["fare", "name"], "severity": "critical"}],
        "scoring": {"mode": "by_rule"},
    }
)


def test_without_a_definition_only_the_format_is_checked() -> None:
    plan = plan_checks(None)
    assert plan.checks == (Check("parsable", "format"),)
    assert plan.scoring == Scoring()
    assert plan.sensitive == frozenset()


def test_every_declared_field_is_a_check_and_strict_one_more() -> None:
    assert plan_checks(DEFINITION).of("schema") == (
        Check("type", "schema", ("id",), argument=FieldType.INTEGER),
        Check("type", "schema", ("fare",), Severity.WARNING, argument=FieldType.NUMBER),
        Check("type", "schema", ("name",), argument=FieldType.ANY),
        Check("extra", "schema"),
    )


def test_required_fields_are_checks_of_completeness() -> None:
    assert plan_checks(DEFINITION).of("completeness") == (Check("required", "completeness", ("id",)),)


def test_bounds_keep_their_own_tolerance() -> None:
    assert plan_checks(DEFINITION).of("bounds") == (
        Check("min", "bounds", ("fare",), Severity.WARNING, Fraction(1, 4), 0.0),
        Check("max", "bounds", ("fare",), Severity.WARNING, Fraction(0), 9.0),
        Check("pattern", "bounds", ("name",), argument="[a-z]+"),
    )


def test_keys_are_checks_of_uniqueness() -> None:
    assert plan_checks(DEFINITION).of("uniqueness") == (
        Check("unique", "uniqueness", ("id",)),
        Check("unique", "uniqueness", ("fare", "name"), Severity.CRITICAL),
    )


def test_a_plan_knows_the_sensitive_columns_and_the_scoring() -> None:
    plan = plan_checks(DEFINITION)
    assert plan.sensitive == {"name"}
    assert plan.scoring == DEFINITION.scoring
