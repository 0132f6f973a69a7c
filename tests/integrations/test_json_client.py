"""Whatever a provider does, it is an answer in time or one kind of error, without the key."""

import gc
import logging
import socket
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest

from boz_server.errors import ProviderUnavailable
from boz_server.integrations import exchange, json_client
from boz_server.integrations.json_client import JSONClient, Reply
from tests.provider_server import KEY, FakeProviders

Soon = Callable[..., float]


def ask(providers: FakeProviders, deadline: float) -> Reply:
    client = JSONClient("OMDb", f"{providers.url}/omdb/")
    params = {"apikey": KEY, "s": "matrix", "y": None}
    return client.ask("GET", "/", deadline=deadline, params=params)


def reason(providers: FakeProviders, deadline: float) -> str:
    """Why it can't be asked."""
    with pytest.raises(ProviderUnavailable) as refused:
        ask(providers, deadline)
    assert refused.value.provider == "OMDb"
    assert refused.value.detail == f"OMDb can't be asked just now: {refused.value.reason}."
    assert KEY not in refused.value.detail
    # Nothing in its past has the address, with the key, either.
    assert refused.value.__cause__ is refused.value.__context__ is None
    return refused.value.reason


def exchanges() -> int:
    return sum(thread.name == "exchange" for thread in threading.enumerate())


def test_it_returns_a_json_object(providers: FakeProviders, soon: Soon) -> None:
    assert len(ask(providers, soon()).body["Search"]) == 2
    [asked] = providers.requests
    assert asked.params == {"apikey": KEY, "s": "matrix"}
    assert asked.headers["User-Agent"].startswith("boz-ripper-server/")


def test_it_returns_a_no_without_an_object(providers: FakeProviders, soon: Soon) -> None:
    providers.fail("404", body=[])
    assert ask(providers, soon()) == Reply(404, {})


@pytest.mark.parametrize("mode", ["500", "503", "429", "hang_up", "cut_short"])
def test_it_asks_again_what_may_pass(providers: FakeProviders, soon: Soon, mode: str) -> None:
    providers.fail(mode, times=2)
    assert ask(providers, soon()).found
    assert providers.count() == 3


@pytest.mark.parametrize("mode", ["500", "429", "hang_up", "cut_short"])
def test_it_gives_up_after_the_third_time(providers: FakeProviders, soon: Soon, mode: str) -> None:
    providers.fail(mode)
    assert reason(providers, soon()) in ("the connection failed", f"it answered {mode}")
    assert providers.count() == 3


@pytest.mark.parametrize("mode", ["html", "half_json"])
def test_it_refuses_what_is_no_json(providers: FakeProviders, soon: Soon, mode: str) -> None:
    providers.fail(mode)
    assert reason(providers, soon()) == "it answered something that is no JSON object"
    assert providers.count() == 1


@pytest.mark.parametrize("body", [None, [], 7, "text", [{"Response": "True"}]])
def test_it_refuses_json_that_is_no_object(
    providers: FakeProviders, soon: Soon, body: object
) -> None:
    providers.fail("body", body=body)
    assert reason(providers, soon()) == "it answered something that is no JSON object"


@pytest.mark.parametrize("mode", ["silence", "trickle_headers", "trickle_body"])
def test_it_waits_no_longer_than_it_may(providers: FakeProviders, soon: Soon, mode: str) -> None:
    providers.fail(mode)
    began = time.monotonic()
    assert reason(providers, soon(0.2)) == "it did not answer in time"
    assert time.monotonic() - began < 0.4
    assert providers.count() == 1
    # The connection was cut: its thread does not stay for as long as the other side likes.
    while exchanges() and time.monotonic() < began + 2:
        time.sleep(0.01)
    assert exchanges() == 0


