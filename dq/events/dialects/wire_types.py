"""The types of fields as they come over the wire, shared by the dialects."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, TypeAdapter, ValidationError

_DATE_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}.*")
_PARSER = TypeAdapter(datetime)


class WireForm(BaseModel):
    """A form read from JSON: types are exact, unknown fields are let pass."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


def read_moment(value: object) -> datetime | None:
    """An aware UTC datetime from ISO 8601 text; without a zone it is taken as UTC.

    Raises:
        ValueError: it is something else.
    """
    if value is None:
        return None
    if not isinstance(value, str) or not _DATE_TIME.fullmatch(value):
        raise ValueError("expected a date and time such as 2026-01-04T12:34:56Z")
    try:
        moment = _PARSER.validate_python(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).astimezone(timezone.utc)
    except (ValidationError, OverflowError):
        raise ValueError("expected a real date and time such as 2026-01-04T12:34:56Z") from None


def explain(form: str, error: ValidationError) -> str:
    """What is wrong with a form, every field named, no value repeated."""
    found = []
    for item in error.errors(include_input=False, include_url=False):
        place = ".".join(str(step) for step in item["loc"])
        found.append(f"{place}: {item['msg'].removeprefix('Value error, ')}" if place else item["msg"])
    return f"{form}: {'; '.join(found)}"


def _none_if_empty(text: str | None) -> str | None:
    return text or None


def _unquoted(text: str | None) -> str | None:
    return (text or "").strip('"') or None


Moment = Annotated[datetime | None, BeforeValidator(read_moment)]
OptionalText = Annotated[str | None, AfterValidator(_none_if_empty)]
ETag = Annotated[str | None, AfterValidator(_unquoted)]
