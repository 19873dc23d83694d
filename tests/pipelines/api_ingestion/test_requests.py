"""Requests to a real server: signed in, tried again, kept within bounds, and to nobody they are not for."""

from __future__ import annotations

import gzip
import ssl
import time
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from itertools import repeat
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from etl_core.errors import SettingsError
from pipelines.api_ingestion.errors import ApiRefusedError, ApiUnavailableError, PageError
from pipelines.api_ingestion.http.connections import is_public
from pipelines.api_ingestion.http.rate_budget import RateBudget
from tests.pipelines.api_ingestion.conftest import Clock, source_at
from tests.pipelines.api_ingestion.served_api import Reply, served

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pipelines.api_ingestion.http.client import ApiClient
    from tests.pipelines.api_ingestion.served_api import ServedApi

    Client = Callable[..., ApiClient]


def test_a_storm_of_429_is_waited_out_as_long_as_it_asks_for(api: ServedApi, client: Client, clock: Clock) -> None:
    until = format_datetime(clock.now + timedelta(seconds=40), usegmt=True)
    asked: list[dict[str, str]] = [
        {"retry-after": "7"},
        {"retry-after": until, "date": until},
        {"retry-after": until},
        {},
    ]
    api.paths["/e"] = lambda _query, count: Reply([], 429, asked[count]) if count < len(asked) else Reply([1])
    assert client(source_at(api.url)).get(f"{api.url}/e").body == b"[1]"
    # The budget pauses for what was asked, and whoever was told so comes a little later.
    assert sum(clock.waits) >= 7 + 0 + 30
    assert sum(clock.waits) < 7 + 40 + 30


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again_until_the_time_is_up(
    api: ServedApi, client: Client, clock: Clock, status: int
) -> None:
    api.paths["/e"] = lambda _query, _count: Reply({"message": "later"}, status)
    with pytest.raises(ApiUnavailableError, match=rf"/e: status {status}, .*later.*the time is up"):
        client(source_at(api.url)).get(f"{api.url}/e")
    assert 300 < sum(clock.waits) < 600
    assert len(api.asked) > 10


def test_a_wait_that_is_longer_than_the_time_there_is_ends_at_once(
    api: ServedApi, client: Client, clock: Clock
) -> None:
    api.paths["/e"] = lambda _query, _count: Reply([], 429, {"retry-after": "99999999"})
    with pytest.raises(ApiUnavailableError, match="it asks to wait 1e"):
        client(source_at(api.url)).get(f"{api.url}/e")
    assert clock.waits == []


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_what_will_not_pass_is_told_with_a_piece_of_the_answer_and_no_secret(
    api: ServedApi, client: Client, status: int
) -> None:
    api.paths["/e"] = lambda _query, _count: Reply({"message": "token s3cret-token is wrong " + "x" * 500}, status)
    source = source_at(api.url, auth={"bearer": "HR_TOKEN"})
    with pytest.raises(ApiRefusedError) as refused:
        client(source, HR_TOKEN="s3cret-token").get(f"{api.url}/e?name=Ada")
    said = str(refused.value)
    assert f"/e?name=…: status {status}" in said
    assert "token *** is wrong" in said
    assert "s3cret-token" not in said
    assert "Ada" not in said
    assert len(said) < 400
    assert len(api.asked) == 1


def _once(first: Reply) -> Callable[[dict[str, str], int], Reply]:
    return lambda _query, count: first if count == 0 else Reply([1])


@pytest.mark.parametrize(
    "broken",
    [
        {"raw": iter([b"[1, 2"]), "length": 100},
        {"raw": iter([b"[1, 2"]), "length": 100, "headers": {"content-encoding": "gzip"}},
        {
            "raw": iter([gzip.compress(b"[" + b"1," * 1000)[:20]]),
            "length": 500,
            "headers": {"content-encoding": "gzip"},
        },
        {"raw": iter([]), "length": 10},
    ],
)
def test_a_body_that_is_cut_off_is_asked_for_again(api: ServedApi, client: Client, broken: dict[str, Any]) -> None:
    api.paths["/e"] = _once(Reply(**broken))
    assert client(source_at(api.url)).get(f"{api.url}/e").body == b"[1]"
    assert len(api.asked) == 2


