"""The grammar of rules over rows: what is understood, how it binds, and what is said of everything else."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dq.definitions import load_definition
from dq.errors import DefinitionError
from dq.schema.definition import FieldType, SchemaDefinition
from dq.schema.expressions.parser import MOST_DEPTH, MOST_NODES, parse_expression
from dq.schema.expressions.tokens import MOST_CHARACTERS, ExpressionError

LONG = "x" * 300
EXAMPLE = '{"rule": "ends_after_start", "expression": "end_date >= start_date"}'
FIELDS = [
    {"name": "n", "type": "integer"},
    {"name": "fare", "type": "decimal"},
    {"name": "x", "type": "number"},
    {"name": "start", "type": "date"},
    {"name": "end", "type": "date"},
    {"name": "at", "type": "datetime"},
    {"name": "span", "type": "duration"},
    {"name": "status", "type": "string"},
    {"name": "active", "type": "boolean"},
    {"name": "nested", "type": "object"},
    {"name": "date", "type": "date"},
    {"name": 'a.b `c` "d"', "type": "string"},
    {"name": "or", "type": "integer"},
    {"name": LONG, "type": "integer"},
]
WORDS = [
    "n", "status", '"a.b `c` ""d"""', "'t'", "1", "2.5", "1e3", "=", "!=", "<", ">=", "and", "or", "not", "is", "null",
    "in", "between", "(", ")", ",", "+", "-", "*", "/", "length", "lower", "date", "'2026-01-31'", "true", "$", "'",
    '"', "`",
]  # fmt: skip
TYPES = {str(field["name"]): FieldType(field["type"]) for field in FIELDS}


def loaded(expression: str, **more: object) -> SchemaDefinition:
    return load_definition({"fields": FIELDS, "rows": [{"rule": "r", "expression": expression, **more}]})


def problems(expression: str, **more: object) -> list[str]:
    with pytest.raises(DefinitionError) as raised:
        loaded(expression, **more)
    return str(raised.value).splitlines()[1:]


