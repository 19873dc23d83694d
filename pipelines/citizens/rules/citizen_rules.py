"""How citizens are cleansed. What a rule cannot make sense of stays, and the contract decides about the row.

>>> from pipelines.citizens.rules.cleansing import tried
>>> tried(CITIZEN_RULES["citizen_id"], " c-17 ", "C-17", "")
['C-17', 'C-17', None]
>>> tried(CITIZEN_RULES["last_name"], "  O'NEIL ", "VAN DER BERG", " ", None)
["O'Neil", 'Van der Berg', None, None]
>>> tried(CITIZEN_RULES["birth_date"], "31.12.1980", "12/31/1980", "1980-12-31", "31.02.1980")
['1980-12-31', '1980-12-31', '1980-12-31', '31.02.1980']
>>> tried(CITIZEN_RULES["sex"], "f", "Male", "woman", "diverse", "?")
['F', 'M', 'F', 'X', '?']
>>> tried(CITIZEN_RULES["street"], "MAIN ST", "5TH  AVE")
['Main Street', '5th Avenue']
>>> tried(CITIZEN_RULES["house_no"], " 12 B", "7")
['12B', '7']
>>> tried(CITIZEN_RULES["zip"], "501", "94103-1234", " 94103")
['00501', '94103-1234', '94103']
>>> tried(CITIZEN_RULES["city"], "NEW  YORK", "st. louis")
['New York', 'St. Louis']
>>> tried(CITIZEN_RULES["email"], " Ann@Example.ORG ")
['ann@example.org']
>>> tried(CITIZEN_RULES["status"], "Active", "dead", "moved away")
['active', 'deceased', 'moved']
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.citizens.rules.cleansing import Rule, rule

_TIDY: Final = ("trim", "squeeze", "null_if_blank")
#: Ways to write a day that leave no doubt which is which: dots are German, slashes American.
_DAY: Final = (*_TIDY, {"date": "%d.%m.%Y"}, {"date": "%m/%d/%Y"})
_SEX: Final = {
    "FEMALE": "F",
    "WOMAN": "F",
    "W": "F",
    "MALE": "M",
    "MAN": "M",
    "DIVERSE": "X",
    "D": "X",
    "OTHER": "X",
    "NON-BINARY": "X",
}
_STATUS: Final = {
    "alive": "active",
    "registered": "active",
    "moved away": "moved",
    "emigrated": "moved",
    "dead": "deceased",
    "died": "deceased",
}

_upper: Final = rule(*_TIDY, "upper")


def _house_no(column: pa.StringArray) -> pa.StringArray:
    """Without white space: 12 B and 12B are one house."""
    return pc.replace_substring_regex(_upper(column), r"\s+", "")


#: Rules by their columns.
CITIZEN_RULES: Final[Mapping[str, Rule]] = {
    "citizen_id": rule(*_TIDY, "upper"),
    "first_name": rule(*_TIDY, "name"),
    "last_name": rule(*_TIDY, "name"),
    "birth_date": rule(*_DAY),
    "sex": rule(*_TIDY, "upper", {"map": _SEX}),
    "street": rule(*_TIDY, "address"),
    "house_no": _house_no,
    "zip": rule(*_TIDY, "upper", {"pad": [5, "0"]}),
    "city": rule(*_TIDY, "title"),
    "email": rule(*_TIDY, "lower"),
    "registered_on": rule(*_DAY),
    "status": rule(*_TIDY, "lower", {"map": _STATUS}),
}
