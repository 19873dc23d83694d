"""What is known of an agency and of its attachments."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Columns that an attachment must have, and those that have a meaning of their own besides.
REQUIRED: Final = ("attachment_id", "source_key", "file_name")
KNOWN: Final = (*REQUIRED, "category", "size", "etag", "checksum_sha256", "person_id", "created_at")
_SHOWN: Final = 40


@dataclass(frozen=True, slots=True)
class Agency:
    """Whose documents they are; `id` as the application has it, `slug` stands in keys."""

    id: Any
    slug: str


@dataclass(frozen=True, slots=True)
class Attachment:
    """An attachment as the application knows it.

    Attributes:
        id: nobody else's in the agency.
        source_key: of the object in the source bucket; empty where the application names none.
        file_name: what people call it.
        category: of what kind it is.
        size: in bytes, as the application believes.
        etag: of the version that is meant.
        checksum_sha256: of its content, as the application believes.
        person_id: whom it is about.
        created_at: ISO 8601.
        metadata: what else the query gives, as JSON has it.
    """

    id: str
    source_key: str
    file_name: str
    category: str | None = None
    size: int | None = None
    etag: str | None = None
    checksum_sha256: str | None = None
    person_id: str | None = None
    created_at: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)


def attachment_of(row: Mapping[str, Any]) -> Attachment:
    """Give a row of the attachments query as an attachment.

    Raises:
        ValueError: its size is no number of bytes.
    """
    known = {name: plain(row[name]) for name in KNOWN if row.get(name) is not None}
    texts = {name: str(value) for name, value in known.items() if name not in {"attachment_id", "size"}}
    return Attachment(
        id=str(known["attachment_id"]),
        source_key=texts.pop("source_key", ""),
        file_name=texts.pop("file_name", ""),
        size=_whole(row.get("size"), str(known["attachment_id"])),
        metadata={name: plain(value) for name, value in row.items() if name not in KNOWN},
        **({**texts, "etag": texts["etag"].strip('"')} if "etag" in texts else texts),
    )


def _whole(size: Any, attachment_id: str) -> int | None:  # noqa: ANN401 - whatever a database gives
    """Give a size as a number: of whatever type, as long as it is a whole one."""
    if size is None:
        return None
    try:
        number = Decimal(str(size).strip())
        if number != number.to_integral_value():
            raise ValueError  # noqa: TRY301 - said below
        return int(number)
    except (ArithmeticError, ValueError):
        said = f"it gives attachment {attachment_id} the size {str(size)[:_SHOWN]!r}; expected a whole number of bytes"
        raise ValueError(said) from None


def packed(attachment: Attachment) -> bytes:
    """Write an attachment down, so that `unpacked` gives it back."""
    return json.dumps(asdict(attachment)).encode()


def unpacked(data: bytes) -> Attachment:
    """Give back what was written down."""
    return Attachment(**json.loads(data))


def plain(value: Any) -> Any:  # noqa: ANN401, PLR0911 - whatever a database gives
    """Give a value of a database as JSON has it: dates as ISO 8601 writes them, what JSON does not know as text."""
    match value:
        case float():
            return value if math.isfinite(value) else str(value)  # JSON has no number without an end
        case None | bool() | int() | str():
            return value
        case datetime() | date() | time():
            return value.isoformat()
        case dict():
            return {str(name): plain(one) for name, one in value.items()}
        case list() | tuple():
            return [plain(one) for one in value]
        case bytes() | memoryview():
            return bytes(value).hex()
        case _:
            return str(value)