@pytest.mark.parametrize(
    ("text", "understood"),
    [
        ("n = 1 or n = 2 and active", '(("n" = 1) or (("n" = 2) and "active"))'),
        ("not active and n < 1", '((not "active") and ("n" < 1))'),
        ("not (active and n < 1)", '(not ("active" and ("n" < 1)))'),
        ("n + 1 * 2 - 3 < -n / 2", '((("n" + (1 * 2)) - 3) < ((-"n") / 2))'),
        ("n - -1 <> +2", '(("n" - -1) != 2)'),
        ("n == 1 AND ACTIVE IS NOT NULL", None),
        ("n between 1 and 3 and active", '((("n" >= 1) and ("n" <= 3)) and "active")'),
        ("status not in ('a', 'it''s')", "(not (\"status\" in ('a', 'it''s')))"),
        ("n not between 1 and 2", '(not (("n" >= 1) and ("n" <= 2)))'),
        ("lower(status) = 'x' and length(status) < 3", '((lower("status") = \'x\') and (length("status") < 3))'),
        ("date > date '2026-01-31'", "(\"date\" > date '2026-01-31')"),
        ("at < datetime '2026-01-31'", "(\"at\" < datetime '2026-01-31T00:00:00')"),
        ("at - start < duration 'PT36H'", '(("at" - "start") < duration \'36:00:00\')'),
        ('"or" = 1 and `a.b ``c`` "d"` is null', '(("or" = 1) and ("a.b `c` ""d""" is null))'),
        ('"a.b `c` ""d""" is not null', '(not ("a.b `c` ""d""" is null))'),
        (f"{LONG} > 0", f'("{LONG}" > 0)'),
        ("nested is null", '("nested" is null)'),
        ("fare = .5 or fare = 2. or x = 1e3", '(("fare" = 0.5) or ("fare" = 2) or ("x" = 1000.0))'),
        ("end\n>=\tstart", '("end" >= "start")'),
        ("end - start <= 30 and start + 1 > end", '((("end" - "start") <= 30) and (("start" + 1) > "end"))'),
    ],
)
def test_an_expression_is_understood_as_in_sql(text: str, understood: str | None) -> None:
    if understood is None:
        assert problems(text) == ['  - rows[0].expression at character 12: "ACTIVE" is no declared field']
        return
    assert str(loaded(text).row_rules[0].condition) == understood
    assert str(parse_expression(understood, TYPES)) == understood


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "at character 1: there is nothing; expected a condition such as end_date >= start_date"),
        ("n", 'at character 1: "n" is of type integer; expected a condition, which is true or false'),
        ("n >", "at character 4: found the end; expected a field, a value or ("),
        ("n > 1 2", "at character 7: found 2; expected and, or, or the end"),
        ("n < 2 < 3", "at character 7: found <; expected and, or, or the end"),
        ("(n > 1", "at character 7: found the end; expected )"),
        ("n = $", "at character 5: $ has no meaning here; a name that holds it stands in double quotes or backticks"),
        ("n = 'x", "at character 5: a text that begins here has no end; expected another '"),
        ('"n > 1', 'at character 1: a name that begins here has no end; expected another "'),
        ("n = null", "at character 5: nothing equals null; expected is null or is not null"),
        ("n is 3", "at character 6: found 3; expected null or not null"),
        ("n + 1 is null", "at character 3: only a field can be null; expected its name before is null"),
        ("n in 1", "at character 6: found 1; expected a list such as ('open', 'closed')"),
        ("n in (n)", "at character 7: a list holds values; expected numbers or texts such as 'open'"),
        ("n in (1", "at character 8: found the end; expected a comma or the closing bracket"),
        ("n between 1", "at character 12: found the end; expected and with the upper limit"),
        ("sqrt(n) > 1", "at character 1: there is no function sqrt; expected length(…) or lower(…)"),
        ("date > date '2026-02-30'", 'at character 8: \'2026-02-30\' is no date; expected a date such as "2024-12-31"'),
        ("date > '2026-02-01'",
         "at character 6: \"date\" is of type date and '2026-02-01' is a text; expected date '2026-02-01'"),
        ("n > '1'", "at character 3: \"n\" is of type integer and '1' is a text; expected 1 without quotes"),
        ("status = 1", "at character 8: \"status\" is of type string and this is an integer; expected '1'"),
        ("active < true", 'at character 8: "active" is of type boolean, which has no order; expected = or !='),
        ("active + 1 > 0",
         'at character 8: "active" is of type boolean and this is an integer; + does not go with these'),
        ("not n", 'at character 5: "n" is of type integer; expected a condition beside and, or, not'),
        ("-status = 'x'", 'at character 1: "status" is of type string; expected a number behind the minus'),
        ("length(n) = 1", 'at character 1: "n" is of type integer; length is asked of a text'),
        ("nested = 'x'",
         'at character 1: "nested" is of type object, which is null or not; nothing else can be asked of it'),
        ("stats = 'x'", 'at character 1: "stats" is no declared field (did you mean status?)'),
        ("n = 1e999", "at character 5: 1e999 is too large for a number"),
        ("n = " + "9" * 39, "at character 5: the number has more than 38 digits before or behind its point"),
        ("1 = 1", ": names no field, so that it says the same of every row; expected a field"),
        ("(" * 40 + "n",
         f"at character {MOST_DEPTH + 1}: brackets and signs are more than {MOST_DEPTH} deep; expected fewer"),
        ("not " * 40 + "active",
         f"at character {MOST_DEPTH * 4 + 1}: brackets and signs are more than {MOST_DEPTH} deep; expected fewer"),
        ("active" + " or active" * 300,
         f"at character 2001: the expression has more than {MOST_NODES} parts; expected several rules"),
        ("active or " * 500, f"at character {MOST_CHARACTERS + 1}: the expression is longer than 4,000 characters"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_place(text: str, said: str) -> None:
    place = "rows[0].expression" if said.startswith(":") else "rows[0].expression "
    assert problems(text) == [f"  - {place}{said}"]


@given(st.lists(st.sampled_from(WORDS) | st.text(max_size=2), max_size=14))
@settings(deadline=None)
def test_any_text_is_an_expression_or_is_refused_in_words(parts: list[str]) -> None:
    with suppress(ExpressionError):
        assert str(parse_expression(" ".join(parts), TYPES))


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "\x00", "\ud800", "x" * 201, 3])
def test_a_rule_has_a_name_that_can_be_seen(name: object) -> None:
    with pytest.raises(DefinitionError, match="expected a"):
        load_definition({"fields": FIELDS, "rows": {"rule": name, "expression": "n > 1"}})


