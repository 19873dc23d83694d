"""What the counts of a file mean, dimension by dimension."""

import json
from typing import Any

import pytest

from dq.profiling.summary.summary import Example, KeySummary
from tests.unit.verdict.samples import column, summary, verdict_of

FIVE_FIELDS = {"fields": [{"name": name} for name in "abcde"]}


def statuses(metrics: Any) -> dict[str, str]:  # noqa: ANN401
    return {name: metric["status"] for name, metric in metrics.items()}


def test_one_of_five_fields_missing_costs_eight_points() -> None:
    verdict = verdict_of(summary(*map(column, "abcd"), missing_columns=("e",)), FIVE_FIELDS)
    assert verdict.score == 92
    assert verdict.deductions == {"schema": 8, "format": 0, "completeness": 0, "bounds": 0, "uniqueness": 0}
    assert verdict.metrics["schemaValidation"]["details"] == "1 of 5 declared fields fails: e is missing."
    assert verdict.failed_validation_message == "schemaValidation (-8): e is missing"
    assert verdict.failed_validation_rules == (
        {
            "rule": "missing",
            "dimension": "schema",
            "column": "e",
            "columns": ["e"],
            "severity": "error",
            "failed": 1,
            "checked": 1,
            "rate": 1.0,
            "deduction": 8.0,
            "examples": [],
            "note": "a column that is missing has no values",
        },
    )


def test_a_clean_file_scores_100_without_a_message() -> None:
    verdict = verdict_of(summary(*map(column, "abcde")), FIVE_FIELDS)
    assert (verdict.score, verdict.passed, verdict.failed_validation_message) == (100, True, None)
    assert verdict.failed_validation_rules == ()


def test_without_a_definition_only_the_format_is_judged() -> None:
    verdict = verdict_of(summary(column("a")), None)
    assert verdict.score == 100
    assert statuses(verdict.metrics) == {
        "schemaValidation": "not_run",
        "formatParsing": "passed",
        "completeness": "not_run",
        "boundsRange": "not_run",
        "uniqueness": "not_run",
    }
    assert all(metric["passed"] for metric in verdict.metrics.values())
    assert "no schema definition" in verdict.metrics["completeness"]["details"]


def test_a_metric_the_definition_asks_nothing_of_says_so_and_passes() -> None:
    verdict = verdict_of(summary(column("a")), {"fields": [{"name": "a"}]})
    metric = verdict.metrics["uniqueness"]
    assert (metric["status"], metric["passed"]) == ("not_run", True)
    assert metric["details"] == "Not run: the schema definition does not say which keys are unique."


@pytest.mark.parametrize(
    ("figures", "rule", "text"),
    [
        (
            {"unreadable": "invalid footer.\nsee above"},
            "unreadable",
            "The file cannot be parsed: invalid footer. see above.",
        ),
        (
            {"no_header": True},
            "no_header",
            "The file has no header line that names its columns; add one, or declare csv.header false.",
        ),
    ],
)
def test_a_file_that_cannot_be_parsed_loses_the_weight_of_the_format(
    figures: dict[str, Any], rule: str, text: str
) -> None:
    definition = {"fields": [{"name": "a", "required": True, "unique": True}]}
    verdict = verdict_of(summary(**figures), definition)
    assert (verdict.score, verdict.passed) == (65, False)
    assert verdict.deductions["format"] == 35
    assert verdict.metrics["formatParsing"]["details"] == text
    assert verdict.failed_validation_rules[0]["rule"] == rule
    metrics = {name: (metric["status"], metric["passed"]) for name, metric in verdict.metrics.items()}
    assert metrics == {
        "schemaValidation": ("not_run", False),
        "formatParsing": ("failed", False),
        "completeness": ("not_run", False),
        "boundsRange": ("not_run", True),
        "uniqueness": ("not_run", False),
    }


