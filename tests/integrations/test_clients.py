"""The clients of providers and of the household's servers: an answer in time, or one kind of error.

The error never has the key or the address in it.
"""

import gc
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import pytest

from boz_server.errors import ProviderUnavailable, RecipientUnavailable
from boz_server.integrations import http, json_client
from boz_server.integrations.json_client import JSONClient, Reply
from boz_server.integrations.server_client import ServerClient
from tests.fake_servers import FakeServers
from tests.media_server import KEY, FakeMediaServers
from tests.provider_server import FakeProviders, Movie

Soon = Callable[..., float]

FAILED, LATE = "the connection failed", "it did not answer in time"
NO_OBJECT = "it answered something that is no JSON object"
SECTIONS, REFRESH = "/library/sections", "/library/sections/1/refresh"


def server_client(base_url: str, key: str = KEY) -> ServerClient:
    return ServerClient(
        "Plex",
        base_url,
        {"X-Plex-Token": key},
        url_setting="BOZ_PLEX_URL",
        key_setting="BOZ_PLEX_TOKEN",
    )


def ask(base_url: str, deadline: float, key: str = KEY) -> Reply:
    params, headers = {"apikey": KEY, "s": "matrix", "y": None}, {"Authorization": key}
    client = JSONClient("OMDb", base_url)
    return client.ask("GET", "/", deadline=deadline, params=params, headers=headers)


def read(base_url: str, deadline: float, key: str = KEY) -> Any:
    return server_client(base_url, key).read(SECTIONS, deadline)


def tell(base_url: str, deadline: float, key: str = KEY) -> None:
    server_client(base_url, key).tell("GET", REFRESH, deadline, params={"path": "/nas/a b&c=d"})


@dataclass(frozen=True)
class Way:
    """One way to ask; `start` builds the servers that answer it, `place` is below their address."""

    ask: Callable[..., Any]
    place: str
    start: Callable[[], FakeServers]
    error: type[ProviderUnavailable | RecipientUnavailable]
    sentence: str

    def refusal(self, servers: FakeServers, deadline: float, *key: str) -> Any:
        """Return the error of a request, which gives no secret away."""
        with pytest.raises(self.error) as refused:
            self.ask(servers.url + self.place, deadline, *key)
        error = refused.value
        assert error.detail == self.sentence.format(error.reason)
        assert not any(secret in error.detail for secret in (KEY, *key))
        # Nor does an earlier error, which would quote the address.
        assert error.__cause__ is error.__context__ is None
        return error


def films() -> FakeProviders:
    movies = [Movie("The Matrix", 1999, 136, "tt0133093"), Movie("Matrix", 1993, 60, "tt0106062")]
    return FakeProviders([], movies)


PLEX: Any = (
    "/plex/",
    FakeMediaServers,
    RecipientUnavailable,
    "Plex did not do what it was asked: {}.",
)
ASK = Way(ask, "/omdb/", films, ProviderUnavailable, "OMDb can't be asked just now: {}.")
READ, TELL = Way(read, *PLEX), Way(tell, *PLEX)


@pytest.fixture(params=[ASK, READ, TELL], ids=["ask", "read", "tell"])
def way(request: pytest.FixtureRequest) -> Way:
    found: Way = request.param
    return found


@pytest.fixture
def servers(way: Way) -> Iterator[FakeServers]:
    with way.start() as found:
        yield found


@pytest.fixture
def omdb() -> Iterator[FakeServers]:
    with films() as found:
        yield found


def requests_under_way() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == http.THREAD_NAME]


def test_it_says_who_asks_and_for_what(way, servers, soon):
    answer = way.ask(servers.url + way.place, soon())
    [asked] = servers.requests
    assert asked.headers["Accept"] == "application/json"
    assert asked.headers["User-Agent"].startswith("boz-ripper-server/")
    if way is ASK:
        assert (answer.found, len(answer.body["Search"])) == (True, 2)
        assert asked.params == {"apikey": KEY, "s": "matrix"}
    elif way is READ:
        assert "MediaContainer" in answer
    else:
        assert asked.params == {"path": "/nas/a b&c=d"}


