"""Hypothesis strategies for definitions and files with every fault a team can drop into a bucket.

`csv_tables()` and `json_lines_tables()` give a `Case`: a definition as JSON, the bytes of a file, and its kind.
Everything in it is drawn from small pools, so that keys repeat, rules break and examples stay readable.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from tests.reference.expressions import row_rules

NAMES = [
    "id", "fare", "Ünï cödé", "two words", "a.b", "com,ma", 'qu"ote', "back`tick", "$x{0}", "select", "semi;colon",
    "it's", "_hidden", "1", "new", "[b]", "%41", "\\n",
]  # fmt: skip

#: Texts of each type: values, near misses, nulls.
TEXTS = {
    "string": [
        "", "NA", "card", "cash", "a,b", 'say "hi"', "two\nlines", "cr\r\nlf", " lead", "trail ", "ünï", "😀", "-",
        "0", "#x", "null", "it's", "\\", '"', "semi;colon", "pipe|tab\t", "AB", "abc", "ABC",
    ],
    "integer": [
        "", "NA", "0", "1", "2", "2", "+3", "-4", "007", "9223372036854775807", "9223372036854775808", "1.0", " 5",
        "x", "1e3",
    ],
    "number": ["", "NA", "0", "1", "1.0", "2.5", ".5", "1.", "-3e2", "+4", "1e999", "nan", "inf", "1,5", "0x1F", "x"],
    "decimal": ["", "NA", "0", "0.10", "0.1", "12.34", "-5.", ".5", "1e3", "x", "99999999999999999999.01"],
    "boolean": ["", "NA", "true", "True", "FALSE", "1", "0", "yes", "tRue", "false"],
    "date": ["", "NA", "2024-02-29", "2023-02-29", "2020-01-01", "1999-12-31", "2024-1-1", "20240101", "x"],
    "datetime": [
        "", "NA", "2024-02-29T12:00:00", "2024-02-29 12:00:00", "2024-02-29T13:00:00+01:00", "2024-02-29T12:00:00Z",
        "2020-01-01 00:00:00.5", "2020-01-01 00:00:00.500000001", "2020-01-01T00:00:00.50000000Z", "2020-01-01",
        "2020-01-01T24:00:00", "2020-01-01 00:00:00+0100", "x",
    ],
    "time": [
        "", "NA", "00:00:00", "23:59:59.999", "24:00:00", "1:00:00", "12:30:00", "12:30:00.000000001", "12:30", "x",
    ],
    "duration": [
        "", "NA", "0:00:00", "42:00:00", "PT42H", "P1DT18H", "-1:30:00", "-PT0.000000001S", "1:00:00.000000001", "P1M",
        "1:00", "P2W", "x",
    ],
    "any": ["", "NA", "x", "1", "true", " x"],
}  # fmt: skip

#: JSON tokens of each type: values, other physical types, nulls.
TOKENS = {
    "string": [
        '""', '"NA"', "null", '"card"', '"cash"', '"two\\nlines"', '"ü"', '"\\ud83d\\ude00"', "1", "true", '"ABC"',
    ],
    "integer": [
        "null", "0", "1", "2", "2", "-4", "9223372036854775807", "9223372036854775808", "1.5", '"1"', "true", '"NA"',
    ],
    "number": ["null", "0", "1", "2.5", "-3e2", '"x"', "false", '""'],
    "decimal": ["null", "0", "0.10", "0.1", "12.34", '"0.1"', "true"],
    "boolean": ["null", "true", "false", "true", "1", '"true"', '""'],
    "date": ["null", '"2024-02-29"', '"2023-02-29"', '"2020-01-01"', '"1999-12-31"', "20240101", '"x"', '""'],
    "datetime": ["null", '"2024-02-29T12:00:00"', '"2024-02-29 13:00:00+01:00"', '"2020-01-01"', "5", '"NA"',
        '"2024-02-29T12:00:00.000000001Z"',
    ],
    "time": ["null", '"00:00:00"', '"23:59:59.999"', '"24:00:00"', '"23:59:59.999000001"', "12", '""'],
    "duration": ["null", '"42:00:00"', '"PT42H"', '"-PT1H"', '"P1Y"', "42", '""', '"0:00:00.000000001"'],
}  # fmt: skip

#: Limits in ascending order, for min and max.
LIMITS: dict[str, list[Any]] = {
    "integer": [-1, 1, 2, 100],
    "number": [-1, 0.5, 1, 2.5, 100],
    "decimal": [-1, 0.1, "0.5", 12.34],
    "date": ["2000-01-01", "2020-01-01", "2024-02-29"],
    "datetime": ["2000-01-01T00:00:00", "2020-01-01T00:00:00.500000001", "2024-02-29T12:00:00Z"],
    "time": ["00:00:01", "12:30:00", "12:30:00.000000001", "23:00:00"],
    "duration": ["-PT1H", "0:00:00", "1:00:00", "1:00:00.000000001", "PT42H"],
}
ALLOWED: dict[str, list[Any]] = {
    "string": ["card", "cash", "AB", "ünï", "0"],
    "integer": [0, 1, 2, "3"],
    "number": [0, 1, 2.5],
    "decimal": [0, "0.10", "12.34"],
    "boolean": [True],
    "date": ["2024-02-29", "2020-01-01"],
    "datetime": ["2024-02-29 12:00:00Z", "2020-01-01T00:00:00.500000001"],
    "duration": ["PT42H", "1:00:00.000000001"],
}
PATTERNS = ["[A-Za-z]+", "[a-z]*", ".{0,4}", "(card|cash)", "[^ ]*", "A.+"]
DAY_FIRST = ["", "01/02/2024", "31/12/2023", "29/02/2023", "2024-01-01", "x"]
THRESHOLDS = [0, 0.1, 0.25, 0.5, 1]
SEVERITIES = ["error", "error", "warning", "critical"]


@dataclass(frozen=True)
class Case:
    """A definition as parsed JSON, and a file that more or less keeps to it."""

    definition: dict[str, Any]
    data: bytes
    kind: str


@st.composite
def csv_tables(draw: st.DrawFn, *, most_rows: int = 8) -> Case:
    """Draw a definition and a CSV file."""
    definition = draw(definitions(list(TEXTS)))
    dialect = draw(st.sampled_from([{}, {}, {"delimiter": ";"}, {"delimiter": "\t"}, {"delimiter": "|", "quote": "'"}]))
    if dialect:
        definition["csv"] = dialect
    fields = definition["fields"]
    names, pools = draw(headers(fields, {field["name"].strip(): texts_of(field) for field in fields}, TEXTS["any"]))
    row_of_texts = st.tuples(*[st.sampled_from(pool) for pool in pools])
    rows = draw(st.lists(row_of_texts, min_size=draw(st.sampled_from([0, 2, 4])), max_size=most_rows))
    records = [names, *(draw(with_fault(list(row))) for row in rows)]
    return Case(definition, draw(csv_bytes(records, dialect)), "csv")


def texts_of(field: dict[str, Any]) -> list[str]:
    return DAY_FIRST if "format" in field else TEXTS[field["type"]]


@st.composite
def headers(
    draw: st.DrawFn, fields: list[dict[str, Any]], pools: dict[str, list[str]], other: list[str]
) -> tuple[list[str], list[list[str]]]:
    """Draw the header: the declared names, shuffled, some missing, extra, repeated or padded with white space."""
    names = [field["name"].strip() for field in fields]
    present = [name for name in names if draw(st.integers(0, 9)) > 0]
    extra = [name for name in ["extra", "more"] if draw(st.integers(0, 5)) == 0]
    repeated = [name for name in present if draw(st.integers(0, 14)) == 0][:1]
    header = draw(st.permutations(present + extra)) + repeated
    header = header or ["extra"]
    padded = [f" {name} " if draw(st.integers(0, 9)) == 0 else name for name in header]
    return padded, [pools.get(name, other) for name in header]


@st.composite
def with_fault(draw: st.DrawFn, cells: list[str]) -> list[str]:
    """Draw what becomes of a row: mostly nothing; a cell too many or too few, or bytes that are not UTF-8."""
    fault = draw(st.integers(0, 19))
    if fault == 0:
        return [*cells, "too many"]
    if fault == 1 and len(cells) > 1:
        return [cell or "x" for cell in cells[:-1]]
    if fault == 2:
        return [*cells[:-1], "\udcff\udcfe"]  # half surrogates are written as the bytes they stand for
    return cells


@st.composite
def csv_bytes(draw: st.DrawFn, records: list[list[str]], dialect: dict[str, str]) -> bytes:
    """Draw how the rows are written: line ends, quoting, blank lines, byte order mark, unclosed quote at the end."""
    delimiter, quote = dialect.get("delimiter", ","), dialect.get("quote", '"')
    line_end = draw(st.sampled_from(["\n", "\n", "\r\n"]))
    always = draw(st.booleans())
    lines = []
    for cells in records:
        lines.append(delimiter.join(quoted(cell, delimiter, quote, always=always or len(cells) == 1) for cell in cells))
        if draw(st.integers(0, 14)) == 0:
            lines.append(draw(st.sampled_from(["", "  "])))
    text = line_end.join(lines) + (line_end if draw(st.booleans()) else "")
    if len(records) > 1 and draw(st.integers(0, 14)) == 0:
        text = f"{text.rstrip(line_end)}{line_end}{quote}unclosed{delimiter}x{line_end}more"
    mark = b"\xef\xbb\xbf" if draw(st.integers(0, 4)) == 0 else b""
    return mark + text.encode("utf-8", "surrogateescape")


def quoted(cell: str, delimiter: str, quote: str, *, always: bool) -> str:
    special = (delimiter, quote, "\n", "\r")
    if always or any(character in cell for character in special):
        return quote + cell.replace(quote, quote * 2) + quote
    return cell


@st.composite
def json_lines_tables(draw: st.DrawFn, *, most_rows: int = 8) -> Case:
    """Draw a definition and a JSON Lines file with at least one line in it."""
    definition = draw(definitions(list(TOKENS)))
    fields = [field for field in definition["fields"] if draw(st.integers(0, 9)) > 0]
    names = [field["name"].strip() for field in fields] + (["extra"] if draw(st.integers(0, 5)) == 0 else [])
    pools = [TOKENS["string" if name == "extra" else field_of(fields, name)["type"]] for name in names]
    pools = [pool if "format" not in field_of(fields, name) else ['"01/02/2024"', '"x"', "null"]
             for pool, name in zip(pools, names, strict=True)]  # fmt: skip
    row_of_tokens = st.tuples(*[st.sampled_from([*pool, None]) for pool in pools])  # None: the key is absent
    rows = draw(st.lists(row_of_tokens, max_size=most_rows))
    lines: list[bytes] = [] if rows else [b"nope"]
    for row in rows:
        members = [f"{json.dumps(name)}: {token}" for name, token in zip(names, row, strict=True) if token is not None]
        lines.append(f"{{{', '.join(members)}}}".encode())
        fault = draw(st.sampled_from([None] * 12 + [b"", b'{"a":', b"[1]", b"nope", b'{"a": "\xff"}', b'{"a": NaN}']))
        lines += [fault] if fault is not None else []
    line_end = draw(st.sampled_from([b"\n", b"\r\n"]))
    mark = b"\xef\xbb\xbf" if draw(st.integers(0, 9)) == 0 else b""
    return Case(definition, mark + line_end.join(lines) + (line_end if draw(st.booleans()) else b""), "jsonl")


def field_of(fields: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return next((field for field in fields if field["name"].strip() == name), {})


@st.composite
def definitions(draw: st.DrawFn, types: list[str]) -> dict[str, Any]:
    """Draw a definition in canonical form."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=5, unique=True))
    fields = [draw(field_definitions(name, types)) for name in names]
    definition: dict[str, Any] = {"fields": fields}
    if draw(st.booleans()):
        definition["strict"] = draw(st.booleans())
    if draw(st.booleans()):
        definition["missingValues"] = draw(st.sampled_from([[""], ["", "NA"], ["NA"], []]))
    key = st.lists(st.sampled_from(names), min_size=1, max_size=2, unique=True)
    if draw(st.integers(0, 2)) == 0:
        definition["primaryKey"] = draw(key)
    if draw(st.integers(0, 2)) == 0:
        definition["uniqueKeys"] = draw(st.lists(key, min_size=1, max_size=2))
    if draw(st.booleans()):
        definition["scoring"] = draw(scorings())
    definition.update(draw(file_rules(fields)))
    if draw(st.integers(0, 2)) == 0 and (rules := draw(row_rules(fields))):
        definition["rows"] = [{**rule, **draw(tolerance())} for rule in rules]
    return definition


