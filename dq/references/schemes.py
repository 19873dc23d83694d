"""The kinds of places that keys are read from, as definitions name them. A new one is a line here and in `reading`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from dq.schema.loading.problems import Problems
from dq.schema.row_rules.references import read_place
from dq.schema.vocabulary import SchemeName

_OBJECT: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]/.+", re.DOTALL)
_TABLE: Final = re.compile(r"[^.]+\.[^.]+")

OBJECT: Final = "s3://"
LOCAL_FILE: Final = "file://"
TABLE: Final = "table:"
SILVER: Final = "silver:"

SCHEMES: Final = (
    SchemeName(OBJECT, "s3://bucket/key", lambda place: _OBJECT.fullmatch(place) is not None),
    SchemeName(TABLE, "table:schema.name", lambda place: _TABLE.fullmatch(place) is not None),
    SchemeName(SILVER, "silver:table", lambda place: bool(place.strip())),
    SchemeName(LOCAL_FILE, "file://path", bool),
)


def schema_and_table(place: str) -> tuple[str, str]:
    """Give the two names of a table's place, which was found to fit."""
    schema, _, table = place.partition(".")
    return schema, table


def read_reference_place(properties: Mapping[str, Any], name: str, place: str, problems: Problems) -> str | None:
    """Read the place that the property `name` of an object in a definition says, or note what is wrong with it."""
    return read_place(properties, name, SCHEMES, place, problems)
