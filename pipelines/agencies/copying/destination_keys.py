"""Where documents go: keys that nobody else's document has, whatever people called their files."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from datetime import date, datetime, timezone
from typing import Final
from urllib.parse import quote

from etl_core.errors import UsageError

#: What file systems take as one name at most, in bytes; gateways keep objects on them, and people download to them.
_LONGEST_NAME: Final = 200
_LONGEST_ID: Final = 150
_SLUG: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_UNNAMED: Final = "unnamed"


def attachment_key(slug: str, attachment_id: str, file_name: str) -> str:
    """Give the key of an attachment: two attachments never have the same, for each has its id in it.

    >>> attachment_key("tenant-a", "17", "../cv 2026.pdf")
    'agency/tenant-a/attachments/17/.._cv 2026.pdf'
    """
    return f"{_folder(slug)}/attachments/{_id(attachment_id)}/{safe_name(file_name)}"


def attachments_prefix(slug: str) -> str:
    """Give what all keys of an agency's attachments begin with."""
    return f"{_folder(slug)}/attachments/"


def manifest_key(slug: str, run_date: date) -> str:
    """Give the key of a day's list of attachments."""
    return f"{_folder(slug)}/attachments/manifest-{run_date.isoformat()}.jsonl"


def employment_key(slug: str, run_at: datetime) -> str:
    """Give the key of an hour's employment history, which the default KEY_LAYOUTS know as a file of its own.

    >>> employment_key("tenant-a", datetime(2026, 1, 4, 9, 30, tzinfo=timezone.utc))
    'agency/tenant-a/files/employment-history/2026-01-04/09/employment_history.csv'
    """
    moment = run_at.astimezone(timezone.utc)
    hour = f"{moment.date().isoformat()}/{moment.hour:02}"
    return f"{_folder(slug)}/files/employment-history/{hour}/employment_history.csv"


def safe_name(name: str) -> str:
    """Give a name as one part of a key: no slash, neither `.` nor `..`, not longer than a file's.

    Nothing of it ends a line or turns its direction. What is taken out leaves an underscore; a name that is too long
    keeps its suffix.
    """
    shown = "".join("_" if _is_unsafe(character) else character for character in unicodedata.normalize("NFC", name))
    if not shown.strip():
        return _UNNAMED
    if not shown.strip("."):
        return "_" * len(shown)
    return shown if len(shown.encode()) <= _LONGEST_NAME else _shortened(shown)


def _is_unsafe(character: str) -> bool:
    kind = unicodedata.category(character)
    # Of characters that only format, joiners belong to emoji; those that turn the direction show fdp.exe as exe.pdf.
    turns = kind == "Cf" and unicodedata.bidirectional(character) not in {"BN", "AN"}
    return turns or character in "/\\" or kind in {"Cc", "Cs", "Zl", "Zp"}


def _shortened(name: str) -> str:
    stem, dot, suffix = name.rpartition(".")
    if not dot or len(suffix.encode()) > _LONGEST_NAME // 4:
        stem, suffix = name, ""
    kept = f".{suffix}" if suffix else ""
    room = _LONGEST_NAME - len(kept.encode())
    return stem.encode()[:room].decode(errors="ignore") + kept


def _id(attachment_id: str) -> str:
    """Give an id so that no two become one: letters, digits, `-` and `_` stand for themselves."""
    written = quote(attachment_id, safe="", errors="surrogatepass").replace(".", "%2E").replace("~", "%7E")
    if 0 < len(written) <= _LONGEST_ID:
        return written
    return f"~{hashlib.sha256(attachment_id.encode('utf-8', 'surrogatepass')).hexdigest()}"


def _folder(slug: str) -> str:
    if not _SLUG.fullmatch(slug):
        raise UsageError(
            f"the agency's slug {slug!r} cannot stand in a key; expected letters, digits, dots, dashes and underscores"
        )
    return f"agency/{slug}"
