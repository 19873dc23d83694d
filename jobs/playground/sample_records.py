"""Records for the demo: what users do, with ten kinds of mistakes among them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Final

_KINDS: Final = ("click", "view", "search", "purchase")
#: What is wrong, and the value of such a record.
BAD_RECORDS: Final[dict[str, bytes]] = {
    "no JSON": b"user=17 click",
    "JSON that is cut off": b'{"user_id": "u17", "event_ty',
    "an array": b'[{"user_id": "u17"}]',
    "a number": b"17",
    "an empty value": b"",
    "nothing but white space": b"  \n",
    "no UTF-8": b'{"user_id": "Jos\xe9", "event_type": "click"}',
    "a required field is missing": b'{"user_id": "u17", "timestamp": "2026-03-01T10:00:00Z"}',
    "a field of another type": b'{"user_id": 17, "event_type": "click", "timestamp": "2026-03-01T10:00:00Z"}',
    "a moment that is none": b'{"user_id": "u17", "event_type": "click", "timestamp": "yesterday"}',
}


def good_records(count: int, since: datetime, chance: Random) -> Iterator[tuple[str, bytes]]:
    """Keys and values of records without a mistake, some seconds apart."""
    for number in range(count):
        user = f"u{chance.randrange(200)}"
        record = {
            "user_id": user,
            "event_type": chance.choice(_KINDS),
            "timestamp": (since + timedelta(seconds=number)).isoformat().replace("+00:00", "Z"),
        }
        if chance.random() < 0.7:  # noqa: PLR2004 - some have none
            record["metadata"] = {"page": f"/p/{chance.randrange(50)}", "milliseconds": chance.randrange(900)}  # type: ignore[assignment]
        yield user, json.dumps(record).encode()