def test_malformed_rows_cost_their_share_and_name_the_first_line() -> None:
    figures = summary(column("a", rows=97), malformed=3, malformed_examples=(Example(9, "x,y"), Example(4, "z,z")))
    verdict = verdict_of(figures, {"fields": [{"name": "a"}]})
    assert verdict.deductions["format"] == pytest.approx(35 * 3 / 100)
    details = verdict.metrics["formatParsing"]["details"]
    assert details == "3.0% of rows cannot be parsed (3 of 100), the first at line 4."
    message = 'formatParsing (-1.05): 3 of 100 rows cannot be parsed; first at line 9: "x,y"'
    assert verdict.failed_validation_message == message


def test_completeness_counts_cells_of_required_fields_that_are_there() -> None:
    definition = {"fields": [{"name": name, "required": True} for name in ("driver", "car", "gone")] + [{"name": "b"}]}
    figures = summary(
        column("driver", 5_000_000, 100_000),
        column("car", 5_000_000),
        column("b", 5_000_000, 4_000_000),
        missing_columns=("gone",),
    )
    verdict = verdict_of(figures, definition)
    assert verdict.deductions["completeness"] == pytest.approx(20 / 100)
    assert verdict.metrics["completeness"]["details"] == (
        "1.0% of the values of required fields are null: driver (100,000 of 5,000,000); "
        "gone is not checked, being missing or of another type."
    )
    assert (verdict.metrics["completeness"]["failed"], verdict.metrics["completeness"]["checked"]) == (10**5, 10**7)


def test_a_cell_breaking_two_rules_counts_once_and_is_shared_between_them() -> None:
    definition = {"fields": [{"name": "a", "type": "string", "pattern": "x+", "minLength": 3}, {"name": "b"}]}
    broken = {frozenset({"pattern", "minLength"}): 10, frozenset({"pattern"}): 5}
    verdict = verdict_of(summary(column("a", nulls=50, violations=broken), column("b")), definition)
    assert verdict.deductions["bounds"] == pytest.approx(15 * 15 / 50)
    shares = {rule["rule"]: (rule["failed"], rule["deduction"]) for rule in verdict.failed_validation_rules}
    assert shares == {"pattern": (15, pytest.approx(15 * 10 / 50)), "minLength": (10, pytest.approx(15 * 5 / 50))}


def test_a_tolerated_rule_takes_no_part_in_the_failing_cells() -> None:
    definition = {"fields": [{"name": "a", "type": "integer", "min": {"value": 0, "threshold": 0.1}, "enum": [1, 2]}]}
    broken = {frozenset({"min"}): 3, frozenset({"min", "enum"}): 7, frozenset({"enum"}): 10}
    verdict = verdict_of(summary(column("a", violations=broken)), definition)
    assert verdict.deductions["bounds"] == pytest.approx(15 * 17 / 100)
    assert [rule["rule"] for rule in verdict.failed_validation_rules] == ["enum"]


def test_a_share_equal_to_the_threshold_is_tolerated() -> None:
    definition = {"fields": [{"name": "a", "required": {"value": True, "threshold": 0.07}}]}
    assert verdict_of(summary(column("a", nulls=7)), definition).score == 100
    assert verdict_of(summary(column("a", nulls=8)), definition).metrics["completeness"]["status"] == "failed"


def test_uniqueness_is_the_mean_over_the_keys_that_are_there() -> None:
    definition = {"fields": [{"name": "a"}, {"name": "b"}], "uniqueKeys": [["a"], ["a", "b"], ["b"]]}
    keys = (KeySummary(("a",), 90, 9), KeySummary(("a", "b"), missing=True), KeySummary(("b",), 100, 0))
    verdict = verdict_of(summary(column("a", nulls=10), column("b"), keys=keys), definition)
    assert verdict.deductions["uniqueness"] == pytest.approx(10 * (9 / 90 + 0) / 2)
    assert verdict.metrics["uniqueness"]["rulesNotRun"] == 1


