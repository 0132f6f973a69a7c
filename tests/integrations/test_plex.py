"""Plex's libraries, and scans of single folders."""

from collections.abc import Callable
from typing import Any

import pytest

from boz_server.domain.naming.media_library import LibraryType, MediaLibrary, ServerIdentity
from boz_server.domain.naming.path_map import PathMap
from boz_server.errors import RecipientUnavailable
from boz_server.integrations.plex import Plex
from boz_server.settings import Settings
from tests.media_server import FakeMediaServers

Soon = Callable[..., float]

FOLDER = "/nas/Movies/Serenity (2005)"


def plex_of(others: FakeMediaServers, **changes: Any) -> Plex:
    return Plex(Settings(**others.settings("plex") | changes))


def asked_for(others: FakeMediaServers) -> list[str]:
    return [asked.path for asked in others.requests]


def test_it_says_which_server_it_is(media_servers: FakeMediaServers, soon: Soon) -> None:
    assert plex_of(media_servers).identity(soon()) == ServerIdentity("Den", "1.41.0.8994")


def test_it_lists_libraries(media_servers: FakeMediaServers, soon: Soon) -> None:
    assert plex_of(media_servers).libraries(soon()) == [
        MediaLibrary("1", "Films", "movie", ("/nas/Movies",)),
        MediaLibrary("2", "Shows", "show", ("/nas/TV Shows",)),
    ]


def test_it_scans_in_the_library_of_the_settings(
    media_servers: FakeMediaServers, soon: Soon
) -> None:
    plex = plex_of(media_servers, plex_movie_library_id="1", plex_tv_library_id="2")
    plex.scan(FOLDER, LibraryType.MOVIE, soon())
    plex.scan("/nas/TV Shows/Firefly/Season 01", LibraryType.TV, soon())
    assert media_servers.scans("plex") == [FOLDER, "/nas/TV Shows/Firefly/Season 01"]
    assert asked_for(media_servers) == [
        "/library/sections/1/refresh",
        "/library/sections/2/refresh",
    ]


def test_it_finds_the_library_that_has_the_folder(
    media_servers: FakeMediaServers, soon: Soon
) -> None:
    media_servers.folders = {"1": ["/nas"], "2": ["/nas"], "3": ["/else", "/nas/Movies/"]}
    plex = plex_of(media_servers)
    plex.scan(FOLDER, LibraryType.MOVIE, soon())
    plex.scan("/nas/TV Shows/Firefly", LibraryType.TV, soon())
    assert asked_for(media_servers)[1::2] == [
        "/library/sections/3/refresh",
        "/library/sections/2/refresh",
    ]


def test_it_scans_a_whole_library(media_servers: FakeMediaServers, soon: Soon) -> None:
    plex_of(media_servers).scan("/nas/Movies", LibraryType.MOVIE, soon(), whole=True)
    assert media_servers.scans("plex") == [None]


@pytest.mark.parametrize(
    ("path_map", "place", "path"),
    [
        ("/nas:/media", "/media/Movies", "/media/Movies/Serenity (2005)"),
        ("/nas:D:\\Media", "d:\\media\\movies", "D:\\Media\\Movies\\Serenity (2005)"),
    ],
)
def test_it_names_the_folder_as_plex_has_it(
    media_servers: FakeMediaServers, soon: Soon, path_map: str, place: str, path: str
) -> None:
    media_servers.folders["1"] = [place]
    plex = plex_of(media_servers, plex_path_map=PathMap.parse(path_map))
    plex.scan(FOLDER, LibraryType.MOVIE, soon())
    assert media_servers.scans("plex") == [path]


def test_it_says_that_no_library_has_the_folder(
    media_servers: FakeMediaServers, soon: Soon
) -> None:
    # Only shows have it.
    media_servers.folders = {"1": ["/media/Movies"], "2": ["/nas"]}
    with pytest.raises(RecipientUnavailable) as refused:
        plex_of(media_servers).scan(FOLDER, LibraryType.MOVIE, soon())
    assert FOLDER in refused.value.detail
    assert "BOZ_PLEX_PATH_MAP and BOZ_PLEX_MOVIE_LIBRARY_ID" in refused.value.detail
    assert media_servers.scans("plex") == []


@pytest.mark.parametrize("library_id", ["9", "../../:/prefs", "1/refresh?x"])
def test_it_says_that_there_is_no_such_library(
    media_servers: FakeMediaServers, soon: Soon, library_id: str
) -> None:
    plex = plex_of(media_servers, plex_movie_library_id=library_id)
    with pytest.raises(RecipientUnavailable, match="it has no library"):
        plex.scan(FOLDER, LibraryType.MOVIE, soon())


def test_it_sends_no_token_where_there_is_none(media_servers: FakeMediaServers, soon: Soon) -> None:
    with pytest.raises(RecipientUnavailable, match="BOZ_PLEX_TOKEN"):
        plex_of(media_servers, plex_token=None).identity(soon())
    assert "X-Plex-Token" not in media_servers.requests[0].headers


@pytest.mark.parametrize("body", [None, [], {}, "x", {"MediaContainer": []}])
def test_it_refuses_other_shapes(media_servers: FakeMediaServers, soon: Soon, body: Any) -> None:
    media_servers.fail("body", body=body)
    plex = plex_of(media_servers)
    for call in (plex.identity, plex.libraries):
        with pytest.raises(RecipientUnavailable, match="something else than Plex"):
            call(soon())


@pytest.mark.parametrize("directory", [None, "x", [None], [{}], [{"key": 1, "Location": 7}]])
def test_it_reads_what_it_can_of_absurd_libraries(
    media_servers: FakeMediaServers, soon: Soon, directory: Any
) -> None:
    media_servers.fail("body", body={"MediaContainer": {"Directory": directory}})
    for library in plex_of(media_servers).libraries(soon()):
        assert library.locations == ()
