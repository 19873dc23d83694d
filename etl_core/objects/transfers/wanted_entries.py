"""What listings tell of keys somebody wants: a page tells of a thousand where a request for each would tell of one."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from os.path import commonprefix
from typing import TYPE_CHECKING, Final

from etl_core.errors import UsageError
from etl_core.objects.failures import ObjectRefusedError
from etl_core.objects.listing import Entry, list_entries

if TYPE_CHECKING:
    from etl_core.objects.store import ObjectStore

#: Of so many wanted keys a page has to tell on the average; else asking for each is as quick.
_KEYS_A_PAGE: Final = 20


@dataclass(frozen=True, slots=True)
class Listed:
    """What was found of the wanted keys, and of which it was asked; of others nobody knows."""

    entries: Mapping[str, Entry] = field(default_factory=dict)
    asked: frozenset[str] = frozenset()

    def is_absent(self, key: str) -> bool:
        """Whether there was no such object; False also where nobody knows."""
        return key in self.asked and key not in self.entries


def list_wanted(store: ObjectStore, bucket: str, keys: Iterable[str], *, page: int = 1000) -> Listed:
    """List what is there of `keys`, with no more pages than they are worth; stretches without any are skipped.

    A bucket whose objects may be read and not listed tells nothing.

    Raises:
        UsageError: there is no such bucket, or the settings allow nothing there.
        StorageUnavailableError: the object store did not answer.
    """
    wanted = sorted(set(keys), key=str.encode)
    order = [key.encode() for key in wanted]
    prefix = commonprefix(wanted)  # noqa: RUF071 - keys are no paths
    at, entries = 0, dict[str, Entry]()
    pages = max(1, len(wanted) // _KEYS_A_PAGE) if wanted else 0
    after = ""
    try:
        while at < len(wanted) and pages:
            pages -= 1
            after = max(after, _before(wanted[at]), key=str.encode)
            found = list(islice(list_entries(store, bucket, prefix, page=page, after=after), page))
            told = {entry.key: entry for entry in found}
            is_last = len(found) < page
            end = len(wanted) if is_last else bisect_right(order, found[-1].key.encode())
            entries |= {key: told[key] for key in wanted[at:end] if key in told}
            at, after = end, found[-1].key if found else after
    except UsageError as error:
        cause = error.__cause__
        if not (isinstance(cause, ObjectRefusedError) and cause.kind == "rights"):
            raise
    return Listed(entries, frozenset(wanted[:at]))


def _before(key: str) -> str:
    """Give a text that sorts before a key, with little in between."""
    last = ord(key[-1]) - 1
    is_text = last > ord(" ") and not 0xD800 <= last <= 0xDFFF  # noqa: PLR2004 - the halves of surrogate pairs
    return key[:-1] + chr(last) if is_text else key[:-1]