def test_a_warning_is_listed_last_and_costs_nothing() -> None:
    definition = {
        "fields": [
            {"name": "a", "required": {"value": True, "severity": "warning"}},
            {"name": "b", "required": True},
        ]
    }
    verdict = verdict_of(summary(column("a", nulls=99), column("b", nulls=1)), definition)
    assert verdict.deductions["completeness"] == pytest.approx(20 / 200)
    assert verdict.failed_validation_message == (
        "completeness (-0.1): b is required and null in 1 of 100 rows\n"
        "completeness (warning): a is required and null in 99 of 100 rows"
    )
    assert [rule["deduction"] for rule in verdict.failed_validation_rules] == [pytest.approx(0.1), 0]
    assert verdict.metrics["completeness"]["warnings"] == 1


def test_a_file_with_warnings_only_passes_every_metric() -> None:
    definition = {"fields": [{"name": "a", "severity": "warning", "required": True}, {"name": "b"}]}
    verdict = verdict_of(summary(column("a", nulls=1, unparsable=3), column("b")), definition)
    assert (verdict.score, verdict.passed) == (100, True)
    assert all(metric["passed"] for metric in verdict.metrics.values())
    assert "warning" in (verdict.failed_validation_message or "")
    assert "warnings: a has 3 of 99 values" in verdict.metrics["schemaValidation"]["details"]


def test_a_failing_critical_rule_fails_the_file_whatever_the_score() -> None:
    definition = {"fields": [{"name": "a", "required": {"value": True, "severity": "critical"}}, {"name": "b"}]}
    verdict = verdict_of(summary(column("a", nulls=1), column("b")), definition)
    assert (verdict.score, verdict.passed) == (100, False)
    assert (verdict.failed_validation_message or "").startswith("completeness (critical, -0.2): a")


def test_a_metric_stays_failed_when_its_deduction_rounds_to_nothing() -> None:
    definition = {"fields": [{"name": "a", "required": True}]}
    verdict = verdict_of(summary(column("a", 10_000_000, 1)), definition)
    assert verdict.score == 100
    assert not verdict.metrics["completeness"]["passed"]
    assert "under 0.1%" in verdict.metrics["completeness"]["details"]
    assert "(-under 0.01)" in (verdict.failed_validation_message or "")


def test_strict_counts_every_extra_column_and_never_more_than_the_weight() -> None:
    definition = {"strict": True, "fields": [{"name": "a"}, {"name": "b"}]}
    extra = tuple(f"x{number}" for number in range(5))
    figures = summary(*map(column, ("a", *extra)), missing_columns=("b",), extra_columns=extra)
    verdict = verdict_of(figures, definition)
    assert verdict.deductions["schema"] == 40
    assert len(verdict.failed_validation_rules) == 6
    assert sum(rule["deduction"] for rule in verdict.failed_validation_rules) == pytest.approx(40)


def test_extra_columns_are_welcome_unless_strict() -> None:
    figures = summary(column("a"), column("x", declared=False), extra_columns=("x",))
    assert verdict_of(figures, {"fields": [{"name": "a"}]}).score == 100


def test_a_repeated_and_unparsable_field_fails_once_for_two_reasons() -> None:
    figures = summary(column("a", unparsable=1), *map(column, "bcde"), repeated_columns=("a",))
    verdict = verdict_of(figures, FIVE_FIELDS)
    assert verdict.deductions["schema"] == 8
    assert [(rule["rule"], rule["deduction"]) for rule in verdict.failed_validation_rules] == [
        ("repeated", 4.0),
        ("type", 4.0),
    ]


def test_a_column_of_another_physical_type_fails_and_its_bounds_do_not_run() -> None:
    definition = {"fields": [{"name": "a", "type": "integer", "min": 0, "threshold": 1}]}
    figures = summary(column("a", unparsable=100, wrong_type=True, physical="string"))
    verdict = verdict_of(figures, definition)
    assert verdict.deductions["schema"] == 40
    assert "a is of type string, expected integer" in verdict.metrics["schemaValidation"]["details"]
    assert (verdict.metrics["boundsRange"]["status"], verdict.metrics["boundsRange"]["passed"]) == ("not_run", False)


