"""The two kinds of workbooks: how their files are called, what stands in them, and what is historised of it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from typing import Final

from dq import SchemaDefinition, load_definition
from etl_core.shipped_files import shipped_file
from pipelines.citizens.history.dataset import Column, Dataset
from pipelines.citizens.months import YEAR_AND_MONTH, first_day, last_day
from pipelines.citizens.rules.citizen_rules import CITIZEN_RULES
from pipelines.citizens.rules.cleansing import RULES_VERSION, Rule
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

    def definition(self, snapshot: date) -> SchemaDefinition:
        """What the cleansed rows of a month are held against, keys included: no day in them is after its end."""
        return _definition(self.kind, snapshot)

    def definition_of_rows(self, snapshot: date) -> SchemaDefinition:
        """The same of each row by itself: rows that share a key are compared when all of them are known."""
        return replace(self.definition(snapshot), keys=())

    def measure(self, snapshot: date, region: str) -> str:
        """A digest, in hexadecimal, of all that decides about the rows of a month: definition, rules and region."""
        said = f"{self.definition(snapshot).fingerprint} {RULES_VERSION} {region}"
        return hashlib.sha256(said.encode()).hexdigest()


CONTRACTS: Final = (
    Contract("citizens", CITIZEN, lambda _region: CITIZEN_RULES),
    Contract("phones", CITIZEN_PHONE, phone_rules),
)
_NAME: Final = re.compile(rf"(?P<kind>[a-z]+)[_-]{YEAR_AND_MONTH}\b", re.IGNORECASE)


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
    return contract_of(found["kind"]), first_day(found)


@cache
def _definition(kind: str, snapshot: date) -> SchemaDefinition:
    written = json.loads(shipped_file(f"citizens/{kind}.json").read_bytes())
    for one in written["fields"]:
        if one["type"] == "date":
            one["max"] = last_day(snapshot).isoformat()
    return load_definition(written)
