"""Who may ask, how much and for how long; what browsers are told; what happens while the database is away."""

from __future__ import annotations

import base64
import socket
import threading
import time
from dataclasses import replace
from http.client import HTTPConnection
from typing import TYPE_CHECKING

import pytest

from dq.ledger.inbox import Inbox
from etl_core.errors import SettingsError
from etl_core.postgres.clock import DatabaseClock
from etl_core.postgres.database import Timeouts, connect
from etl_core.settings import read_rooms
from jobs.serving.serve import access_of
from service.doors import Access
from service.guarding.bodies import BodyLimits
from service.guarding.callers import Rates
from service.server import listen
from service.settings import ServeSettings
from tests.end_to_end.landing import key_of
from tests.service.site import SECRET, Site, listening

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN = "a token that nobody guesses"
PATHS = ("/", "/docs", "/openapi.json", "/api/files", "/metrics", "/objects", "/lake", "/alerts", "/api/nothing")


@pytest.fixture(scope="module")
def guarded(site: Site) -> Iterator[Site]:
    """The same with a token, a page of elsewhere that may read, and little patience."""
    doors = replace(site.doors, access=Access(TOKEN, origins=("https://portal.example",), per_second=10_000))
    with listening(doors, site.landing, site.certificates, BodyLimits(most_bytes=2_000, seconds=1.0)) as made:
        yield made


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "given",
    [
        None,
        "Bearer",
        "Bearer another",
        f"Bearer {TOKEN}x",
        f"Token {TOKEN}",
        "Basic !",
        "Basic " + base64.b64encode(b"user:another").decode(),
        "Basic " + base64.b64encode(TOKEN.encode()).decode(),
    ],
)
def test_without_the_token_nothing_is_told(guarded: Site, path: str, given: str | None) -> None:
    answer = guarded.ask(path, headers={} if given is None else {"Authorization": given})
    assert answer.status == 401
    assert answer.headers["www-authenticate"].startswith("Basic")


@pytest.mark.parametrize("given", [f"Bearer {TOKEN}", "Basic " + base64.b64encode(f"any:{TOKEN}".encode()).decode()])
def test_with_the_token_every_page_is_there(guarded: Site, given: str) -> None:
    statuses = {path: guarded.ask(path, headers={"Authorization": given}).status for path in PATHS}
    assert statuses == {path: 404 if path == "/api/nothing" else 200 for path in PATHS}


def test_probes_and_hooks_have_ways_of_their_own_to_prove_themselves(guarded: Site) -> None:
    assert [guarded.ask(path).status for path in ("/healthz", "/readyz")] == [200, 200]
    assert guarded.post("/hooks/eventbridge", {"no": "event"}).status == 403
    assert guarded.post("/hooks/eventbridge", {"no": "event"}, x_api_key=SECRET).status == 200
    assert guarded.post("/api/trigger-ingestion/", {"bucket": "b", "key": "k"}).status == 401


def test_every_answer_tells_browsers_to_load_and_run_nothing(site: Site) -> None:
    for path in (*PATHS, "/healthz", "/files/0", "/api/files?limit=x"):
        headers = site.ask(path).headers
        assert headers["content-security-policy"].startswith("default-src 'none'"), path
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "server" not in headers
        assert "access-control-allow-origin" not in headers
        assert "<script" not in site.ask(path).text


def test_pages_of_other_origins_read_nothing_unless_they_are_named(guarded: Site) -> None:
    asked = {"Authorization": f"Bearer {TOKEN}", "Access-Control-Request-Method": "GET"}
    named = guarded.ask("/api/files", headers={**asked, "Origin": "https://portal.example"})
    assert named.headers["access-control-allow-origin"] == "https://portal.example"
    other = guarded.ask("/api/files", headers={**asked, "Origin": "https://elsewhere.example"})
    assert "access-control-allow-origin" not in other.headers
    before = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "POST"}
    assert guarded.ask("/api/trigger-ingestion/", method="OPTIONS", headers=before).status == 400


def test_a_name_that_leads_here_from_elsewhere_is_not_answered_to(site: Site) -> None:
    """A page of elsewhere could have its own name point at this machine, and read in the name of its user."""
    assert site.ask("/api/files", headers={"Host": "rebound.example"}).status == 421
    assert site.ask("/healthz", headers={"Host": f"rebound.example:{site.port}"}).status == 421
    assert site.ask("/api/files", headers={"Host": f"localhost:{site.port}"}).status == 200