def test_all_that_is_wrong_is_said_at_once() -> None:
    rules = [
        {"rule": "one", "expression": "stats = 'x' and n < 'y'", "when": "en > start"},
        {"rule": "one", "expression": "n >"},
        {"expression": "n > 1"},
        {"rule": "max", "expression": "n > 1"},
        {"rule": "two", "expression": "n > 1", "severity": "loud", "threshold": 2},
        {"rule": "two", "expression": "n > 1"},
        {"rule": "three"},
        {"rule": "four", "expression": 7},
        "n > 1",
    ]
    with pytest.raises(DefinitionError) as raised:
        load_definition({"fields": FIELDS, "rows": rules})
    assert str(raised.value).splitlines()[1:] == [
        '  - rows[0].expression at character 1: "stats" is no declared field (did you mean status?)',
        "  - rows[0].expression at character 19: \"n\" is of type integer and 'y' is a text; expected y without quotes",
        '  - rows[0].when at character 1: "en" is no declared field (did you mean end?)',
        "  - rows[1].expression at character 4: found the end; expected a field, a value or (",
        f"  - rows[2]: names no rule; expected an object such as {EXAMPLE}",
        '  - rows[3]: rule is "max", which is the name of another rule; expected a name of its own',
        "  - rows[4]: threshold is 2; expected a number from 0 to 1",
        '  - rows[4]: severity is "loud"; expected one of warning, error, critical',
        '  - rows[5]: rule "two" is there already; expected a name of its own',
        f"  - rows[6]: has no expression; expected an object such as {EXAMPLE}",
        "  - rows[7]: expression is a number; expected a text",
        f"  - rows[8]: is a text; expected an object such as {EXAMPLE}",
    ]


@pytest.mark.parametrize("raw", ["n > 1", 3, True])
def test_rules_are_a_list(raw: object) -> None:
    with pytest.raises(DefinitionError, match="expected a list of objects such as"):
        load_definition({"fields": FIELDS, "rows": raw})


def test_a_definition_has_a_hundred_rules_at_most() -> None:
    rules = [{"rule": f"r{at}", "expression": "n > 1"} for at in range(101)]
    assert len(load_definition({"fields": FIELDS, "rows": rules[:100]}).row_rules) == 100
    with pytest.raises(DefinitionError, match="has 101 rules; expected at most 100"):
        load_definition({"fields": FIELDS, "rows": rules})


def test_one_meaning_has_one_fingerprint() -> None:
    one = loaded("n=1 and  status in ('a')", when="active")
    assert loaded("\"n\" == 1 AND status IN ('a')", when="(active)").fingerprint == one.fingerprint
    assert loaded("n=1 and status in ('b')", when="active").fingerprint != one.fingerprint
    assert loaded("n=1 and status in ('a')").fingerprint != one.fingerprint
    assert loaded("n=1 and status in ('a')", when="active", severity="warning").fingerprint != one.fingerprint


def test_a_definition_without_rules_has_the_fingerprint_it_always_had() -> None:
    plain = load_definition({"fields": FIELDS})
    assert load_definition({"fields": FIELDS, "rows": []}).fingerprint == plain.fingerprint
    assert loaded("n = 1").fingerprint != plain.fingerprint


def test_a_single_rule_needs_no_list() -> None:
    definition = load_definition({"fields": FIELDS, "rows": {"rule": "r", "expression": "n > 1"}})
    assert [rule.name for rule in definition.row_rules] == ["r"]
    assert definition.row_rules[0].columns == ("n",)
