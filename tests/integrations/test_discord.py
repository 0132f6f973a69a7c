"""Notices in a Discord channel."""

from collections.abc import Callable

import pytest

from boz_server.errors import RecipientUnavailable
from boz_server.integrations.discord import Discord
from tests.media_server import KEY, FakeMediaServers

Soon = Callable[..., float]


def discord_of(others: FakeMediaServers) -> Discord:
    return Discord(others.settings("discord")["discord_webhook_url"])


def test_it_posts_a_text_that_calls_no_one(media_servers: FakeMediaServers, soon: Soon) -> None:
    discord_of(media_servers).post("@everyone: Up", soon())
    [asked] = media_servers.requests
    assert asked.body == {"content": "@everyone: Up", "allowed_mentions": {"parse": []}}


def test_it_posts_no_more_than_discord_takes(media_servers: FakeMediaServers, soon: Soon) -> None:
    discord_of(media_servers).post("x" * 3000, soon())
    assert media_servers.posts() == ["x" * 2000]


def test_it_passes_on_how_long_to_wait(media_servers: FakeMediaServers, soon: Soon) -> None:
    media_servers.fail("429", body={"retry_after": 64.57, "global": False}, Retry_After="65")
    with pytest.raises(RecipientUnavailable) as refused:
        discord_of(media_servers).post("a", soon())
    assert refused.value.wait_seconds == 65


@pytest.mark.parametrize("webhook", ["", "x", f"http://127.0.0.1:9/{KEY}"])
def test_it_says_that_the_webhook_is_none_without_telling_it(soon: Soon, webhook: str) -> None:
    with pytest.raises(RecipientUnavailable) as refused:
        Discord(webhook).post("a", soon())
    assert KEY not in refused.value.detail


def test_it_says_that_the_webhook_is_gone(media_servers: FakeMediaServers, soon: Soon) -> None:
    with pytest.raises(RecipientUnavailable, match="BOZ_DISCORD_WEBHOOK_URL"):
        Discord(f"{media_servers.url}/discord/webhooks/1/other").post("a", soon())