def test_a_body_that_drips_is_given_up_when_the_time_is_up(api: ServedApi, client: Client) -> None:
    api.paths["/e"] = lambda _query, _count: Reply(raw=_drips(), length=10**6)
    source = source_at(api.url, limits={"deadline": "300ms"})
    with pytest.raises(ApiUnavailableError, match=r"not whole within 0\.3 s"):
        client(source)._transport(client(source)._signed(f"{api.url}/e"))


def _drips() -> Iterator[bytes]:
    for piece in repeat(b" "):
        yield piece
        time.sleep(0.02)


def test_an_answer_that_is_too_large_is_refused_also_when_it_is_compressed(api: ServedApi, client: Client) -> None:
    body = gzip.compress(b" " * 10**7)
    api.paths["/e"] = lambda _query, _count: Reply(body, headers={"content-encoding": "gzip"})
    with pytest.raises(PageError, match="more than 100000 bytes"):
        client(source_at(api.url, limits={"response_bytes": 100_000})).get(f"{api.url}/e")


def test_credentials_go_along_within_the_host_and_to_no_other_one(api: ServedApi, client: Client) -> None:
    with served() as other:
        other.paths["/there"] = lambda _query, _count: Reply([2])
        api.paths["/near"] = lambda _query, _count: Reply([1])
        api.paths["/a"] = lambda _query, _count: Reply(None, 302, {"location": "/near"})
        api.paths["/b"] = lambda _query, _count: Reply(None, 307, {"location": f"{other.url}/there"})
        asks = client(source_at(api.url, auth={"bearer": "T"}), T="token-1")
        assert asks.get(f"{api.url}/a").body == b"[1]"
        assert asks.get(f"{api.url}/b").body == b"[2]"
        assert [one.headers.get("authorization") for one in api.asked] == ["Bearer token-1"] * 3
        assert [one.headers.get("authorization") for one in other.asked] == [None]


def test_redirects_that_do_not_end_are_refused(api: ServedApi, client: Client) -> None:
    api.paths["/e"] = lambda _query, _count: Reply(None, 302, {"location": "/e"})
    with pytest.raises(ApiRefusedError, match="sent on 5 times"):
        client(source_at(api.url)).get(f"{api.url}/e")


@pytest.mark.parametrize(
    "target", ["http://[", "http://h:abc/", "http://h:99999/", f"http://{'a' * 70}.test/", "http://a..b/"]
)
def test_a_redirect_to_what_is_no_address_is_refused(api: ServedApi, client: Client, target: str) -> None:
    api.paths["/e"] = lambda _query, _count: Reply(None, 302, {"location": target})
    with pytest.raises(ApiRefusedError, match="sent on to what is no address"):
        client(source_at(api.url)).get(f"{api.url}/e")


def test_private_addresses_are_refused_unless_they_are_meant_also_behind_a_name(api: ServedApi, client: Client) -> None:
    port = api.url.rpartition(":")[2]
    for host in ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]"):
        url = f"http://{host}:{port}"
        with pytest.raises(ApiRefusedError, match="no public address; set allow_private"):
            client(source_at(url, allow_private=False)).get(f"{url}/e")
    assert api.asked == []


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.215.14", True),
        ("10.0.0.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),  # noqa: S104 - no address to listen at
        ("224.0.0.1", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("::ffff:10.0.0.1", False),
        ("2606:2800:220:1::1", True),
    ],
)
def test_which_addresses_are_public(address: str, public: bool) -> None:  # noqa: FBT001 - the expected value
    assert is_public(address) is public


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path, client: Client) -> None:
    with served(_own_certificate(tmp_path)) as api:
        api.paths["/e"] = lambda _query, _count: Reply([1])
        with pytest.raises(ApiRefusedError, match="certificate is not trusted"):
            client(source_at(api.url)).get(f"{api.url}/e")
        assert api.asked == []


def _own_certificate(folder: Path) -> ssl.SSLContext:
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "here")])
    now = datetime.now(timezone.utc)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(days=1), now + timedelta(days=1))
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "both.pem").write_bytes(made.sign(key, hashes.SHA256()).public_bytes(pem) + secret)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "both.pem")
    return context


