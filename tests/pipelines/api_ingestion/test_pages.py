"""Answers: records as they were written, the way on for each kind of pages, positions, digests."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.api_ingestion.cursor.digests import DigestSet, digest_of
from pipelines.api_ingestion.cursor.position import lookback_of, orders_of, read_position, written_like
from pipelines.api_ingestion.errors import PageError
from pipelines.api_ingestion.http.answer import Answer
from pipelines.api_ingestion.pages.json_page import careful_page, read_page
from pipelines.api_ingestion.pages.paging import PagesSeen, paging_of
from pipelines.api_ingestion.pages.quick_page import quick_page
from pipelines.api_ingestion.source.api_source import Incremental
from tests.pipelines.api_ingestion.conftest import source_at

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipelines.api_ingestion.pages.json_page import Page

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
_RECORDS = st.lists(st.dictionaries(st.text(), _VALUES, max_size=4), max_size=5)


@given(_RECORDS, st.sampled_from([None, 0, 2]), st.booleans(), _VALUES)
def test_what_is_read_is_what_json_reads_and_every_record_is_a_line(
    records: list[dict[str, Any]],
    indent: int | None,
    ascii: bool,  # noqa: A002, FBT001 - as `dumps` calls it
    other: object,
) -> None:
    whole = {"a": other, "data": {"x": other, "items": records, "y": 1}, "meta": {"next": "n"}}
    try:
        body = json.dumps(whole, indent=indent, ensure_ascii=ascii).encode()
    except UnicodeEncodeError:
        return
    page = read_page(body, "data.items", ["meta.next", "meta.other"])
    assert [json.loads(one) for one in page.lines] == records
    assert not any(b"\n" in one or b"\r" in one for one in page.lines)
    assert page.marks == {"meta.next": "n"}


_PARTS = [
    b'"',
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b" ",
    b"\n",
    b"\\",
    b"\\ud83d",
    b"\x00",
    b"\xff",
    b"0",
    b"-",
    b".",
    b"1e999",
]
_PARTS += [b"NaN", b"null", b"nul", b"\xef\xbb\xbf", b'"id": [1], ', b'"at": {"d": 1.0}, ', b"9" * 30, b"{}", b"1, "]
_SLIPS = st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 3), st.sampled_from([b"", *_PARTS])), max_size=3)
_DATED = st.fixed_dictionaries(
    {},
    optional={
        "id": st.integers() | st.text(max_size=3),
        "at": _VALUES | st.fixed_dictionaries({"d": _VALUES}),
        "": _VALUES,
    },
)


@given(st.lists(_DATED, max_size=4), st.sampled_from([None, "data.items", "data"]), _SLIPS)
def test_the_quick_way_says_what_the_careful_one_says_of_right_and_wrong_answers(
    records: list[dict[str, Any]], path: str | None, slips: list[tuple[int, int, bytes]]
) -> None:
    whole = {None: records, "data": {"data": records, "meta": {"n": 7}}}.get(
        path, {"data": {"items": records, "n": "x"}}
    )
    body = json.dumps(whole).encode()
    for place, length, part in slips:
        at = place % (len(body) + 1)
        body = body[:at] + part + body[at + length :]
    asked = (body, path, ("meta.n", "data.n"), ("id", "at.d"))
    assert _said(read_page, asked) == _said(careful_page, asked)


def _said(read: Callable[..., Page], asked: tuple[Any, ...]) -> object:
    try:
        page = read(*asked)
    except PageError as error:
        return str(error)
    marks = {path: value for path, value in page.marks.items() if value is not None}
    return page.lines, {path: repr(values) for path, values in page.columns.items()}, marks


def test_most_answers_are_read_the_quick_way() -> None:
    body = b'{"meta": {"n": null}, "data": {"items": [{"id": 1, "at": null}, {"id": 2, "at": {"d": "x"}, "n": 1.10}]}}'
    found = quick_page(body, "data.items", ("meta.n", "next"), ("id", "at.d"))
    lines = [b'{"id": 1, "at": null}', b'{"id": 2, "at": {"d": "x"}, "n": 1.10}']
    assert found == (lines, {"id": [1, 2], "at.d": [None, "x"]}, {})


def test_of_a_name_that_stands_twice_the_last_one_counts() -> None:
    body = b'{"items": [{"id": 1}, {"id": 2}], "items": [{"id": 3}]}'
    for page in (read_page(body, "items", (), ("id",)), careful_page(body, "items", (), ("id",))):
        assert (page.lines, page.columns) == ([b'{"id": 3}'], {"id": [3]})


def test_every_beginning_of_an_answer_is_told_from_a_whole_one() -> None:
    body = b' {"data": {"items": [{"a": [1, "\\u00e9"]}, {"b": null} ], "n": -1.5e3}}'
    assert len(read_page(body, "data.items").lines) == 2
    for length in range(len(body)):
        with pytest.raises(PageError):
            read_page(body[:length], "data.items")


def test_a_number_of_any_length_is_kept() -> None:
    digits = "9" * 5000
    (line,) = read_page(f'[{{"n": {digits}}}]'.encode(), None).lines
    assert line == f'{{"n": {digits}}}'.encode()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe", "not UTF-8"),
        (b"[" * 100_000, "nested too deep"),
        (b'[{"a": NaN}]', "not JSON"),
        (b"[] []", "goes on behind its JSON"),
        (b"[1]", "record 1 is the number 1"),
        (b"[{}, [1]]", "record 2 is a list"),
        (b'{"items": []}', "the answer is no list, but an object"),
        (b"null", "but null"),
    ],
)
def test_what_is_no_page_is_said(body: bytes, said: str) -> None:
    with pytest.raises(PageError, match=said):
        read_page(body, None)


_HERE = "https://api.test/v1"


def _walk(pagination: object, bodies: list[Any], headers: list[dict[str, str]] | None = None) -> list[str]:
    """The addresses that are asked for while these are the answers, without the part that is always the same."""
    source = source_at(_HERE, endpoint={"pagination": pagination, "records": "items"})
    paging = paging_of(source.endpoints["employees"].pagination)
    url: str | None = paging.first(f"{_HERE}/e?a=1")
    asked, seen = [], PagesSeen(50)
    for at, body in enumerate(bodies):
        if url is None:
            break
        asked.append(url.removeprefix(_HERE))
        data = json.dumps(body).encode()
        page: Page = read_page(data, "items", paging.marks)
        seen.note(url, data, page)
        url = paging.next(Answer(200, headers[at] if headers else {}, data, url), page)
    else:
        assert url is None, f"it goes on to {url}"
    return asked


def test_each_kind_of_pages_is_followed_to_its_end() -> None:
    one, two = [{"id": 1}], [{"id": 2}, {"id": 3}]
    assert _walk("none", [{"items": one}]) == ["/e?a=1"]
    cursors = [{"items": one, "next": "x y"}, {"items": [], "next": 7}, {"items": two, "next": None}]
    assert _walk({"cursor": "next", "param": "c"}, cursors) == ["/e?a=1", "/e?a=1&c=x+y", "/e?a=1&c=7"]
    counted = [{"items": two}, {"items": one}, {"items": []}]
    sized = {"page": "p", "start": 0, "size_param": "n", "size": 2}
    assert _walk(sized, counted) == ["/e?a=1&n=2&p=0", "/e?a=1&n=2&p=1", "/e?a=1&n=2&p=2"]
    # What came counts, not what was asked for: servers give fewer than they are asked for.
    offsets = {"offset": "o", "limit_param": "n", "limit": 50}
    assert _walk(offsets, counted) == ["/e?a=1&n=50&o=0", "/e?a=1&n=50&o=2", "/e?a=1&n=50&o=3"]
    urls = [{"items": one, "next": f"{_HERE}/e?c=2"}, {"items": two, "next": "?c=3"}, {"items": one}]
    assert _walk({"next_url": "next"}, urls) == ["/e?a=1", "/e?c=2", "/e?c=3"]
    links = [{"link": '</v1/e?c=2,3>; title="a, b"; rel="next last", <x>; rel=prev'}, {"link": "<y>; rel=prev"}]
    assert _walk("link_header", [{"items": one}, {"items": two}], links) == ["/e?a=1", "/e?c=2,3"]


@pytest.mark.parametrize(
    ("pagination", "bodies", "said"),
    [
        ({"cursor": "n", "param": "c"}, [{"items": [{"a": n}], "n": "1"} for n in range(3)], "the cursor repeats"),
        ({"page": "p"}, [{"items": [{"a": 1}]}] * 3, "the application ignores what is asked for"),
        ({"offset": "o"}, [{"items": [{"a": 1}]}] * 3, "the application ignores what is asked for"),
        ({"next_url": "n"}, [{"items": [{"a": n}], "n": "?c=1"} for n in range(3)], "the cursor repeats"),
        ({"next_url": "n"}, [{"items": [], "n": "https://other.test/v1/e"}], "at another place"),
        ({"next_url": "n"}, [{"items": [], "n": "http://api.test/v1/e"}], "at another place"),
        *(
            ({"next_url": "n"}, [{"items": [], "n": url}], "at no address that can be read")
            for url in ("http://[", "https://api.test:abc/x", "https://api.test:99999/", "https://a..b/", "/e\ud800")
        ),
        ({"cursor": "n", "param": "c"}, [{"items": [], "n": "\ud800"}], "n has half a character"),
        ({"page": "p"}, [{"items": [{"a": n}]} for n in range(60)], "more than 50 pages"),
    ],
)
def test_pages_that_lead_nowhere_or_elsewhere_are_not_followed(
    pagination: dict[str, Any], bodies: list[Any], said: str
) -> None:
    with pytest.raises(PageError, match=said):
        _walk(pagination, bodies)


@pytest.mark.parametrize(
    ("text", "back", "expected"),
    [
        ("2026-03-01T10:00:06Z", "2m", "2026-03-01T09:58:06Z"),
        ("2026-03-01T10:00:06.123456789Z", "6s", "2026-03-01T10:00:00.123456Z"),
        ("2026-03-01 00:00:06.5", "7s", "2026-02-28 23:59:59.5"),
        ("2026-03-01T10:00:06+02:00", "2m", "2026-03-01T07:58:06+00:00"),
        ("2026-03-01T10:00:06.25-0330", "0s", "2026-03-01T13:30:06.25+0000"),
        ("2026-03-01", "1d", "2026-02-28"),
        ("1767225600", "2m", "1767225480"),
        (1767225600, 600, "1767225000"),
        (1772359200000000000, 600, "1772359199999999400"),
        ("1772359200000000000", 600, "1772359199999999400"),
        ("0001-01-02T00:00:00Z", "3d", "0001-01-02T00:00:00Z"),
    ],
)
def test_where_a_reading_begins_is_written_as_the_application_writes_it(
    text: object, back: object, expected: str
) -> None:
    incremental = Incremental.model_validate({"field": "f", "param": "p", "lookback": back, "unit": "seconds"})
    position = read_position(text)
    assert written_like(position, position.order - lookback_of(incremental, position)).text == expected


@pytest.mark.parametrize(
    "value", ["soon", "2026-13-01", "", None, True, 1.5, [], "2026-03-01T25:00Z", 2**63, -(2**70), "9" * 19, "9" * 25]
)
def test_what_is_no_position_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"moment|month|hour|too large"):
        read_position(value)


@pytest.mark.parametrize("fraction", ["", ".5", ".250", ".123456", ".123456789"])
@pytest.mark.parametrize("moment", ["2026-03-01T23:59:07", "1969-12-31T23:59:59", "2024-02-29T00:00:00"])
def test_moments_have_one_order_however_they_are_read(moment: str, fraction: str) -> None:
    assert orders_of([f"{moment}{fraction}Z"]) == read_position(f"{moment}{fraction}+00:00").order


PLAIN = st.datetimes().map(lambda moment: moment.isoformat(timespec="microseconds"))


@given(st.sampled_from([19, 23, 26]).flatmap(lambda length: st.lists(PLAIN.map(lambda text: f"{text[:length]}Z"))))
def test_many_moments_have_the_orders_that_each_has(texts: list[str]) -> None:
    assert orders_of(texts).tolist() == [read_position(one).order for one in texts]


@pytest.mark.parametrize(
    "odd",
    [
        *("0000-01-01T00:00:00Z", "2026-02-29T00:00:00Z", "+026-02-28T00:00:00Z", "2026-02-28t00:00:00Z", "17"),
        *("2026-02-28T00:00:0\u0661Z", "2026-02-28T24:00:00Z", "2026-02-28 00:00:00Z", None, 17, 2**63, "x" * 20),
    ],
)
def test_one_odd_moment_among_many_is_read_or_refused_as_alone(odd: object) -> None:
    values = ["2026-02-28T00:00:00Z", odd, "2026-02-28T00:00:01Z"]
    try:
        wanted = [read_position(one).order for one in values]
    except ValueError:
        with pytest.raises(ValueError):
            orders_of(values)
    else:
        assert orders_of(values).tolist() == wanted


@pytest.mark.parametrize(
    "text", ["2026-W01-1T00:00:00Z", "2026-03-01T00:00:60Z", "2026-03-01T00:00:0\u0661Z", "2026-03-01T00:00:00.1_0Z"]
)
def test_what_is_no_moment_has_no_order(text: str) -> None:
    with pytest.raises(ValueError, match=r"moment|second|isoformat"):
        orders_of([text])


def test_a_lookback_that_does_not_fit_the_field_is_said() -> None:
    span = Incremental.model_validate({"field": "f", "param": "p"})
    with pytest.raises(PageError, match="say its unit"):
        lookback_of(span, read_position(17))
    number = Incremental.model_validate({"field": "f", "param": "p", "lookback": 5})
    with pytest.raises(PageError, match="expected a span of time"):
        lookback_of(number, read_position("2026-03-01"))


def test_digests_are_known_once_however_many_there_are() -> None:
    digests, known = [digest_of(b"%d" % number) for number in range(100_000)], DigestSet()
    for start in range(0, len(digests), 7_000):
        assert all(known.add_new(digests[start : start + 7_000]))
    assert not any(known.add_new(digests[::3]))
    assert known.add_new([digest_of(b"new"), digest_of(b"new")]) == [True, False]
    again = DigestSet(digests)
    assert not any(again.add_new(digests[::5]))