@pytest.mark.parametrize(
    ("mode", "of_a_provider", "of_a_server"),
    [
        ("500", "it answered 500", "it answered 500"),
        ("503", "it answered 503", "it answered 503"),
        ("429", "it answered 429", "it answered 429"),
        ("hang_up", FAILED, FAILED),
        ("cut_short", FAILED, FAILED),
        ("html", NO_OBJECT, "see BOZ_PLEX_URL"),
        ("half_json", NO_OBJECT, "no JSON"),
        ("silence", LATE, LATE),
        ("trickle_headers", LATE, LATE),
        ("trickle_body", LATE, LATE),
        ("401", None, "does not accept BOZ_PLEX_TOKEN"),
        ("403", None, "does not accept BOZ_PLEX_TOKEN"),
        ("404", None, "404, as if BOZ_PLEX_URL were not its address"),
        ("redirect", None, "put that address in BOZ_PLEX_URL"),
    ],
)
def test_it_says_what_is_wrong(*, way, servers, soon, mode, of_a_provider, of_a_server, caplog):
    caplog.set_level(logging.DEBUG, "boz_server")
    servers.fail(mode)
    began = time.monotonic()
    # What may pass is asked again: by a provider's client at once, for a server by the outbox.
    may_pass = mode in ("500", "503", "429", "hang_up", "cut_short")
    if way is TELL and mode == "half_json":
        tell(servers.url + way.place, soon(0.3))  # what it answers does not matter
    elif way is not ASK:
        assert of_a_server in way.refusal(servers, soon(0.3)).reason
    elif of_a_provider is not None:
        assert way.refusal(servers, soon(0.3)).reason == of_a_provider
    else:
        assert way.ask(servers.url + way.place, soon(0.3)) == Reply(
            302 if mode == "redirect" else int(mode), {}
        )
    assert time.monotonic() - began < 0.6
    assert servers.count() == (3 if way is ASK and may_pass else 1)
    # The connection was cut: its thread does not wait for the other side.
    while requests_under_way() and time.monotonic() < began + 2.5:
        time.sleep(0.01)
    assert requests_under_way() == []
    try:
        way.ask(servers.url + way.place, soon(0.2))
    except way.error:
        logging.getLogger("boz_server").exception("It failed")
    assert KEY not in caplog.text
    gc.collect()  # no socket is left open, which would be a warning, and an error here


def test_it_says_that_no_one_is_there(way, servers, soon):
    servers.stop()
    setting = "" if way is ASK else " (BOZ_PLEX_URL)"
    assert way.refusal(servers, soon()).reason == f"{FAILED}{setting}"
    servers.start()
    way.ask(servers.url + way.place, soon())
    assert servers.count() == 1


def test_it_sends_nothing_when_the_time_is_up(way, servers, soon):
    assert LATE in way.refusal(servers, soon(-1)).reason
    assert servers.count() == 0


@pytest.mark.parametrize("key", ["a\nb", "ключ"])
def test_it_refuses_a_key_that_no_header_can_have(way, servers, soon, key):
    assert way.refusal(servers, soon(), key)


@pytest.mark.parametrize("url", ["", "omdb", "http://", "ftp://127.0.0.1", "http://[::1"])
def test_it_refuses_an_invalid_address(way, url, soon):
    with pytest.raises(way.error):
        way.ask(url, soon())


# What only a provider's client does.


@pytest.mark.parametrize("body", [None, [], 7, "text", [{"Response": "True"}]])
def test_it_refuses_json_that_is_no_object(omdb, soon, body):
    omdb.fail("body", body=body)
    assert ASK.refusal(omdb, soon()).reason == NO_OBJECT


def test_it_returns_a_no_without_an_object(omdb, soon):
    omdb.fail("404", body=[])
    assert ask(f"{omdb.url}/omdb", soon()) == Reply(404, {})


