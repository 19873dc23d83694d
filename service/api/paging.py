"""Where the next page begins: a key in a form that callers hand back as it is."""

from __future__ import annotations

import base64
import binascii
from datetime import date
from typing import TYPE_CHECKING, TypeVar

import orjson

from service.problems import RequestProblemError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dq.report.around import Unusual
    from dq.reporting.browsing import BrowsedFile, BrowsedRun, FileKey, RunKey
    from service.pages.kept_arrivals import Absent

_T = TypeVar("_T")
#: Characters of a key at most: names of agencies and files are short.
LONGEST_KEY = 4096
#: Elements on a page at most.
MOST = 500


def cut(found: Sequence[_T], most: int) -> tuple[Sequence[_T], _T | None]:
    """Give what a page shows of rows of which one more was asked for, and its last one where others follow it."""
    shown = found[:most]
    return shown, shown[-1] if len(found) > most else None


def key_of_file(one: BrowsedFile) -> str:
    """Write the key of the last file of a page."""
    return _written([one.agency_slug, one.file_name, str(one.file_id)])


def key_of_run(one: BrowsedRun) -> str:
    """Write the key of the last run of a page."""
    return _written([one.run_date.isoformat(), int(one.run_hour), str(one.run_id)])


def key_of_absent(one: Absent) -> str:
    """Write the key of the last file of a page of those that are not there."""
    return _written([one.agency_slug, one.file_name, one.file_id])


def key_of_unusual(one: Unusual) -> str:
    """Write the key of the last observation of a page."""
    return _written([one.run_date.isoformat(), one.run_hour, one.row])


def read_file_key(text: str | None) -> FileKey | None:
    """Read where a page of files begins.

    Raises:
        RequestProblemError: it is no key of ours.
    """
    match _read(text, "after"):
        case None:
            return None
        case [str(agency), str(name), str(file_id)]:
            return agency, name, file_id
        case _:
            raise _wrong("after")


def read_run_key(text: str | None) -> RunKey | None:
    """Read where a page of runs begins; raises as `read_file_key`."""
    match _read(text, "before"):
        case None:
            return None
        case [str(day), int(hour), str(run_id)] if 0 <= hour <= 23:  # noqa: PLR2004 - hours of a day
            try:
                return date.fromisoformat(day), hour, run_id
            except ValueError:
                raise _wrong("before") from None
        case _:
            raise _wrong("before")


def read_unusual_key(text: str | None) -> tuple[date, int, int] | None:
    """Read where a page of observations begins; raises as `read_file_key`."""
    match _read(text, "before"):
        case None:
            return None
        case [str(day), int(hour), int(row)] if 0 <= hour <= 23 and 0 <= row < 1 << 63:  # noqa: PLR2004 - hours of a day
            try:
                return date.fromisoformat(day), hour, row
            except ValueError:
                raise _wrong("before") from None
        case _:
            raise _wrong("before")


def _written(key: list[object]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(key)).decode().rstrip("=")


def _read(text: str | None, field: str) -> object:
    if not text:
        return None
    try:
        value: object = orjson.loads(base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True))
    except (binascii.Error, ValueError):
        raise _wrong(field) from None
    return value


def _wrong(field: str) -> RequestProblemError:
    detail = f"{field} is no key of a page; take `next` of the page before, or leave it out"
    return RequestProblemError(422, detail, [(field, detail)])
