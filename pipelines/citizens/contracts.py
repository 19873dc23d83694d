"""The two kinds of workbooks: how their files are called, what stands in them, and what is historised of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from typing import Final

from dq import SchemaDefinition, load_definition
from etl_core.shipped_files import shipped_file
from pipelines.citizens.history.dataset import Column, Dataset
from pipelines.citizens.rules.citizen_rules import CITIZEN_RULES
from pipelines.citizens.rules.cleansing import Rule
from pipelines.citizens.rules.phone_rules import phone_rules

_ID: Final = Column("citizen_id", length=40)
CITIZEN: Final = Dataset(
    "citizen",
    (_ID,),
    (
        Column("first_name", length=100),
        Column("last_name", length=100),
        Column("birth_date", "date"),
        Column("sex", length=1),
        Column("street", length=200),
        Column("house_no", length=20),
        Column("zip", length=20),
        Column("city", length=100),
        Column("email", length=254),
        Column("registered_on", "date"),
        Column("status", length=20),
    ),
)
CITIZEN_PHONE: Final = Dataset("citizen_phone", (_ID, Column("phone_type", length=10)), (Column("phone", length=40),))


@dataclass(frozen=True, slots=True)
class Contract:
    """One kind of workbooks.

    Attributes:
        kind: what their names begin with.
        dataset: what is historised of them.
        rules: gives the rules that cleanse the columns, for a region of telephone numbers.
    """

    kind: str
    dataset: Dataset
    rules: Callable[[str], Mapping[str, Rule]]

    @property
    def definition(self) -> SchemaDefinition:
        """What the cleansed rows are held against, keys included."""
        return _definition(self.kind)

    @property
    def definition_of_rows(self) -> SchemaDefinition:
        """The same of each row by itself: rows that share a key are compared when all of them are known."""
        return replace(self.definition, keys=())


CONTRACTS: Final = (
    Contract("citizens", CITIZEN, lambda _region: CITIZEN_RULES),
    Contract("phones", CITIZEN_PHONE, phone_rules),
)
_NAME: Final = re.compile(r"(?P<kind>[a-z]+)[_-](?P<year>\d{4})-(?P<month>0[1-9]|1[0-2])\b", re.IGNORECASE)
#: 2026-01, a day or a moment of it, 01/2026, 01.2026.
_MONTHS: Final = (
    re.compile(r"(?P<year>\d{4})-(?P<month>0[1-9]|1[0-2])(?:-\d\d)?(?:[T ].*)?"),
    re.compile(r"(?P<month>0?[1-9]|1[0-2])[/.](?P<year>\d{4})"),
)


def contract_of(kind: str) -> Contract | None:
    """The contract of a kind of workbooks, None where there is none of that name."""
    return next((contract for contract in CONTRACTS if contract.kind == kind.lower()), None)


def contract_of_dataset(name: str) -> Contract:
    """The contract whose rows go into a dataset.

    Raises:
        LookupError: there is none.
    """
    for contract in CONTRACTS:
        if contract.dataset.name == name:
            return contract
    raise LookupError(name)


def read_name(file_name: str) -> tuple[Contract | None, date | None]:
    """What the name of a workbook says: `citizens_2026-01.xlsx` is the citizens' of January 2026."""
    found = _NAME.match(file_name)
    if found is None:
        kind = re.match("[a-z]+", file_name.lower())
        return (contract_of(kind.group()) if kind else None), None
    return contract_of(found["kind"]), date(int(found["year"]), int(found["month"]), 1)


def read_month(text: str) -> date | None:
    """The first day of a month written as `2026-01` or `01/2026`, or of that of a day; None where it is neither."""
    found = next(filter(None, (form.fullmatch(text.strip()) for form in _MONTHS)), None)
    return date(int(found["year"]), int(found["month"]), 1) if found else None


@cache
def _definition(kind: str) -> SchemaDefinition:
    return load_definition(shipped_file(f"citizens/{kind}.json").read_bytes())
