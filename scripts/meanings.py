"""What the names of a definition mean, each with an example that `scripts/reference.py` runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dq.schema.definition import FieldType, ScoringMode, Severity


@dataclass(frozen=True)
class Example:
    """A definition, a file that keeps to it, and one that does not (none where nothing can fail)."""

    definition: Mapping[str, Any]
    good: str
    bad: str = ""


def one(kind: str, good: str, bad: str, **rules: object) -> Example:
    """An example of a single field `a`; the texts are its cells, a line each."""
    definition = {"fields": [{"name": "a", "type": kind, **rules}]}
    return Example(definition, f"a\n{good}\n", f"a\n{bad}\n")


TYPES: Mapping[FieldType, tuple[str, Example]] = {
    FieldType.STRING: ("any text", one("string", "ab", "", required=True)),
    FieldType.INTEGER: ("a whole number within 64 bits, with or without a sign", one("integer", "+7", "1.0")),
    FieldType.NUMBER: (
        "decimal or exponent notation; no NaN, infinity or thousands marks",
        one("number", "-3e2", "1,000"),
    ),
    FieldType.DECIMAL: ("decimal notation, compared exactly", one("decimal", "0.10", "1e3")),
    FieldType.BOOLEAN: ("true, True, TRUE, 1, false, False, FALSE, 0", one("boolean", "True", "yes")),
    FieldType.DATE: ("YYYY-MM-DD, or the field's `format`; a day there is", one("date", "2024-02-29", "2023-02-29")),
    FieldType.DATETIME: (
        "YYYY-MM-DD, T or a space, HH:MM:SS, up to nine digits of a second, Z or an offset; or the field's `format`",
        one("datetime", "2024-02-29T12:00:00.5+01:00", "2024-02-29"),
    ),
    FieldType.TIME: (
        "HH:MM:SS, up to nine digits of a second; or the field's `format`",
        one("time", "23:59:59", "24:00:00"),
    ),
    FieldType.DURATION: (
        "H:MM:SS, hours without an end, up to nine digits of a second; or ISO 8601 (see below); a sign before it",
        one("duration", "42:00:00\nP1DT18H", "P1M", min="0:00:00", max="PT48H"),
    ),
    FieldType.OBJECT: ("a JSON object", one("object", '"{""x"": 1}"', "[1]")),
    FieldType.ARRAY: ("a JSON array", one("array", "[1]", "x")),
    FieldType.ANY: ("anything", one("any", "x", "", required=True)),
}

#: Of a field: what each property means, and an example of it.
FIELD: Mapping[str, tuple[str, Example | None]] = {
    "name": ("the column's name, compared after trimming white space; the only one that must be there", None),
    "type": ("one of the types below, `any` when left out", one("integer", "1", "x")),
    "format": ("a strptime format of dates and times; fixed-width directives take exactly their digits",
               one("date", "04/01/2026", "2026-01-04", format="%d/%m/%Y")),
    "required": ("true: no nulls", one("string", "x", '""\nx', required=True)),
    "nullable": ("false: as `required` true", one("string", "x", '""\nx', nullable=False)),
    "unique": ("true: no value twice; nulls apart", one("integer", "1\n2", "1\n1", unique=True)),
    "min": ("the smallest value allowed", one("integer", "0", "-1", min=0)),
    "max": ("the largest value allowed", one("number", "190", "190.5", max=190)),
    "enum": ("the values allowed", one("string", "card", "cheque", enum=["card", "cash"])),
    "pattern": ("an RE2 expression that the whole value matches", one("string", "AB", "AB1", pattern="[A-Z]+")),
    "minLength": ("characters at least", one("string", "abc", "ab", minLength=3)),
    "maxLength": ("characters at most", one("string", "abc", "abcd", maxLength=3)),
    "threshold": ("the failing share that is tolerated, 0 to 1, for all rules of the field",
                  one("integer", "1\n2\n3\nx", "1\nx", threshold=0.25)),
    "severity": ("error, warning or critical, for all rules of the field", one("integer", "1", "x", severity="warning")),
    "sensitive": ("true: its values appear nowhere", one("integer", "1", "secret", sensitive=True)),
    "constraints": ("an object with any of the rules above, as in Frictionless Table Schema",
                    one("integer", "1", "-1", constraints={"minimum": 0})),
}  # fmt: skip


def whole(good: str, bad: str, **properties: object) -> Example:
    """An example of a property of the whole definition over two integer columns."""
    columns = [{"name": "id", "type": "integer"}, {"name": "zone"}]
    return Example({"fields": columns, **properties}, good, bad)


SPAN = [{"name": "start", "type": "date"}, {"name": "end", "type": "date"}]
DATED = [{"name": "day", "type": "date"}]
DEFINITION: Mapping[str, tuple[str, Example | None]] = {
    "fields": ("the columns: a list of fields, or an object of names and fields", whole("id,zone\n1,a\n", "id\n1\n")),
    "format": ("what the file is; found out from its content or name when left out",
               whole("id,zone\n1,a\n", '{"id": 1, "zone": "a"}\n', format="csv")),
    "strict": ("true: no column beyond the fields", whole("id,zone\n1,a\n", "id,zone,x\n1,a,2\n", strict=True)),
    "primaryKey": ("a column, or several, that are required and together unique",
                   whole("id,zone\n1,a\n1,b\n", "id,zone\n1,a\n1,a\n", primaryKey=["id", "zone"])),
    "uniqueKeys": ("lists of columns that are together unique; rows with a null in them are not counted",
                   whole("id,zone\n1,a\n1,b\n", "id,zone\n1,a\n1,a\n", uniqueKeys=[["id", "zone"]])),
    "missingValues": ('texts that are null, `[""]` when left out',
                      Example({"fields": [{"name": "a", "required": True}], "missingValues": ["", "NA"]}, "a\nx\n", "a\nNA\nx\n")),
    "csv": ("the dialect of a CSV file, see below", whole("id;zone\n1;a\n", "id,zone\n1,a\n", csv={"delimiter": ";"})),
    "sheet": ("the sheet of a workbook; the first visible one when left out. Its first row with content is the header", None),
    "scoring": ("how counts become a score, see below", None),
    "silver": ("what becomes of the rows, see [transforms](transforms.md)",
               whole("id,zone\n1,a\n", "", silver={"normalize": {"zone": ["trim", "upper"]}})),
    "rows": ("conditions that the cells of a row fulfil together, see below",
             Example({"fields": SPAN, "rows": [{"rule": "ends_after_start", "expression": "end >= start"}]},
                     "start,end\n2026-01-01,2026-01-02\n2026-01-03,\n", "start,end\n2026-01-03,2026-01-02\n")),
    "references": ("fields whose values are keys that an object or a table holds, see below", None),
    "rowCount": ("`min` and `max` rows of the file, those that could be parsed",
                 whole("id,zone\n1,a\n", "id,zone\n", rowCount={"min": 1, "max": 1000})),
    "freshness": ("how old the newest value of a date or datetime `field` may be at the run: `maxAge` with m, h, d or w",
                  Example({"fields": DATED, "freshness": {"field": "day", "maxAge": "2d"}}, "day\n2026-01-02\n", "day\n2026-01-01\n")),
}  # fmt: skip


def asked(kind: str, condition: str, good: str, bad: str, **more: str) -> Example:
    """An example of a rule over the columns `a` and `b` of one type."""
    fields = [{"name": name, "type": kind} for name in "ab"]
    rule = {"rule": "r", "expression": condition, **more}
    return Example({"fields": fields, "rows": [rule]}, f"a,b\n{good}\n", f"a,b\n{bad}\n")


#: Parts of the expressions in `rows`.
EXPRESSIONS: Mapping[str, tuple[str, Example]] = {
    "`=` `!=` `<` `<=` `>` `>=`": ("compare two of a kind; `==` and `<>` are understood, too; texts by code points",
                                   asked("integer", "a <= b", "1,2\n,3", "3,2")),
    "`and` `or` `not` `( )`": ("join conditions; `not` binds before `and`, `and` before `or`",
                               asked("boolean", "a or not b", "0,0", "0,1")),
    "`+` `-` `*` `/`": ("compute; days between dates, `duration` between datetimes or times; a date and days, a datetime and a `duration`",
                        asked("date", "b - a <= 30", "2026-01-01,2026-01-31", "2026-01-01,2026-02-01")),
    "`is null` `is not null`": ("of a field", asked("string", "a is null or b is not null", ",", "x,")),
    "`in` `not in`": ("a list of values", asked("string", "a in ('open', 'it''s')", "it's,", "shut,")),
    "`between x and y`": ("both included", asked("decimal", "a between b * 0.9 and b * 1.1", "1.1,1", "1.11,1")),
    "`length(a)` `lower(a)`": ("characters of a text; the text in lower case",
                               asked("string", "length(a) = 2 and lower(b) = 'é'", "éé,É", "é,É")),
    "`date` `datetime` `time` `duration`": ("before a text: a value of that type, as a cell is written",
                                            asked("date", "a < date '2026-01-31'", "2026-01-30,", "2026-01-31,")),
    "`when`": ("rows in which it is not true are not asked", asked("integer", "a > 0", "0,2\n1,1", "0,1", when="b = 1")),
}  # fmt: skip


ROW_RULES = """A rule of `rows` has a name (`rule`), a condition (`expression`), and perhaps `when`, `threshold` and `severity`. It
names declared fields, bare or, with other characters in them, in double quotes or backticks; texts stand in single
quotes.""".splitlines()
UNKNOWN = """A comparison with null is unknown, and so is what is computed from it; unknown rows are not counted. Neither are those
with a cell that is not of its type, which its own rule tells, with a quotient by zero, a whole number beyond 64 bits,
a decimal of more than 38 digits before its point, or a number beyond a double. Whole numbers and decimals are
computed exactly; a quotient, and whatever a `number` field takes part in, is a double.""".splitlines()
REFERENCES = """`references` names fields (`fields`) whose values together are a key that something else holds in its columns `on`
(left out: of the same names). `in` says where: `s3://bucket/key`, a file of any format, in one of `ALLOWED_BUCKETS`;
`table:schema.name`, a table or view of the database, in one of `REFERENCE_SCHEMAS`; `silver:table`, a table of the lake as it
is then; or, for `check_file` alone, `file://path`. Keys are read once for all files of a batch, by the types of the fields, so 1 and 01 are one integer and `1` and `01` two
texts; repeats do not matter. Rows with a null, or a cell that is not of its type, in the fields are not asked. It is critical
unless it says otherwise. What cannot be read, has rows that cannot be parsed, or more keys than 4 GiB hold (500 million numbers
or 250 million other keys) leaves the rule `not_run` with the reason, and the file does not pass.""".splitlines()

DIALECT: Mapping[str, tuple[str, Example]] = {
    "delimiter": ("one ASCII character, `,` when left out", whole("id;zone\n1;a\n", "id,zone\n1,a\n", csv={"delimiter": ";"})),
    "quote": ('one ASCII character, `"` when left out; doubled, it stands for itself',
              whole("id,zone\n1,'a,b'\n", 'id,zone\n1,"a,b"\n', csv={"quote": "'"})),
    "encoding": ("utf-8 when left out", whole("id,zone\n1,é\n", "", csv={"encoding": "latin-1"})),
    "header": ("false: there is no header line, the fields name the columns in their order",
               whole("1,a\n", "id,zone\n1,a\n", csv={"header": False})),
}  # fmt: skip

SCORING: Mapping[str, str] = {
    "mode": "one of the modes below, `proportional` when left out",
    "passScore": "the least score that passes, 80 when left out",
    "weights": "points that a metric deducts at most, by its key or its name; those left out keep theirs",
}
MODES: Mapping[ScoringMode, str] = {
    ScoringMode.PROPORTIONAL: "the weight times the share that fails",
    ScoringMode.BY_RULE: "the weight times failing rules / rules that ran",
    ScoringMode.ALL_OR_NOTHING: "the whole weight as soon as a rule fails",
}
SEVERITIES: Mapping[Severity, str] = {
    Severity.WARNING: "listed, deducts nothing and fails no metric",
    Severity.ERROR: "deducts, the default",
    Severity.CRITICAL: "deducts, and the file does not pass, whatever its score",
}
METRICS: Mapping[str, str] = {
    "schema": "a declared field that is missing, repeated, of another type, or has cells that are; `strict`: extra columns",
    "format": "the file, or rows of it, cannot be parsed; needs no definition",
    "completeness": "nulls in required fields; `rowCount` and `freshness`, each worth as much as a required field",
    "bounds": "cells that break min, max, enum, pattern, minLength or maxLength, each cell once; rows that break a rule of `rows` or `references`",
    "uniqueness": "rows that repeat a key, the mean over the keys",
}