def test_a_body_that_is_too_large_is_refused_before_it_is_read(guarded: Site) -> None:
    for headers in ({"Content-Length": "1000000000"}, {"Transfer-Encoding": "chunked"}):
        connection = HTTPConnection("127.0.0.1", guarded.port, timeout=60)
        connection.putrequest("POST", "/api/trigger-ingestion/")
        for name, value in {"Authorization": f"Bearer {TOKEN}", **headers}.items():
            connection.putheader(name, value)
        connection.endheaders()
        if "Transfer-Encoding" in headers:
            connection.send(b"bb8\r\n" + b"x" * 3000 + b"\r\n")
        assert connection.getresponse().status == 413
        connection.close()


def test_who_sends_slowly_is_told_so(guarded: Site) -> None:
    with socket.create_connection(("127.0.0.1", guarded.port), timeout=60) as connection:
        head = f"POST /api/trigger-ingestion/ HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer {TOKEN}\r\n"
        connection.sendall(f"{head}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{".encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 408")


def test_who_comes_when_too_many_are_there_is_told_when_to_come_again(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.server._MOST_CONNECTIONS", 0)
    answer = site.ask("/api/files")
    assert (answer.status, answer.json["status"]) == (503, 503)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["connection"] == "close"
    assert int(answer.headers["retry-after"]) > 0
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert site.ask("/healthz").status == 200


@pytest.mark.parametrize("end", [None, b"", b"\r\n\r\n"], ids=["nothing", "half a header", "half a second one"])
def test_who_sends_no_header_holds_no_connection(
    site: Site, end: bytes | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor half of a second one: after an answer the time counts again."""
    monkeypatch.setattr("service.server._HEADER", 0.3)
    with socket.create_connection(("127.0.0.1", site.port), timeout=60) as connection:
        if end is not None:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1" + end)
        answer = b""
        if end:
            while b"\r\n\r\n" not in answer:
                answer += connection.recv(10_000)
            connection.sendall(b"GET / HTTP/1.1\r\n")
        while some := connection.recv(10_000):
            answer += some
    assert answer.count(b"HTTP/1.1 200") == (1 if end else 0)


def test_an_address_that_cannot_be_listened_at_is_said(site: Site) -> None:
    with pytest.raises(SettingsError, match=f"SERVE_PORT: 127.0.0.1:{site.port} cannot be listened at"):
        listen("127.0.0.1", site.port)
    with pytest.raises(SettingsError, match=r"SERVE_HOST: nosuch\.invalid is no address"):
        listen("nosuch.invalid", 0)


def test_an_address_has_twice_its_rate_for_a_moment_and_then_its_rate() -> None:
    now = 0.0
    rates = Rates(10.0, lambda: now)
    assert [rates.ask("a") for _ in range(20)] == [0.0] * 20
    assert rates.ask("a") == pytest.approx(0.1)
    assert rates.ask("b") == 0.0
    now = 0.5
    assert [rates.ask("a") > 0 for _ in range(6)] == [False] * 5 + [True]


def test_addresses_that_are_counted_are_bounded() -> None:
    rates = Rates(1.0, lambda: 0.0)
    for number in range(20_000):
        rates.ask(str(number))
    assert len(rates._left) == 10_000


def test_too_many_requests_are_told_when_to_come_again(site: Site) -> None:
    doors = replace(site.doors, access=Access(local_only=True, per_second=0.001))
    with listening(doors, site.landing, site.certificates) as slow:
        assert slow.ask("/api/files").status == 200
        answer = slow.ask("/api/files")
        assert (answer.status, int(answer.headers["retry-after"]) > 0) == (429, True)
        assert slow.ask("/healthz").status == 200


@pytest.fixture(scope="module")
def cut_off(site: Site) -> Iterator[Site]:
    """A service whose database went away after it had started."""
    engine = connect(site.landing.database.url.render_as_string(hide_password=False), timeouts=Timeouts(pool=5))
    clock = DatabaseClock(engine)
    clock()
    doors = replace(site.doors, reader=engine, inbox=Inbox(engine), clock=clock)
    with listening(doors, site.landing, site.certificates) as made:
        engine.dispose()
        broken = engine.url.set(host="/nowhere").translate_connect_args(username="user")
        engine.dialect.connect = lambda *_, **__: engine.dialect.loaded_dbapi.connect(  # type: ignore[method-assign]
            host="/nowhere", dbname=broken.get("database", "none")
        )
        yield made
        engine.dispose()


def test_while_the_database_is_away_everybody_is_told_so_and_when_to_come_again(cut_off: Site) -> None:
    for path in ("/", "/files/1", "/runs/1", "/objects", "/objects/1", "/lake", "/alerts"):
        page = cut_off.ask(path)
        assert (page.status, page.headers["retry-after"]) == (503, "5"), path
        assert "The database does not answer" in page.text
    key = {"bucket": cut_off.landing.bucket, "key": key_of()}
    signed = cut_off.certificates.signed(key, cut_off.doors.clock())
    for answer in (
        cut_off.ask("/api/files"),
        cut_off.ask("/readyz"),
        cut_off.post("/api/trigger-ingestion/", key),
        cut_off.post("/hooks/sns", signed),
        cut_off.post("/hooks/eventbridge", key, x_api_key=SECRET),
    ):
        assert (answer.status, answer.headers["retry-after"]) == (503, "5")
        assert "nowhere" not in answer.text
    assert cut_off.ask("/healthz").status == 200
    assert cut_off.ask("/metrics").status == 200


def test_a_request_without_an_answer_for_minutes_is_no_health(site: Site) -> None:
    now = 0.0
    doors = replace(site.doors, seconds=lambda: now, access=Access(per_second=10_000))
    with listening(doors, site.landing, site.certificates) as stuck:
        number = stuck.doors.metrics.begun(now)
        now = 170.0
        assert stuck.ask("/healthz").status == 200
        now = 190.0
        assert stuck.ask("/healthz").json["status"] == "stuck"
        stuck.doors.metrics.ended(number, "/", "GET", 200, now)
        assert stuck.ask("/healthz").status == 200


def test_readers_do_not_hold_up_what_comes_in(site: Site) -> None:
    """All threads that read wait for a lock; what comes in has threads of its own."""
    site.landing.configure()
    asked = []
    with site.landing.database.connect() as locking:
        locking.exec_driver_sql("LOCK TABLE reporting.monitoring_file IN ACCESS EXCLUSIVE MODE")
        readers = [threading.Thread(target=lambda: asked.append(site.ask("/api/files").status)) for _ in range(20)]
        for reader in readers:
            reader.start()
        deadline = time.monotonic() + 60
        while site.doors.metrics.longest(time.monotonic())[0] < len(readers):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        key = key_of(name="meanwhile")
        assert site.post("/api/trigger-ingestion/", {"bucket": site.landing.bucket, "key": key}).status == 202
        assert asked == []
        locking.rollback()
    for reader in readers:
        reader.join()
    assert asked == [200] * len(readers)


def test_figures_tell_of_requests_by_their_route(site: Site) -> None:
    site.ask("/files/17")
    site.ask("/nothing/like/this")
    figures = site.ask("/metrics").text
    assert 'pipeline_http_requests_total{method="GET",route="/files/{file_id}",status="404"}' in figures
    assert 'route="other"' in figures
    assert "nothing/like/this" not in figures
    assert "pipeline_inbox_depth" in figures


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "pipeline.example"])  # noqa: S104 - what is refused
def test_an_address_that_others_reach_needs_a_token_or_a_word(host: str) -> None:
    with pytest.raises(SettingsError, match="set SERVE_TOKEN, or SERVE_AUTH=none"):
        access_of(_settings(), host)
    assert access_of(_settings(serve_token=TOKEN), host) == Access(TOKEN)
    assert access_of(_settings(serve_auth="none"), host) == Access()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.3.2.1"])
def test_an_address_of_this_machine_needs_none_and_answers_to_names_of_it(host: str) -> None:
    assert access_of(_settings(), host) == Access(local_only=True)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("serve_token", "short"),
        ("serve_token", "sixteen characters\nand more"),
        ("eventbridge_secret", "short"),
        ("sns_topics", "landing"),
        ("serve_cors_origins", "*"),
        ("serve_cors_origins", "https://portal.example/path"),
        ("serve_port", "70000"),
        ("serve_proxies", "10.0.0.0/99"),
        ("serve_requests_per_second", "0"),
        ("reader_database_url", "mysql://here/there"),
    ],
)
def test_a_wrong_setting_is_named_and_no_secret_is_shown(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name.upper()) as found:
        _settings(**{name: value})
    assert value not in str(found.value) or name not in {"serve_token", "eventbridge_secret", "reader_database_url"}


def _settings(**values: str) -> ServeSettings:
    return read_rooms([ServeSettings], None, **values)[ServeSettings]