@pytest.mark.parametrize("mode", ["500", "503", "429", "hang_up", "cut_short"])
def test_it_asks_again_what_may_pass(omdb, soon, mode):
    omdb.fail(mode, times=2)
    assert ask(f"{omdb.url}/omdb", soon()).found
    assert omdb.count() == 3


def test_it_asks_again_only_while_there_is_time(omdb, soon, monkeypatch):
    monkeypatch.setattr(json_client, "BACKOFF_SECONDS", 60.0)
    omdb.fail("500")
    assert ASK.refusal(omdb, soon()).reason == "it answered 500"
    assert omdb.count() == 1


def test_it_waits_as_long_as_it_is_told(omdb, soon):
    omdb.fail("429", times=1, Retry_After="0")
    omdb.fail("429", times=1, Retry_After=format_datetime(datetime.now(UTC)))
    assert ask(f"{omdb.url}/omdb", soon()).found


@pytest.mark.parametrize("told", ["3600", "9" * 400, "Fri, 01 Jan 2100 00:00:00 GMT"])
def test_it_does_not_wait_where_that_is_too_long(omdb, soon, told):
    omdb.fail("429", Retry_After=told)
    assert ASK.refusal(omdb, soon()).reason == "it answered 429"
    assert omdb.count() == 1


@pytest.mark.parametrize("told", ["", "soon", "-5", "1.5", "Wed, 99 Foo 2026"])
def test_it_reads_nothing_into_a_senseless_wait(omdb, soon, told):
    omdb.fail("503", times=1, Retry_After=told)
    assert ask(f"{omdb.url}/omdb", soon()).found


# What only a server's client does.


def test_it_passes_on_how_long_it_is_to_wait(media_servers, soon):
    media_servers.fail("429", times=1, Retry_After="65")
    assert TELL.refusal(media_servers, soon()).wait_seconds == 65
    media_servers.fail("503", times=1)
    assert TELL.refusal(media_servers, soon()).wait_seconds is None


def test_it_says_what_a_404_means_where_that_is_known(media_servers, soon):
    client = server_client(f"{media_servers.url}/plex")
    with pytest.raises(RecipientUnavailable) as refused:
        client.tell("GET", "/library/sections/9/refresh", soon(), missing="no 9")
    assert refused.value.reason == "no 9"


# The request below both.


def test_it_waits_no_longer_for_a_name_that_does_not_resolve(omdb, soon, monkeypatch):
    asked, resolved = threading.Event(), threading.Event()

    def look_up(*_: object, **__: object) -> None:
        asked.set()
        resolved.wait()
        raise socket.gaierror

    with monkeypatch.context() as patched:
        patched.setattr(socket, "getaddrinfo", look_up)
        assert ASK.refusal(omdb, soon(0.1)).reason == LATE
        resolved.set()
        assert asked.is_set()
        for thread in requests_under_way():
            thread.join(2)
    assert omdb.count() == 0


def test_it_waits_no_longer_for_a_handshake(soon):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        with pytest.raises(ProviderUnavailable, match="in time"):
            ask(f"https://127.0.0.1:{silent.getsockname()[1]}", soon(0.2))
        assert time.monotonic() - began < 0.4
        for thread in requests_under_way():
            thread.join(2)
        assert requests_under_way() == []


def test_it_sends_nothing_where_there_is_no_tls(omdb, soon):
    with pytest.raises(ProviderUnavailable, match="no safe connection"):
        ask(omdb.url.replace("http:", "https:"), soon())
    assert omdb.count() == 0


def test_it_cuts_a_connection_that_comes_about_too_late(omdb):
    line = http._CuttableAdapter()
    line.cut()
    with socket.create_connection(("127.0.0.1", int(omdb.url.rsplit(":", 1)[1]))) as late:
        line.note(late)
        assert late.recv(1) == b""
    line.close()


def test_it_takes_no_more_than_can_be_an_answer(way, servers, soon, monkeypatch):
    monkeypatch.setattr(http, "MAX_BYTES", 2**21)
    servers.fail("endless")
    assert "it answered more than can be an answer" in way.refusal(servers, soon()).reason
