"""Whatever is asked of the operations that the OpenAPI document names, no answer is an error of the program's."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.end_to_end.landing import key_of

if TYPE_CHECKING:
    from tests.service.site import Site

PAGES = [
    *("/", "/files/{file_id}", "/files/{file_id}/unusual", "/runs/{run_id}", "/objects", "/objects/{row_id}"),
    *("/lake", "/arrivals", "/alerts", "/docs"),
]
VALUES = st.one_of(
    st.text(max_size=40).filter(lambda text: not any("\ud800" <= one <= "\udfff" for one in text)),
    st.integers(-2, 1 << 70).map(str),
    st.sampled_from(
        [
            "true",
            "done",
            "WzEsMiwzXQ",
            "WyJhIiwiYiIsIjEiXQ",
            "WyIyMDI2LTAxLTA0IiwxLDFd",
            "WyIAIiwiXHUwMDAwIiwiMSJd",
            "1",
            "../..",
            "%00",
            "' OR 1=1 --",
            "\x00",
        ]
    ),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture(scope="module", autouse=True)
def _kept(site: Site) -> None:
    site.landing.configure()
    site.landing.announce(site.landing.put(key_of()))
    site.landing.process()


@given(data=st.data())
def test_no_address_and_no_parameter_is_answered_with_an_error_of_the_programs(site: Site, data: st.DataObject) -> None:
    paths = site.app.openapi()["paths"]
    path = data.draw(st.sampled_from([*PAGES, *(path for path, methods in paths.items() if "get" in methods)]))
    names = [one["name"] for one in paths.get(path, {}).get("get", {}).get("parameters", ()) if one["in"] == "query"]
    asked = data.draw(st.dictionaries(st.sampled_from([*names, "search", "before", "after", "passed"]), VALUES))
    for name in ("file_id", "run_id", "row_id"):
        path = path.replace(f"{{{name}}}", quote(data.draw(VALUES), safe=""))
    answer = site.ask(f"{path}?{urlencode(asked)}")
    assert answer.status < 500, answer.text


@given(body=st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode()), wait=VALUES)
def test_no_body_is_answered_with_an_error_of_the_programs(site: Site, body: bytes, wait: str) -> None:
    for path in ("/hooks/sns", "/hooks/eventbridge", "/api/trigger-ingestion/?wait=0"):
        assert 400 <= site.post(path, body).status < 500
    assert site.post(f"/api/trigger-ingestion/?{urlencode({'wait': wait})}", b"{}").status == 422


@given(
    named=st.fixed_dictionaries({"bucket": JSON, "key": JSON}, optional={"version_id": JSON})
    | st.fixed_dictionaries(
        {"bucket": st.just("BUCKET"), "key": st.text(min_size=1)}, optional={"version_id": st.text()}
    )
)
def test_no_object_is_answered_with_an_error_of_the_programs(site: Site, named: dict[str, object]) -> None:
    if named["bucket"] == "BUCKET":
        named = {**named, "bucket": site.landing.bucket}
    answer = site.post("/api/trigger-ingestion/", named)
    assert answer.status in {202, 422}, answer.text
    assert answer.status == 202 or answer.fields
