"""Jellyfin and Emby: one API, two ways to send the key."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from boz_server.domain.naming.media_library import LibraryType, MediaLibrary, ServerIdentity
from boz_server.domain.naming.path_map import PathMap
from boz_server.errors import RecipientUnavailable
from boz_server.integrations.jellyfin import Jellyfin, emby, jellyfin
from boz_server.settings import Settings
from tests.media_server import KEY, FakeMediaServers

Soon = Callable[..., float]

BUILD = {"jellyfin": jellyfin, "emby": emby}
#: Which one a test is about.
BOTH = pytest.mark.parametrize("name", ["jellyfin", "emby"])


def server_of(others: FakeMediaServers, name: str, **changes: Any) -> Jellyfin:
    return BUILD[name](replace(Settings(**others.settings(name)), **changes))


@BOTH
def test_it_says_which_server_it_is(media_servers: FakeMediaServers, soon: Soon, name: str) -> None:
    server = server_of(media_servers, name)
    assert server.identity(soon()) == ServerIdentity("Attic", "10.10.3")
    assert [asked.path for asked in media_servers.requests] == ["/System/Info"]


@BOTH
def test_it_lists_libraries(media_servers: FakeMediaServers, soon: Soon, name: str) -> None:
    assert server_of(media_servers, name).libraries(soon()) == [
        MediaLibrary("1", "Films", "movies", ("/nas/Movies",)),
        MediaLibrary("2", "Shows", "tvshows", ("/nas/TV Shows",)),
    ]


@BOTH
def test_it_scans_a_folder_by_the_servers_own_path(
    media_servers: FakeMediaServers, soon: Soon, name: str
) -> None:
    mapped = {f"{name}_path_map": PathMap.parse("/nas:/media")}
    server_of(media_servers, name, **mapped).scan("/nas/Movies/Up", LibraryType.MOVIE, soon())
    [asked] = media_servers.requests
    assert (asked.method, asked.path) == ("POST", "/Library/Media/Updated")
    assert asked.body == {"Updates": [{"Path": "/media/Movies/Up", "UpdateType": "Created"}]}


def test_it_sends_the_key_as_each_of_them_wants_it(
    media_servers: FakeMediaServers, soon: Soon
) -> None:
    for name in BUILD:
        server_of(media_servers, name).identity(soon())
    first, second = (asked.headers for asked in media_servers.requests)
    assert (first.get("Authorization"), "X-Emby-Token" in first) == (
        f'MediaBrowser Token="{KEY}"',
        False,
    )
    assert (second.get("X-Emby-Token"), "Authorization" in second) == (KEY, False)


def test_it_takes_embys_address_with_its_prefix_too(
    media_servers: FakeMediaServers, soon: Soon
) -> None:
    address = f"{media_servers.url}/emby/"
    assert server_of(media_servers, "emby", emby_url=address).identity(soon())


@BOTH
@pytest.mark.parametrize("key", [None, "wrong"])
def test_it_says_that_the_key_is_no_good(
    media_servers: FakeMediaServers, soon: Soon, name: str, key: str | None
) -> None:
    server = server_of(media_servers, name, **{f"{name}_api_key": key})
    with pytest.raises(RecipientUnavailable, match=f"BOZ_{name.upper()}_API_KEY"):
        server.scan("/nas/Movies", LibraryType.MOVIE, soon())


@BOTH
@pytest.mark.parametrize("body", [None, "x", 7])
def test_it_refuses_other_shapes(
    media_servers: FakeMediaServers, soon: Soon, name: str, body: Any
) -> None:
    media_servers.fail("body", body=body)
    server = server_of(media_servers, name)
    for call in (server.identity, server.libraries):
        with pytest.raises(RecipientUnavailable, match="something else than"):
            call(soon())


@pytest.mark.parametrize("item", [None, {}, {"Locations": None}, {"Locations": [None, 7]}])
def test_it_reads_what_it_can_of_absurd_libraries(
    media_servers: FakeMediaServers, soon: Soon, item: Any
) -> None:
    media_servers.fail("body", body=[item])
    for library in server_of(media_servers, "jellyfin").libraries(soon()):
        assert library.locations == ()