def test_where_some_cells_fit_the_type_each_cell_counts() -> None:
    definition = {"fields": [{"name": "a", "type": "integer", "threshold": 0.5}]}
    assert verdict_of(summary(column("a", unparsable=50, wrong_type=True)), definition).score == 100


def test_header_only_loses_nothing() -> None:
    definition = {"fields": [{"name": "a", "required": True, "unique": True, "type": "integer", "min": 0}]}
    verdict = verdict_of(summary(column("a", rows=0), keys=(KeySummary(("a",)),)), definition)
    assert verdict.score == 100
    assert set(statuses(verdict.metrics).values()) == {"passed"}
    assert verdict.metrics["formatParsing"]["details"] == "The file has no rows."


BY_RULE: dict[str, Any] = {
    "fields": [
        {"name": "a", "type": "integer", "required": True, "min": 0, "max": 9},
        {"name": "b", "required": True},
        {"name": "c", "required": {"value": True, "severity": "warning"}},
        {"name": "d", "required": True},
    ],
    "scoring": {"mode": "by_rule"},
}


def test_by_rule_charges_each_failing_rule_its_part_of_those_that_ran() -> None:
    figures = summary(
        column("a", nulls=1, violations={frozenset({"max"}): 1}),
        column("b"),
        column("c", nulls=50),
        missing_columns=("d",),
        malformed=1,
    )
    verdict = verdict_of(figures, BY_RULE)
    assert verdict.deductions == pytest.approx(
        {"schema": 10, "format": 35, "completeness": 20 / 3, "bounds": 7.5, "uniqueness": 0}
    )


def test_all_or_nothing_takes_the_whole_weight() -> None:
    definition = {**BY_RULE, "scoring": {"mode": "all_or_nothing", "weights": {"bounds": 1.5}}}
    figures = summary(
        column("a", nulls=1, violations={frozenset({"max"}): 1}), column("b", nulls=2), column("c"), column("d")
    )
    verdict = verdict_of(figures, definition)
    assert verdict.deductions == {"schema": 0, "format": 0, "completeness": 20, "bounds": 1.5, "uniqueness": 0}
    assert [rule["deduction"] for rule in verdict.failed_validation_rules] == [10, 10, 1.5]


def test_the_score_never_leaves_its_range() -> None:
    definition = {**FIVE_FIELDS, "scoring": {"weights": {"schema": 100, "format": 100}}}
    verdict = verdict_of(summary(missing_columns=tuple("abcde"), malformed=5), definition)
    assert (verdict.score, verdict.passed) == (0, False)


def test_scores_are_rounded_half_to_even_on_exact_fractions() -> None:
    definition = {"fields": [{"name": "a", "required": True}], "scoring": {"weights": {"completeness": 50}}}
    assert verdict_of(summary(column("a", nulls=5)), definition).score == 98  # 97.5
    assert verdict_of(summary(column("a", nulls=3)), definition).score == 98  # 98.5


def test_the_pass_score_itself_passes() -> None:
    definition = {**FIVE_FIELDS, "scoring": {"passScore": 92}}
    assert verdict_of(summary(*map(column, "abcd"), missing_columns=("e",)), definition).passed


def test_long_lists_of_failures_are_cut_in_sentences_and_kept_in_the_rules() -> None:
    names = [f"field{number:02}" for number in range(40)]
    definition = {"fields": [{"name": name} for name in names]}
    verdict = verdict_of(summary(column("field00"), missing_columns=tuple(names[1:])), definition)
    assert verdict.metrics["schemaValidation"]["details"].endswith("field05 is missing and 34 more.")
    lines = (verdict.failed_validation_message or "").split("\n")
    assert len(lines) == 11
    assert lines[-1] == "and 29 more findings"
    assert len(verdict.failed_validation_rules) == 39


def test_foreign_text_cannot_break_the_lines_or_the_database() -> None:
    name = "a\nb\x00\u2028\ud800" + "x" * 500
    verdict = verdict_of(summary(column("b"), extra_columns=(name,)), {"strict": True, "fields": [{"name": "b"}]})
    message = verdict.failed_validation_message or ""
    assert "\n" not in message
    assert len(message) < 200
    assert "\x00" not in str(verdict.failed_validation_rules)
    message.encode()