@pytest.mark.parametrize(
    ("auth", "header", "query"),
    [
        ({"bearer": "A"}, ("authorization", "Bearer one-1"), {}),
        ({"api_key": {"env": "A", "header": "x-key"}}, ("x-key", "one-1"), {}),
        ({"api_key": {"env": "A", "param": "key"}}, None, {"key": "one-1"}),
        ({"basic": {"user": "A", "password": "B"}}, ("authorization", "Basic b25lLTE6dHdvLTI="), {}),
        ({}, None, {}),
    ],
)
def test_requests_are_signed_in(
    api: ServedApi, client: Client, auth: dict[str, Any], header: tuple[str, str] | None, query: dict[str, str]
) -> None:
    api.paths["/e"] = lambda _query, _count: Reply([])
    client(source_at(api.url, auth=auth), A="one-1", B="two-2").get(f"{api.url}/e?a=1")
    asked = api.asked[0]
    assert asked.query == {"a": "1"} | query
    assert header is None or asked.headers[header[0]] == header[1]


def test_a_token_is_fetched_once_and_again_when_it_has_ended_or_is_refused(
    api: ServedApi, client: Client, clock: Clock
) -> None:
    api.paths["/token"] = lambda _query, count: Reply({"access_token": f"token-{count}", "expires_in": 600})
    api.paths["/e"] = lambda _query, count: Reply([], 401 if count == 2 else 200)
    auth = {
        "oauth2_client_credentials": {
            "token_url": f"{api.url}/token",
            "client_id": "ID",
            "client_secret": "SECRET",
            "scope": "read",
        }
    }
    asks = client(source_at(api.url, auth=auth), ID="me", SECRET="hidden")
    for wait in (0, 0, 0, 541):
        clock.now += timedelta(seconds=wait)
        asks.get(f"{api.url}/e")
    used = [one.headers["authorization"][-1] for one in api.asked if one.path == "/e"]
    assert used == ["0", "0", "0", "1", "2"]
    form = next(one.form for one in api.asked if one.path == "/token")
    assert form == {"grant_type": "client_credentials", "client_id": "me", "client_secret": "hidden", "scope": "read"}


def test_variables_that_are_not_set_are_named_all_at_once(client: Client) -> None:
    with pytest.raises(SettingsError, match=r"(?s)USER_NAME: is not set.*USER_PASSWORD: is not set"):
        client(source_at("http://127.0.0.1:1", auth={"basic": {"user": "USER_NAME", "password": "USER_PASSWORD"}}))


@pytest.mark.parametrize("value", ["hidden\n", "a\r\nX-Other: b", " se", "k\u20acy", "k\xe9y"])
def test_a_secret_that_no_header_can_carry_is_refused_without_being_told(client: Client, value: str) -> None:
    for auth in ({"bearer": "KEY"}, {"api_key": {"env": "KEY", "header": "X-Key"}}):
        with pytest.raises(SettingsError, match="KEY: goes into a header") as refused:
            client(source_at("http://127.0.0.1:1", auth=auth), KEY=value)
        assert value not in str(refused.value)


@pytest.mark.parametrize(
    "answer",
    [[], {}, b"[" * 100_000, b"\xff", *({"access_token": one} for one in (None, "", ["x"], "a\nb", "k\u20acy", 7))],
)
def test_a_token_that_cannot_be_used_is_refused(api: ServedApi, client: Client, answer: object) -> None:
    api.paths["/token"] = lambda _query, _count: Reply(answer)
    auth = {
        "oauth2_client_credentials": {"token_url": f"{api.url}/token", "client_id": "ID", "client_secret": "SECRET"}
    }
    with pytest.raises(ApiRefusedError, match="no access_token that can be used"):
        client(source_at(api.url, auth=auth), ID="me", SECRET="hidden").get(f"{api.url}/e")


def test_an_address_of_somebody_else_is_never_asked(api: ServedApi, client: Client) -> None:
    with pytest.raises(ApiRefusedError, match="no address of"):
        client(source_at(api.url)).get("http://127.0.0.1:1/e")


def test_in_no_span_of_time_are_there_more_requests_than_the_budget_has(clock: Clock) -> None:
    passing, made = clock.passing(), []
    budget = RateBudget(3, 10.0, passing.passed, passing.sleep)
    for number in range(20):
        budget.take()
        made.append(passing.passed())
        clock.now += timedelta(seconds=number % 4)
    assert all(later - earlier >= 10.0 for earlier, later in zip(made, made[3:], strict=False))
    budget.pause(100.0)
    budget.take()
    assert passing.passed() - made[-1] >= 100.0
