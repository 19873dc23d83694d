"""Conditions over the cells of a row: drawn as trees, written as text, and answered row by row with exact fractions.

A tree is a list: its operation, then its parts. It travels with the rule as its comment, so that nobody has to read the
text but the product. Imports nothing from `dq`.
"""

from __future__ import annotations

import ast
import json
import math
import re
from datetime import date, datetime, time
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import strategies as st

from tests.reference.grammar import Moment, value_of_text

FAMILIES = {
    "integer": "numbers", "number": "numbers", "decimal": "numbers", "string": "texts", "any": "texts",
    "date": "moments", "datetime": "moments", "time": "time", "duration": "duration", "boolean": "boolean",
}  # fmt: skip
LITERALS = {
    "numbers": [
        "0",
        "1",
        "2",
        "2.50",
        "-4",
        "1e2",
        "0.1",
        ".5",
        "9223372036854775807",
        "99999999999999999999.01",
        "-7",
    ],
    "texts": ["card", "", "it's", "ünï", "😀", "abc", "AB", "0", "two\nlines"],
    "date": ["2024-02-29", "2020-01-01", "9999-12-31"],
    "datetime": ["2024-02-29T12:00:00Z", "2020-01-01 00:00:00.500000001", "0001-01-01T00:00:00"],
    "time": ["00:00:00", "12:30:00.000000001", "23:59:59.999"],
    "duration": ["0:00:00", "PT42H", "-1:30:00", "1:00:00.000000001", "87600000:00:00"],
    "boolean": ["true", "false"],
}
LONGEST = 38
WORDS = {"and", "or", "not", "is", "in", "between", "null", "true", "false"}
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001
#: In which spelling an operation is written.
SPELLINGS = {"=": ["=", "=="], "!=": ["!=", "<>"]}