def test_undeclared_columns_are_counted_beside_the_declared_ones() -> None:
    definition = {"strict": True, "fields": [{"name": "a"}]}
    figures = summary(column("a"), *map(column, "bcdef"), extra_columns=tuple("bcdef"))
    metric = verdict_of(figures, definition).metrics["schemaValidation"]
    assert (metric["failed"], metric["checked"], metric["rules"], metric["rulesFailed"]) == (5, 6, 6, 5)
    assert metric["details"] == "The declared field is fine; 5 columns are not declared: b, c, d, e, f."


def test_a_critical_rule_that_could_not_run_is_not_kept() -> None:
    """Whatever the score: nobody knows whether it holds."""
    gone = {"name": "gone", "type": "string", "min": {"value": "a", "severity": "critical"}}
    definition = {"fields": [gone, {"name": "a"}], "scoring": {"passScore": 0}}
    verdict = verdict_of(summary(column("a"), missing_columns=("gone",)), definition)
    assert verdict.metrics["boundsRange"]["status"] == "not_run"
    assert (verdict.score, verdict.passed) == (80, False)
    message = (verdict.failed_validation_message or "").splitlines()
    assert message[-1] == "does not pass: critical rules could not run (min of gone)"


def test_a_composite_key_is_told_as_a_list_too() -> None:
    """Names may hold the comma that joins them."""
    definition = {"fields": [{"name": "a, b"}, {"name": "c"}], "uniqueKeys": [["a, b", "c"]]}
    keys = (KeySummary(("a, b", "c"), full=100, repeated=1, examples=(Example(3, "x, y"),)),)
    (rule,) = verdict_of(summary(column("a, b"), column("c"), keys=keys), definition).failed_validation_rules
    assert (rule["column"], rule["columns"]) == ("a, b, c", ["a, b", "c"])


def test_characters_nobody_can_see_are_written_in_examples_and_in_the_message() -> None:
    figures = column("fare", unparsable=1, unparsable_examples=(Example(2, "12\u00a0000"),))
    verdict = verdict_of(summary(figures), {"fields": [{"name": "fare", "type": "number"}]})
    assert verdict.failed_validation_rules[0]["examples"] == [{"line": 2, "value": "12<U+00A0>000"}]
    assert 'first at line 2: "12<U+00A0>000"' in (verdict.failed_validation_message or "")
    shown = verdict.profile_payload["typeFormatIssues"]["columns"][0]["examples"]  # type: ignore[index]
    assert shown == [{"line": 2, "value": "12<U+00A0>000"}]


@pytest.mark.parametrize("name", ["ü" * 5000, "x", "😀" * 300, "\x00" * 2000])
def test_rules_and_message_are_bounded_whatever_the_names_are(name: str) -> None:
    names = [f"{name}{at}" for at in range(3000)]
    verdict = verdict_of(
        summary(column("a"), extra_columns=tuple(names)), {"fields": [{"name": "a"}], "strict": True}
    )  # fmt: skip
    size = len(json.dumps([verdict.failed_validation_rules, verdict.failed_validation_message]))
    assert size <= 256 * 1024 + len("[, ]")
    assert 0 < len(verdict.failed_validation_rules) < 3000
    kept = f"the failed rules hold the worst {len(verdict.failed_validation_rules):,} of 3,000 findings"
    assert (verdict.failed_validation_message or "").endswith(kept)


def test_all_rules_are_kept_where_there_is_room() -> None:
    fields = [{"name": f"f{at}"} for at in range(500)]
    verdict = verdict_of(
        summary(column("a"), missing_columns=tuple(field["name"] for field in fields)), {"fields": fields}
    )
    assert len(verdict.failed_validation_rules) == 500
    assert sum(rule["deduction"] for rule in verdict.failed_validation_rules) == pytest.approx(40)
    assert "hold the worst" not in (verdict.failed_validation_message or "")
