"""How telephone numbers are cleansed, by the library `phonenumbers`.

>>> from pipelines.citizens.rules.cleansing import tried
>>> tried(phone_rules("US")["phone"], "(415) 555-2671", "415.555.2671", "+44 20 7946 0018", "none", "")
['+14155552671', '+14155552671', '+442079460018', 'none', None]
>>> tried(phone_rules("DE")["phone"], "030 901820")
['+4930901820']
>>> tried(phone_rules("US")["phone_type"], "Cell", "HOME", "office", "fax")
['mobile', 'home', 'work', 'fax']
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final

from pipelines.citizens.rules.cleansing import Rule, rule

_TIDY: Final = ("trim", "squeeze", "null_if_blank")
_TYPES: Final = {
    "cell": "mobile",
    "cellphone": "mobile",
    "mobil": "mobile",
    "handy": "mobile",
    "private": "home",
    "landline": "home",
    "office": "work",
    "business": "work",
}


@cache
def phone_rules(region: str) -> Mapping[str, Rule]:
    """Give the rules by their columns; numbers without a country code are dialled from `region` (ISO 3166)."""
    return {
        "citizen_id": rule(*_TIDY, "upper"),
        "phone_type": rule(*_TIDY, "lower", {"map": _TYPES}),
        "phone": rule(*_TIDY, {"phone": region}),
    }