@st.composite
def row_rules(draw: st.DrawFn, fields: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Draw rules over some fields."""
    columns = [(field["name"].strip(), field["type"]) for field in fields if field["type"] in FAMILIES]
    if not columns:
        return []
    rules = []
    for at in range(draw(st.integers(1, 3))):
        tree = draw(conditions(columns))
        rule = {"rule": f"rule {at}", "expression": draw(written(tree)), "comment": json.dumps([tree, None])}
        if draw(st.integers(0, 3)) == 0:
            when = draw(conditions(columns, depth=1))
            rule |= {"when": draw(written(when)), "comment": json.dumps([tree, when])}
        rules.append(rule)
    return rules


@st.composite
def conditions(draw: st.DrawFn, columns: list[tuple[str, str]], *, depth: int = 2) -> list[Any]:
    """Draw a condition that names a column at least."""
    kind = draw(st.sampled_from(["compare"] * 4 + ["in", "null", "bare"] + ["and", "or", "not"] * (depth > 0)))
    if kind in {"and", "or"}:
        return [kind, *(draw(conditions(columns, depth=depth - 1)) for _ in range(draw(st.integers(2, 3))))]
    if kind == "not":
        return ["not", draw(conditions(columns, depth=depth - 1))]
    name, type_of_column = draw(st.sampled_from(columns))
    if kind == "null":
        return ["null", name]
    if kind == "bare" and type_of_column == "boolean":
        return ["column", name, "boolean"]
    left = draw(values(columns, (name, type_of_column), depth))
    family = FAMILIES[kind_of(left)]
    if kind == "in":
        return ["in", left, draw(st.lists(literals(family), min_size=1, max_size=3))]
    operators = ["=", "!="] if family == "boolean" else ["=", "!=", "<", "<=", ">", ">="]
    others = [column for column in columns if FAMILIES[column[1]] == family]
    right = draw(literals(family))
    if draw(st.booleans()) and others:
        other = draw(values(columns, draw(st.sampled_from(others)), depth))
        right = other if FAMILIES[kind_of(other)] == family else right
    return [draw(st.sampled_from(operators)), *draw(st.permutations([left, right]))]


@st.composite
def literals(draw: st.DrawFn, family: str) -> list[Any]:
    kind = draw(st.sampled_from(["date", "datetime"])) if family == "moments" else family
    return ["literal", draw(st.sampled_from(LITERALS[kind])), kind]


@st.composite
def values(draw: st.DrawFn, columns: list[tuple[str, str]], column: tuple[str, str], depth: int) -> list[Any]:  # noqa: PLR0911
    """Draw a value that begins with a column: itself, or something computed from it."""
    plain = ["column", *column]
    if depth == 0 or draw(st.booleans()):
        return plain
    family = FAMILIES[column[1]]
    if family == "numbers":
        others = [one for one in columns if FAMILIES[one[1]] == "numbers"]
        other = draw(values(columns, draw(st.sampled_from(others)), depth - 1) | literals("numbers"))
        if FAMILIES[kind_of(other)] != "numbers":
            return ["minus", plain]
        return draw(st.sampled_from([[op, plain, other] for op in "+-*/"] + [["minus", plain]]))
    if family == "texts":
        return [draw(st.sampled_from(["length", "lower"])), plain]
    if family == "boolean":
        return plain
    same = [["column", *one] for one in columns if FAMILIES[one[1]] == family]
    apart = ["-", plain, draw(st.sampled_from(same))]
    span = ["literal", draw(st.sampled_from(LITERALS["duration"])), "duration"]
    match column[1]:
        case "date":
            days = ["literal", draw(st.sampled_from(["1", "-30", "0"])), "numbers"]
            return draw(st.sampled_from([apart, ["+", plain, days], ["-", plain, days], ["+", plain, span]]))
        case "datetime":
            return draw(st.sampled_from([apart, ["+", span, plain], ["-", plain, span]]))
        case "duration":
            return draw(st.sampled_from([apart, ["+", plain, span], ["minus", plain]]))
    return apart


@st.composite
def written(draw: st.DrawFn, tree: list[Any]) -> str:  # noqa: PLR0911
    """Draw how a tree is written: every operation in brackets, the rest as people may."""
    operation, *rest = tree
    match operation:
        case "column":
            return draw(name_of(rest[0]))
        case "literal":
            return literal_text(*rest)
        case "null":
            return f"{draw(name_of(rest[0]))} is null"
        case "not":
            return f"not ({draw(written(rest[0]))})"
        case "minus":
            return f"-({draw(written(rest[0]))})"
        case "length" | "lower":
            return f"{operation}({draw(written(rest[0]))})"
        case "in":
            listed = ", ".join(literal_text(*one[1:]) for one in rest[1])
            return f"({draw(written(rest[0]))}) {draw(st.sampled_from(['in', 'IN']))} ({listed})"
    sign = draw(st.sampled_from(SPELLINGS.get(operation, [operation])))
    return f" {sign} ".join([f"({draw(written(part))})" for part in rest])


@st.composite
def name_of(draw: st.DrawFn, name: str) -> str:
    if re.fullmatch(r"[^\W\d]\w*", name) and name.lower() not in WORDS and draw(st.booleans()):
        return name
    mark = draw(st.sampled_from('"`'))
    return mark + name.replace(mark, mark * 2) + mark


def literal_text(text: str, kind: str) -> str:
    if kind in {"numbers", "boolean"}:
        return text
    quoted = "'" + text.replace("'", "''") + "'"
    return quoted if kind == "texts" else f"{kind} {quoted}"


def kind_of(tree: list[Any]) -> str:  # noqa: PLR0911
    """The type a value has."""
    operation, *rest = tree
    match operation:
        case "column":
            return str(rest[1])
        case "literal":
            return kind_of_literal(*rest)
        case "length":
            return "integer"
        case "lower":
            return "string"
        case "minus":
            return kind_of(rest[0])
    kinds = [kind_of(part) for part in rest]
    if all(FAMILIES[kind] == "numbers" for kind in kinds):
        wider = ["integer", "decimal", "number"]
        return "number" if operation == "/" else max(kinds, key=wider.index)
    if "duration" in kinds:
        return "duration" if kinds == ["duration", "duration"] else "datetime"
    if operation == "-" and "integer" not in kinds:
        return "integer" if kinds == ["date", "date"] else "duration"
    return "date"


def kind_of_literal(text: str, family: str) -> str:
    if family != "numbers":
        return "string" if family == "texts" else family
    if "e" in text:
        return "number"
    return "integer" if "." not in text and -(2**63) <= int(text) < 2**63 else "decimal"


def trees_of(rule: dict[str, Any], kinds: dict[str, str]) -> tuple[list[Any], list[Any] | None]:
    """The condition of a rule and where it is asked; of rules somebody wrote by hand Python's own parser reads them."""
    if "comment" in rule:
        tree, when = json.loads(rule["comment"])
        return tree, when
    when = rule.get("when")
    return read_by_python(rule["expression"], kinds), None if when is None else read_by_python(when, kinds)


def read_by_python(text: str, kinds: dict[str, str]) -> list[Any]:
    """Read a plain condition over fields that have names in Python."""
    text = re.sub(r"(?<![<>!=])=(?!=)", "==", text.replace("<>", "!=")).replace(" null", " None")
    return tree_of(ast.parse(text, mode="eval").body, kinds)


OPERATORS = {
    ast.Eq: "=", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Add: "+", ast.Sub: "-",
    ast.Mult: "*", ast.Div: "/", ast.And: "and", ast.Or: "or", ast.Not: "not", ast.USub: "minus",
}  # fmt: skip


def tree_of(node: Any, kinds: dict[str, str]) -> list[Any]:  # noqa: ANN401, PLR0911
    match node:
        case ast.Name():
            return ["column", node.id, kinds[node.id]]
        case ast.Constant():
            return ["literal", str(node.value), "texts" if isinstance(node.value, str) else "numbers"]
        case ast.Compare(ops=[ast.Is() | ast.IsNot()], left=ast.Name(id=name)):
            null = ["null", name]
            return null if isinstance(node.ops[0], ast.Is) else ["not", null]
        case ast.Compare():
            return [OPERATORS[type(node.ops[0])], *(tree_of(one, kinds) for one in (node.left, node.comparators[0]))]
        case ast.BinOp():
            return [OPERATORS[type(node.op)], tree_of(node.left, kinds), tree_of(node.right, kinds)]
        case ast.BoolOp():
            return [OPERATORS[type(node.op)], *(tree_of(one, kinds) for one in node.values)]
        case ast.UnaryOp():
            return [OPERATORS[type(node.op)], tree_of(node.operand, kinds)]
    raise TypeError(ast.dump(node))


def asked(tree: list[Any], row: dict[str, Any], null: object, bad: object) -> bool | None:
    """Answer a condition for one row, whose values are given by name; None is unknown."""
    operation, *rest = tree
    match operation:
        case "null":
            return row[rest[0]] is null
        case "not":
            inner = asked(rest[0], row, null, bad)
            return None if inner is None else not inner
        case "and" | "or":
            answers = [asked(part, row, null, bad) for part in rest]
            deciding = operation == "or"
            return deciding if deciding in answers else None if None in answers else not deciding
        case "column" | "literal":
            return computed(tree, row, null, bad)  # type: ignore[no-any-return]
        case "in":
            answers = [asked(["=", rest[0], option], row, null, bad) for option in rest[1]]
            return None if None in answers else True in answers
    return compared(operation, rest, [computed(part, row, null, bad) for part in rest])


def compared(operation: str, parts: list[list[Any]], found: list[Any]) -> bool | None:
    if None in found:
        return None
    kinds = [kind_of(part) for part in parts]
    if "number" in kinds:
        found = [float(value) for value in found]
    elif FAMILIES[kinds[0]] == "moments":
        found = (
            [seconds(value, kind) for value, kind in zip(found, kinds, strict=True)] if len(set(kinds)) > 1 else found
        )
    left, right = found
    answers = {"=": left == right, "!=": left != right}
    if kinds[0] != "boolean":
        answers |= {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}
    return bool(answers[operation])


def computed(tree: list[Any], row: dict[str, Any], null: object, bad: object) -> Any:  # noqa: ANN401
    """Compute a value; None is unknown."""
    operation, *rest = tree
    if operation == "column":
        value = row[rest[0]]
        return None if value is null or value is bad else plain(value, rest[1])
    if operation == "literal":
        kind = kind_of_literal(*rest)
        return plain(value_of_text(literal_value(rest[0], kind), kind, None), kind)
    found = [computed(part, row, null, bad) for part in rest]
    if None in found:
        return None
    if operation in {"length", "lower"}:
        return len(found[0]) if operation == "length" else found[0].lower()
    return kept(arithmetic(operation, found, [kind_of(part) for part in rest], kind_of(tree)), kind_of(tree))


def literal_value(text: str, kind: str) -> str:
    return text.replace(" ", "T") if kind == "datetime" else text


def plain(value: Any, kind: str) -> Any:  # noqa: ANN401
    """Give a value as something that can be computed with: fractions of seconds, days, numbers, texts."""
    match value:
        case Decimal():
            digits = format(value, "f").lstrip("-").partition(".")
            too_long = len(digits[0].lstrip("0")) > LONGEST or len(digits[2].rstrip("0")) > LONGEST
            return None if too_long else Fraction(value)
        case Moment():
            at = value.at
            whole = at - EPOCH if isinstance(at, datetime) else datetime.combine(EPOCH.date(), at) - EPOCH
            micros = (whole.days * 86400 + whole.seconds) * 10**6 + whole.microseconds
            return Fraction(micros * 1000 + value.rest, 10**9)
        case date() | time():
            assert kind == "date"
            return (value - EPOCH.date()).days  # type: ignore[operator]
    return value


def seconds(value: Any, kind: str) -> Any:  # noqa: ANN401
    return value * 86400 if kind == "date" else value


def arithmetic(operation: str, found: list[Any], kinds: list[str], kind: str) -> Any:  # noqa: ANN401
    if operation == "minus":
        return -found[0]
    if kind == "number":
        found = [float(value) for value in found]
    elif kind in {"datetime", "duration"}:
        found = [seconds(value, one) for value, one in zip(found, kinds, strict=True)]
    left, right = found
    try:
        return (
            {"+": left + right, "-": left - right}.get(operation)
            if operation in "+-"
            else (left * right if operation == "*" else left / right)
        )
    except (ZeroDivisionError, OverflowError):
        return None


def kept(value: Any, kind: str) -> Any:  # noqa: ANN401
    """Leave out what is too large."""
    if value is None or (kind == "number" and not math.isfinite(value)):
        return None
    if kind == "integer" and not -(2**63) <= value < 2**63:
        return None
    return None if kind != "number" and abs(value) >= 10**LONGEST else value
