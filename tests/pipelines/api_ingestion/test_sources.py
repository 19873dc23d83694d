"""Files of sources: the shipped one can be used, and all that is wrong with another is said at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from etl_core.shipped_files import shipped_file
from pipelines.api_ingestion.errors import ApiSourceError
from pipelines.api_ingestion.source.read_source import read_source, source_names

if TYPE_CHECKING:
    from pathlib import Path

_WRONG = """
source: other
base_url: https://user:hidden@api.test/v1
auth: {bearer: sk-live-1234567, basic: {user: A, password: B}}
rate_limit: {requests: 0, per: 1}
endpoints:
  e:
    path: employees
    pagination: {cursor: next}
    incremental: {field: u, param: since, lookback: soon}
    primary_key: []
    land: {agency: a, file: f}
    rows: data
"""


def test_the_shipped_source_can_be_used() -> None:
    folder = shipped_file("api_sources")
    assert [read_source(name, folder).source for name in source_names(folder)] == ["hr"]


def test_all_that_is_wrong_is_said_at_once_and_no_secret(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text(_WRONG)
    with pytest.raises(ApiSourceError) as refused:
        read_source("one", tmp_path)
    said = "\n".join(refused.value.problems)
    for part in (
        'source: is "other"; expected one, as the file is called',
        "base_url: it carries credentials",
        "auth.bearer: string should match",
        "rate_limit.requests: is 0",
        "rate_limit.per: it is no span of time",
        'endpoints.e.path: is "employees"',
        "endpoints.e.pagination: param: Field required",
        "endpoints.e.incremental.lookback: it is no span of time",
        "endpoints.e.primary_key: list should have at least 1 item",
        "endpoints.e.rows: has no effect here",
    ):
        assert part in said
    assert "sk-live" not in said
    assert "hidden" not in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[1]", "it is a list"),
        ("source: [", "it cannot be read"),
        (
            "source: one\nbase_url: https://a.test\nendpoints:\n"
            + "".join(
                f"  {name}: {{path: /{name}, pagination: none, primary_key: [id], land: {{agency: a, file: f}}}}\n"
                for name in ("x", "y")
            ),
            "x and y land in the same file a/f",
        ),
        *(
            (f"source: one\nbase_url: 'http://{host}'\n", "base_url: it has no host and port that can be asked")
            for host in ("h:99999", "h:abc", "h:0", "a..b", "exa mple.com", "m\u00fcnchen.example", f"{'a' * 70}.com")
        ),
        ("source: one\nbase_url: 'http://[::1'\n", "base_url: Invalid IPv6 URL"),
        ("source: one\nauth: {api_key: {env: KEY, header: 'X Key:'}}\n", "auth.api_key.header: .*should match"),
    ],
)
def test_what_cannot_be_used_is_said(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "one.yaml").write_text(text)
    with pytest.raises(ApiSourceError, match=said):
        read_source("one", tmp_path)
