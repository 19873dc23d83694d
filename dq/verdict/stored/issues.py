"""Sections of the profile payload with what is wrong."""

from __future__ import annotations

from typing import Annotated

from typing_extensions import TypedDict

from dq.verdict.stored.numbers import Count, Scalar, Share, Some
from dq.verdict.stored.rules import Example


class MalformedRows(TypedDict):
    """Rows that could not be parsed."""

    count: Annotated[Count, "Rows that could not be parsed."]
    rate: Annotated[Share, "Of the rows read."]
    reasons: Annotated[dict[str, Some], "Rows by why they are malformed."]
    examples: Annotated[list[Example], "The first offences."]


class TypeIssue(TypedDict):
    """A column with cells that are not of its type."""

    name: Annotated[str, "Column."]
    expected: Annotated[str, "Declared type."]
    found: Annotated[str, "What the file stores."]
    wrongType: Annotated[bool, "The whole column is of another physical type."]
    count: Annotated[Count, "Cells that are not of the type."]
    checked: Annotated[Count, "Cells that are not null."]
    rate: Annotated[Share, "count / checked."]
    examples: Annotated[list[Example], "The first offences."]


class TypeFormatIssues(TypedDict):
    """Rows and cells that are not what they should be."""

    malformedRows: MalformedRows
    columns: Annotated[list[TypeIssue], "Columns with cells that are not of their type."]
    missingColumns: Annotated[list[str], "Fields that are missing."]
    extraColumns: Annotated[list[str], "Columns beyond the definition."]
    repeatedColumns: Annotated[list[str], "Names that repeat."]
    fileError: Annotated[str | None, "Why the file could not be parsed at all."]


class Limit(TypedDict):
    """Cells on the wrong side of a bound."""

    limit: Annotated[
        Scalar,
        "A value of the column's type; dates and times as ISO text, decimals as text where a number would round.",
    ]
    count: Annotated[Count, "Cells."]
    examples: Annotated[list[Example], "The first offences."]


class Offences(TypedDict):
    """Cells that break one rule."""

    count: Annotated[Count, "Cells."]
    examples: Annotated[list[Example], "The first offences."]


class OtherRules(TypedDict):
    """Cells that break neither minimum nor maximum."""

    count: Annotated[Count, "Cells that break another rule."]
    rules: Annotated[dict[str, Offences], "By rule: enum, pattern, minLength, maxLength."]


class FieldAnomalies(TypedDict):
    """A field whose bounds are broken."""

    name: Annotated[str, "Column."]
    type: Annotated[str, "Declared type."]
    checked: Annotated[Count, "Cells of the type."]
    count: Annotated[Count, "Cells that break any rule."]
    below: Annotated[Limit, "Cells below the minimum."]
    above: Annotated[Limit, "Cells above the maximum."]
    other: OtherRules


class BrokenRowRule(TypedDict):
    """A rule over the cells of a row that is broken."""

    rule: Annotated[str, "Name of the rule."]
    expression: Annotated[str, "What it asks of a row."]
    columns: Annotated[list[str], "Columns it names."]
    count: Annotated[Count, "Rows that break it."]
    checked: Annotated[Count, "Rows it could be asked of."]
    rate: Annotated[Share, "count / checked."]
    examples: Annotated[list[Example], "The first offences."]


class BoundsAnomalies(TypedDict):
    """Cells out of bounds, and rows that break rules over their cells."""

    columns: Annotated[list[FieldAnomalies], "Fields whose bounds are broken."]
    rows: Annotated[
        list[BrokenRowRule],
        "Rules over the cells of a row (`rows` of the definition) that are broken.",
    ]