@st.composite
def file_rules(draw: st.DrawFn, fields: list[dict[str, Any]]) -> dict[str, Any]:
    """Draw what is asked of the file as a whole, mostly nothing."""
    rules: dict[str, Any] = {}
    if draw(st.integers(0, 2)) == 0:
        limits: dict[str, Any] = draw(st.sampled_from([{"min": 1}, {"max": 3}, {"min": 2, "max": 4}, {"min": 0}]))
        plain = draw(st.booleans())
        rules["rowCount"] = {**(limits if plain else {"value": limits}), **draw(tolerance())}
    dated = [field["name"].strip() for field in fields if field["type"] in {"date", "datetime"}]
    if draw(st.booleans()) and dated:
        rule = {"field": draw(st.sampled_from(dated)), "maxAge": draw(st.sampled_from(["36h", "1d", "1w", "2000d"]))}
        rules["freshness"] = {**rule, **draw(tolerance())}
    return rules


@st.composite
def tolerance(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a tolerance, mostly none."""
    said: dict[str, Any] = {}
    if draw(st.integers(0, 3)) == 0:
        said["threshold"] = draw(st.sampled_from(THRESHOLDS))
    if draw(st.integers(0, 3)) == 0:
        said["severity"] = draw(st.sampled_from(SEVERITIES))
    return said


@st.composite
def scorings(draw: st.DrawFn) -> dict[str, Any]:
    scoring: dict[str, Any] = {"mode": draw(st.sampled_from(["proportional", "by_rule", "all_or_nothing"]))}
    if draw(st.booleans()):
        scoring["passScore"] = draw(st.sampled_from([0, 50, 92.5, 100]))
    if draw(st.booleans()):
        scoring["weights"] = draw(
            st.dictionaries(
                st.sampled_from(["schema", "format", "completeness", "bounds", "uniqueness"]),
                st.sampled_from([0, 5, 12.5, 33, 100]),
            )
        )
    return scoring


@st.composite
def field_definitions(draw: st.DrawFn, name: str, types: list[str]) -> dict[str, Any]:
    """Draw one field: a type, and a few rules that its type allows, plain or with their own tolerance."""
    kind = draw(st.sampled_from(types))
    field: dict[str, Any] = {"name": f" {name}" if draw(st.integers(0, 9)) == 0 else name, "type": kind}
    if kind == "date" and draw(st.integers(0, 2)) == 0:
        field["format"] = "%d/%m/%Y"
    if draw(st.integers(0, 4)) == 0:
        field["threshold"] = draw(st.sampled_from(THRESHOLDS))
    if draw(st.integers(0, 4)) == 0:
        field["severity"] = draw(st.sampled_from(SEVERITIES))
    for rule in ("required", "unique"):
        if draw(st.integers(0, 2)) == 0:
            field[rule] = draw(tolerated(True))  # noqa: FBT003
    for rule, argument in draw(bounds_of(kind)).items():
        field[rule] = draw(tolerated(argument))
    return field


@st.composite
def bounds_of(draw: st.DrawFn, kind: str) -> dict[str, Any]:
    rules: dict[str, Any] = {}
    if kind in LIMITS and draw(st.booleans()):
        limits = LIMITS[kind]
        low = draw(st.integers(0, len(limits) - 1))
        rules["min"] = limits[low]
        rules["max"] = limits[draw(st.integers(low, len(limits) - 1))]
        if draw(st.booleans()):
            del rules[draw(st.sampled_from(["min", "max"]))]
    if kind in ALLOWED and draw(st.integers(0, 3)) == 0:
        rules["enum"] = draw(st.lists(st.sampled_from(ALLOWED[kind]), min_size=1, max_size=3, unique_by=str))
    if kind == "string":
        if draw(st.integers(0, 2)) == 0:
            rules["pattern"] = draw(st.sampled_from(PATTERNS))
        if draw(st.integers(0, 3)) == 0:
            rules["minLength"] = draw(st.integers(0, 3))
        if draw(st.integers(0, 3)) == 0:
            rules["maxLength"] = draw(st.integers(3, 8))
    return rules


@st.composite
def tolerated(draw: st.DrawFn, argument: Any) -> Any:  # noqa: ANN401
    """Draw the plain constraint, or an object with a tolerance of its own."""
    if draw(st.integers(0, 3)) > 0:
        return argument
    constraint = {"value": argument}
    if draw(st.booleans()):
        constraint["threshold"] = draw(st.sampled_from(THRESHOLDS))
    if draw(st.booleans()):
        constraint["severity"] = draw(st.sampled_from(SEVERITIES))
    return constraint
