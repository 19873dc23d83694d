"""The failed rules of a verdict."""

from __future__ import annotations

from typing import Annotated, Literal

from typing_extensions import NotRequired, TypedDict

from dq.verdict.stored.numbers import Amount, Count, Share


class Example(TypedDict):
    """One offence: where it is, what it is, and why where that is said."""

    line: Annotated[
        Count | None,
        "Line in the file, from 1 (of a Parquet file or sheet: row); null where it is not known.",
    ]
    value: Annotated[
        str | float | bool | list[str | float | bool],
        "The cell, or the row, at most 200 characters; `***` where it is sensitive. Numbers and truth values of "
        "their type are JSON's; decimals, and whole numbers beyond 2^53, are texts, so that no reader rounds "
        "them; of a key of several columns it is the list of their values.",
    ]
    reason: NotRequired[
        Annotated[
            str,
            "Why, where the kind of the offence does not say (`2 fields instead of 3`), or what the value is where "
            "its type is wrong (`text`); only there when known.",
        ]
    ]


class FailedRule(TypedDict):
    """One rule that failed."""

    rule: Annotated[str, "What failed, such as missing, type, required, max, unique, malformed_rows, rowCount."]
    dimension: Annotated[
        Literal["schema", "format", "completeness", "bounds", "uniqueness"],
        "The key of its metric in `deductions`.",
    ]
    column: Annotated[
        str | None,
        "The column, or the columns of a key, joined by a comma; null for a rule over the whole file.",
    ]
    columns: Annotated[
        list[str],
        "The same as a list: the columns of a key, each by itself; empty for a rule over the whole file.",
    ]
    severity: Annotated[
        Literal["warning", "error", "critical"],
        "Warnings deduct nothing; a failing critical rule fails the file.",
    ]
    failed: Annotated[Count, "Things that failed."]
    checked: Annotated[Count, "Things that were checked."]
    rate: Annotated[Share, "failed / checked."]
    deduction: Annotated[Amount, "Points this rule costs."]
    examples: Annotated[list[Example], "The first offences."]
    note: NotRequired[Annotated[str, "Why there is no example; only there when there is none."]]
    reasons: NotRequired[
        Annotated[
            dict[str, Count],
            "Of malformed rows: how many there are of each reason, the 20 most frequent ones.",
        ]
    ]
