"""Whatever one of the household's servers does, it is a yes in time or one kind of error, that
says what to look after and has no key in it."""

import logging
import time
from collections.abc import Callable

import pytest

from boz_server.errors import RecipientUnavailable
from boz_server.integrations.server_client import ServerClient
from tests.media_server import KEY, FakeMediaServers

Soon = Callable[..., float]

SECTIONS, REFRESH = "/library/sections", "/library/sections/1/refresh"


def client_of(others: FakeMediaServers, key: str = KEY) -> ServerClient:
    return ServerClient(
        "Plex",
        f"{others.url}/plex/",
        {"X-Plex-Token": key},
        url_setting="BOZ_PLEX_URL",
        key_setting="BOZ_PLEX_TOKEN",
    )


def refusal(call: Callable[[], object]) -> RecipientUnavailable:
    """The error of a call, which tells no secret."""
    with pytest.raises(RecipientUnavailable) as refused:
        call()
    error = refused.value
    assert error.detail == f"Plex did not do what it was asked: {error.reason}."
    assert KEY not in error.detail
    # Nothing in its past has the address or the answer, either.
    assert error.__cause__ is error.__context__ is None
    return error


def test_it_returns_json(media_servers: FakeMediaServers, soon: Soon) -> None:
    assert "MediaContainer" in client_of(media_servers).read("/", soon())
    [asked] = media_servers.requests
    assert asked.headers["Accept"] == "application/json"
    assert asked.headers["User-Agent"].startswith("boz-ripper-server/")


def test_it_takes_an_empty_answer_for_a_yes(media_servers: FakeMediaServers, soon: Soon) -> None:
    client_of(media_servers).tell("GET", REFRESH, soon(), params={"path": "/nas/a b&c=d"})
    [asked] = media_servers.requests
    assert asked.params == {"path": "/nas/a b&c=d"}


@pytest.mark.parametrize(
    ("mode", "mentions"),
    [
        ("401", "does not accept BOZ_PLEX_TOKEN"),
        ("403", "does not accept BOZ_PLEX_TOKEN"),
        ("404", "404, as if BOZ_PLEX_URL were not its address"),
        ("redirect", "put that address in BOZ_PLEX_URL"),
        ("500", "it answered 500"),
        ("429", "it answered 429"),
        ("html", "see BOZ_PLEX_URL"),
        ("hang_up", "the connection failed"),
        ("cut_short", "the connection failed"),
        ("silence", "did not answer in time"),
        ("trickle_headers", "did not answer in time"),
    ],
)
def test_it_says_what_is_wrong(
    media_servers: FakeMediaServers, soon: Soon, mode: str, mentions: str
) -> None:
    media_servers.fail(mode)
    client = client_of(media_servers)
    for call in (
        lambda: client.read(SECTIONS, soon(0.3)),
        lambda: client.tell("GET", REFRESH, soon(0.3)),
    ):
        began = time.monotonic()
        assert mentions in refusal(call).reason
        assert time.monotonic() - began < 0.6
    # Once: asking again is for the outbox.
    assert media_servers.count() == 2


def test_it_says_that_no_one_is_there(media_servers: FakeMediaServers, soon: Soon) -> None:
    client = client_of(media_servers)
    media_servers.stop()
    assert (
        refusal(lambda: client.read("/", soon())).reason == "the connection failed (BOZ_PLEX_URL)"
    )
    media_servers.start()
    assert client.read("/", soon())


def test_it_refuses_half_an_answer(media_servers: FakeMediaServers, soon: Soon) -> None:
    media_servers.fail("half_json")
    assert "no JSON" in refusal(lambda: client_of(media_servers).read("/", soon())).reason


def test_it_passes_on_how_long_it_is_to_wait(media_servers: FakeMediaServers, soon: Soon) -> None:
    client = client_of(media_servers)
    media_servers.fail("429", times=1, Retry_After="65")
    assert refusal(lambda: client.tell("GET", REFRESH, soon())).wait_seconds == 65
    media_servers.fail("503", times=1)
    assert refusal(lambda: client.tell("GET", REFRESH, soon())).wait_seconds is None


def test_it_says_what_a_404_means_where_that_is_known(
    media_servers: FakeMediaServers, soon: Soon
) -> None:
    client = client_of(media_servers)
    path = "/library/sections/9/refresh"
    assert refusal(lambda: client.tell("GET", path, soon(), missing="no 9")).reason == "no 9"


def test_it_sends_nothing_when_the_time_is_up(media_servers: FakeMediaServers, soon: Soon) -> None:
    assert "in time" in refusal(lambda: client_of(media_servers).read("/", soon(-1))).reason
    assert media_servers.count() == 0


@pytest.mark.parametrize("key", ["a\nb", "ключ"])
def test_it_refuses_a_key_that_no_header_can_have(
    media_servers: FakeMediaServers, soon: Soon, key: str
) -> None:
    assert key not in refusal(lambda: client_of(media_servers, key).read("/", soon())).detail


@pytest.mark.parametrize("mode", ["401", "500", "html", "hang_up", "redirect", "half_json"])
def test_it_has_no_key_in_the_log(
    media_servers: FakeMediaServers, soon: Soon, mode: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "boz_server")
    media_servers.fail(mode)
    try:
        client_of(media_servers).read("/", soon())
    except RecipientUnavailable:
        logging.getLogger("boz_server").exception("It failed")
    assert KEY not in caplog.text
