"""From a page to the next one, for each way in which applications say it."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from pipelines.api_ingestion.errors import PageError
from pipelines.api_ingestion.http.answer import Answer, Request, joined, origin, with_params
from pipelines.api_ingestion.source.api_source import CursorPages, NextUrl, NumberedPages, OffsetPages

if TYPE_CHECKING:
    from pipelines.api_ingestion.pages.json_page import Page
    from pipelines.api_ingestion.source.api_source import Pagination

_LINK = re.compile(r'<([^>]*)>((?:[^,<"]|"(?:[^"\\]|\\.)*")*)')
_REL_NEXT = re.compile(r';\s*rel\s*=\s*"?(?:[^";]*\s)?next(?:\s[^";]*)?"?\s*(?:;|$)', re.IGNORECASE)


class Paging(Protocol):
    """How pages follow each other: what has to be read from an answer, the first address, and the next."""

    @property
    def marks(self) -> tuple[str, ...]:
        """Dotted paths of an answer that lead on."""

    def first(self, url: str) -> str:
        """The address of the first page of an endpoint, whose own is `url`."""

    def next(self, answer: Answer, page: Page) -> str | None:
        """The address of the page behind this one; None behind the last."""


def paging_of(pagination: Pagination) -> Paging:
    """How the pages of an endpoint follow each other, from their beginning."""
    match pagination:
        case CursorPages():
            return _Cursor(pagination)
        case NumberedPages():
            sized = (pagination.size_param, pagination.size)
            return _Counted(pagination.page, pagination.start, by_records=False, sized=sized)
        case OffsetPages():
            return _Counted(pagination.offset, 0, by_records=True, sized=(pagination.limit_param, pagination.limit))
        case NextUrl():
            return _Linked(pagination.next_url)
        case "link_header":
            return _Linked(None)
    return _Single()


class PagesSeen:
    """Refuses a page that came before: whoever follows it would never come to an end."""

    def __init__(self, most: int) -> None:
        """Take `most` pages."""
        self._most, self._urls, self._last = most, set[bytes](), b""  # of pages without records several may be alike

    def note(self, url: str, body: bytes, page: Page) -> None:
        """Note a page.

        Raises:
            PageError: its address was asked for before, its content is that of the page before, or it is one too many.
        """
        address = hashlib.blake2b(url.encode(), digest_size=12).digest()
        if address in self._urls:
            raise PageError("the way on leads to a page that was read before: the cursor repeats")
        if page.lines and body == self._last:
            raise PageError("the page has the content of the one before: the application ignores what is asked for")
        if len(self._urls) == self._most:
            raise PageError(f"there are more than {self._most} pages; expected an end, or set limits: {{pages: …}}")
        self._urls.add(address)
        self._last = body if page.lines else b""


class _Single:
    marks: tuple[str, ...] = ()

    def first(self, url: str) -> str:
        return url

    def next(self, answer: Answer, page: Page) -> str | None:
        del answer, page
        return None


@dataclass
class _Cursor:
    """The value of a path becomes a parameter."""

    pages: CursorPages
    _url: str = ""

    @property
    def marks(self) -> tuple[str, ...]:
        return (self.pages.cursor,)

    def first(self, url: str) -> str:
        self._url = url
        return url

    def next(self, answer: Answer, page: Page) -> str | None:
        del answer
        found = page.marks.get(self.pages.cursor)
        if found is None or found is False or found == "":
            return None
        if not isinstance(found, str | int):
            raise PageError(
                f"{self.pages.cursor} is no text and no whole number; expected what to ask for next, or null"
            )
        try:
            return with_params(self._url, {self.pages.param: str(found)})
        except UnicodeEncodeError:
            raise PageError(f"{self.pages.cursor} has half a character; expected a whole text") from None


class _Counted:
    """Pages or records are counted, up to a page without any: one that is short may be one that was cut."""

    marks: tuple[str, ...] = ()

    def __init__(self, param: str, start: int, *, by_records: bool, sized: tuple[str | None, int | None]) -> None:
        self._param, self._at, self._by_records, self._sized = param, start, by_records, sized
        self._url = ""

    def first(self, url: str) -> str:
        name, size = self._sized
        self._url = url if name is None or size is None else with_params(url, {name: str(size)})
        return with_params(self._url, {self._param: str(self._at)})

    def next(self, answer: Answer, page: Page) -> str | None:
        del answer
        if not page.lines:
            return None
        self._at += len(page.lines) if self._by_records else 1
        return with_params(self._url, {self._param: str(self._at)})


@dataclass
class _Linked:
    """An answer holds the next address: at a path, or in the header Link (RFC 8288)."""

    path: str | None

    @property
    def marks(self) -> tuple[str, ...]:
        return () if self.path is None else (self.path,)

    def first(self, url: str) -> str:
        return url

    def next(self, answer: Answer, page: Page) -> str | None:
        found = page.marks.get(self.path) if self.path is not None else _link_next(answer.headers.get("link", ""))
        if found is None or found == "":
            return None
        if not isinstance(found, str):
            raise PageError(f"{self.path} is no text; expected the address of the next page, or null")
        try:
            url = joined(answer.url, found)
        except ValueError:
            raise PageError(
                "the next page is at no address that can be read; expected one of this application"
            ) from None
        if origin(url) != origin(answer.url):
            raise PageError(f"the next page is at another place ({Request(url).shown}), which is not followed")
        return url


def _link_next(header: str) -> str | None:
    return next((url for url, rest in _LINK.findall(header) if _REL_NEXT.search(rest)), None)