def test_it_waits_no_longer_for_a_name_that_does_not_resolve(
    providers: FakeProviders, soon: Soon, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, resolved = threading.Event(), threading.Event()

    def look_up(*_: object, **__: object) -> None:
        asked.set()
        resolved.wait()
        raise socket.gaierror

    with monkeypatch.context() as patched:
        patched.setattr(socket, "getaddrinfo", look_up)
        assert reason(providers, soon(0.1)) == "it did not answer in time"
        resolved.set()
        assert asked.is_set()
        for thread in threading.enumerate():
            if thread.name == "exchange":
                thread.join(2)
    assert providers.count() == 0


def test_it_waits_no_longer_for_a_handshake(soon: Soon) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = JSONClient("OMDb", f"https://127.0.0.1:{silent.getsockname()[1]}")
        began = time.monotonic()
        with pytest.raises(ProviderUnavailable, match="in time"):
            client.ask("GET", "/", deadline=soon(0.2))
        assert time.monotonic() - began < 0.4
        for thread in threading.enumerate():
            if thread.name == "exchange":
                thread.join(2)
        assert exchanges() == 0


def test_it_sends_nothing_where_there_is_no_tls(providers: FakeProviders, soon: Soon) -> None:
    client = JSONClient("OMDb", providers.url.replace("http:", "https:"))
    with pytest.raises(ProviderUnavailable, match="no safe connection"):
        client.ask("GET", "/", deadline=soon())
    assert providers.count() == 0


def test_it_cuts_a_connection_that_comes_about_too_late(providers: FakeProviders) -> None:
    line = exchange._Line()
    line.cut()
    with socket.create_connection(("127.0.0.1", int(providers.url.rsplit(":", 1)[1]))) as late:
        line._note(late)
        assert late.recv(1) == b""
    line.close()


def test_it_takes_no_more_than_can_be_an_answer(
    providers: FakeProviders, soon: Soon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "MAX_BYTES", 2**21)
    providers.fail("endless")
    assert reason(providers, soon()) == "it answered more than can be an answer"


def test_it_follows_no_redirect(providers: FakeProviders, soon: Soon) -> None:
    providers.fail("redirect")
    assert ask(providers, soon()) == Reply(302, {})
    assert providers.count() == 1


def test_it_says_that_no_one_is_there(providers: FakeProviders, soon: Soon) -> None:
    providers.stop()
    assert reason(providers, soon()) == "the connection failed"
    providers.start()
    assert ask(providers, soon()).found


def test_it_waits_as_long_as_it_is_told(providers: FakeProviders, soon: Soon) -> None:
    providers.fail("429", times=1, Retry_After="0")
    providers.fail("429", times=1, Retry_After=format_datetime(datetime.now(UTC)))
    assert ask(providers, soon()).found


@pytest.mark.parametrize("told", ["3600", "9" * 400, "Fri, 01 Jan 2100 00:00:00 GMT"])
def test_it_does_not_wait_where_that_is_too_long(
    providers: FakeProviders, soon: Soon, told: str
) -> None:
    providers.fail("429", Retry_After=told)
    assert reason(providers, soon()) == "it answered 429"
    assert providers.count() == 1


@pytest.mark.parametrize("told", ["", "soon", "-5", "1.5", "Wed, 99 Foo 2026"])
def test_it_reads_nothing_into_a_senseless_wait(
    providers: FakeProviders, soon: Soon, told: str
) -> None:
    providers.fail("503", times=1, Retry_After=told)
    assert ask(providers, soon()).found


def test_it_asks_again_only_while_there_is_time(
    providers: FakeProviders, soon: Soon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_client, "BACKOFF_SECONDS", 60.0)
    providers.fail("500")
    assert reason(providers, soon()) == "it answered 500"
    assert providers.count() == 1


def test_it_sends_nothing_when_the_time_is_up(providers: FakeProviders, soon: Soon) -> None:
    assert reason(providers, soon(-1)) == "it did not answer in time"
    assert providers.count() == 0


@pytest.mark.parametrize("url", ["", "omdb", "http://", "ftp://127.0.0.1", "http://[::1"])
def test_it_refuses_an_address_that_is_none(url: str, soon: Soon) -> None:
    with pytest.raises(ProviderUnavailable):
        JSONClient("OMDb", url).ask("GET", "/", deadline=soon())


@pytest.mark.parametrize("key", ["a\nb", "ключ"])
def test_it_refuses_a_key_that_no_header_can_have(
    providers: FakeProviders, soon: Soon, key: str
) -> None:
    client = JSONClient("OMDb", f"{providers.url}/omdb")
    with pytest.raises(ProviderUnavailable) as refused:
        client.ask("GET", "/", deadline=soon(), headers={"Authorization": key})
    assert key not in refused.value.detail


@pytest.mark.parametrize("mode", ["500", "html", "hang_up", "silence", "cut_short", "redirect"])
def test_it_has_no_key_in_the_log(
    providers: FakeProviders, soon: Soon, mode: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "boz_server")
    providers.fail(mode)
    try:
        ask(providers, soon(0.2))
    except ProviderUnavailable:
        logging.getLogger("boz_server").exception("It failed")
    assert KEY not in caplog.text
    gc.collect()  # no socket is left open, which would be a warning, and an error here
