"""The clients of Plex, Jellyfin, Emby and Discord."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from boz_server.domain.naming.media_library import LibraryType, Section, ServerIdentity
from boz_server.domain.naming.path_map import PathMap
from boz_server.errors import RecipientUnavailable
from boz_server.integrations.discord import Discord
from boz_server.integrations.jellyfin import emby, jellyfin
from boz_server.integrations.plex import Plex
from boz_server.settings import Settings
from tests.media_server import KEY, FakeMediaServers

Soon = Callable[..., float]

FOLDER = "/nas/Movies/Serenity (2005)"


@dataclass(frozen=True)
class Server:
    """One kind of media server: how it is built, what it says, and how it wants the key."""

    name: str
    build: Callable[[Settings], Any]
    identity: ServerIdentity
    identity_path: str
    types: tuple[str, str]
    key: str
    header: str
    sent_key: str = KEY

    def client(self, others: FakeMediaServers, **changes: Any) -> Any:
        return self.build(Settings(**others.settings(self.name) | changes))


DEN, ATTIC = ServerIdentity("Den", "1.41.0.8994"), ServerIdentity("Attic", "10.10.3")
PLEX = Server("plex", Plex, DEN, "/", ("movie", "show"), "plex_token", "X-Plex-Token")
OTHER: Any = (ATTIC, "/System/Info", ("movies", "tvshows"))
JELLYFIN = Server(
    "jellyfin", jellyfin, *OTHER, "jellyfin_api_key", "Authorization", f'MediaBrowser Token="{KEY}"'
)
EMBY = Server("emby", emby, *OTHER, "emby_api_key", "X-Emby-Token")
SERVERS = (PLEX, JELLYFIN, EMBY)


@pytest.fixture(params=SERVERS, ids=lambda server: server.name)
def server(request: pytest.FixtureRequest) -> Server:
    found: Server = request.param
    return found


def asked_for(others: FakeMediaServers) -> list[str]:
    return [asked.path for asked in others.requests]


def test_it_says_which_server_it_is(media_servers, soon, server):
    assert server.client(media_servers).identity(soon()) == server.identity
    [asked] = media_servers.requests
    assert asked.path == server.identity_path
    keys = {each.header: asked.headers.get(each.header) for each in SERVERS}
    assert keys == {**dict.fromkeys(keys), server.header: server.sent_key}


def test_it_lists_sections(media_servers, soon, server):
    films, shows = server.types
    assert server.client(media_servers).sections(soon()) == [
        Section("1", "Films", films, ("/nas/Movies",)),
        Section("2", "Shows", shows, ("/nas/TV Shows",)),
    ]


@pytest.mark.parametrize("key", [None, "wrong"])
def test_it_says_that_the_key_is_no_good(media_servers, soon, server, key):
    client = server.client(media_servers, **{server.key: key})
    with pytest.raises(RecipientUnavailable, match=f"BOZ_{server.key.upper()}"):
        client.scan("/nas/Movies", LibraryType.MOVIE, soon())
    assert media_servers.requests[0].headers.get(server.header) in (
        None if key is None else server.sent_key.replace(KEY, key),
    )


@pytest.mark.parametrize(
    ("server", "body"),
    [
        *((PLEX, body) for body in (None, [], {}, "x", 7, {"MediaContainer": []})),
        *((other, body) for other in (JELLYFIN, EMBY) for body in (None, "x", 7)),
    ],
)
def test_it_refuses_other_shapes(media_servers, soon, server, body):
    media_servers.fail("body", body=body)
    client = server.client(media_servers)
    for call in (client.identity, client.sections):
        with pytest.raises(RecipientUnavailable, match=f"something else than {client.client.name}"):
            call(soon())


@pytest.mark.parametrize(
    ("server", "items", "read"),
    [
        (PLEX, None, []),
        (PLEX, "x", []),
        (PLEX, [None], []),
        (PLEX, [{}, {"title": "No key"}, {"key": None}, {"key": True}, {"key": ""}], []),
        (PLEX, [{"key": 1, "Location": 7}], [("1", ())]),
        (PLEX, [{"key": "1", "Location": [{}, {"path": 7}, {"path": "/a"}]}], [("1", ("/a",))]),
        (JELLYFIN, [None], []),
        (JELLYFIN, [{}], [("", ())]),
        (JELLYFIN, [{"Locations": None}, {"Locations": 7}, {"Locations": "/a"}], [("", ())] * 3),
        (JELLYFIN, [{"ItemId": "1", "Locations": [None, 7, "/a"]}], [("1", ("/a",))]),
    ],
)
def test_it_reads_what_it_can_of_absurd_sections(media_servers, soon, server, items, read):
    body = {"MediaContainer": {"Directory": items}} if server is PLEX else items
    media_servers.fail("body", body=body)
    sections = server.client(media_servers).sections(soon())
    assert [(section.id, section.locations) for section in sections] == read


def test_plex_scans_in_the_section_of_the_settings(media_servers, soon):
    plex = PLEX.client(media_servers, plex_movie_library_id="1", plex_tv_library_id="2")
    plex.scan(FOLDER, LibraryType.MOVIE, soon())
    plex.scan("/nas/TV Shows/Firefly/Season 01", LibraryType.TV, soon())
    assert media_servers.scans("plex") == [FOLDER, "/nas/TV Shows/Firefly/Season 01"]
    sections = ["/library/sections/1/refresh", "/library/sections/2/refresh"]
    assert asked_for(media_servers) == sections


def test_plex_scans_in_the_section_that_has_the_folder(media_servers, soon):
    media_servers.folders = {"1": ["/nas"], "2": ["/nas"], "3": ["/else", "/nas/Movies/"]}
    plex = PLEX.client(media_servers)
    plex.scan(FOLDER, LibraryType.MOVIE, soon())
    plex.scan("/nas/TV Shows/Firefly", LibraryType.TV, soon())
    sections = ["/library/sections/3/refresh", "/library/sections/2/refresh"]
    assert asked_for(media_servers)[1::2] == sections


def test_plex_scans_a_whole_section(media_servers, soon):
    PLEX.client(media_servers).scan("/nas/Movies", LibraryType.MOVIE, soon(), whole=True)
    assert media_servers.scans("plex") == [None]


@pytest.mark.parametrize(
    ("server", "path_map", "place", "path"),
    [
        (PLEX, "/nas:/media", "/media/Movies", "/media/Movies/Serenity (2005)"),
        (PLEX, "/nas:D:\\Media", "d:\\media\\movies", "D:\\Media\\Movies\\Serenity (2005)"),
        (JELLYFIN, "/nas:/media", "/media/Movies", "/media/Movies/Serenity (2005)"),
        (EMBY, "/nas:/media", "/media/Movies", "/media/Movies/Serenity (2005)"),
    ],
)
def test_it_scans_a_folder_by_the_servers_own_path(
    *, media_servers, soon, server, path_map, place, path
):
    media_servers.folders["1"] = [place]
    client = server.client(media_servers, **{f"{server.name}_path_map": PathMap.parse(path_map)})
    client.scan(FOLDER, LibraryType.MOVIE, soon())
    assert media_servers.scans(server.name) == [path]
    if server is not PLEX:
        [asked] = media_servers.requests
        assert (asked.method, asked.path) == ("POST", "/Library/Media/Updated")
        assert asked.body == {"Updates": [{"Path": path, "UpdateType": "Created"}]}


def test_plex_says_that_no_section_has_the_folder(media_servers, soon):
    # Only shows have it.
    media_servers.folders = {"1": ["/media/Movies"], "2": ["/nas"]}
    with pytest.raises(RecipientUnavailable) as refused:
        PLEX.client(media_servers).scan(FOLDER, LibraryType.MOVIE, soon())
    assert FOLDER in refused.value.detail
    assert "BOZ_PLEX_PATH_MAP and BOZ_PLEX_MOVIE_LIBRARY_ID" in refused.value.detail
    assert media_servers.scans("plex") == []


@pytest.mark.parametrize("library_id", ["9", "../../:/prefs", "1/refresh?x"])
def test_plex_says_that_there_is_no_such_section(media_servers, soon, library_id):
    plex = PLEX.client(media_servers, plex_movie_library_id=library_id)
    with pytest.raises(RecipientUnavailable, match="it has no library"):
        plex.scan(FOLDER, LibraryType.MOVIE, soon())


def test_emby_takes_an_address_with_its_prefix_too(media_servers, soon):
    address = f"{media_servers.url}/emby/"
    assert EMBY.client(media_servers, emby_url=address).identity(soon()) == ATTIC


def discord_of(others: FakeMediaServers) -> Discord:
    return Discord(others.settings("discord")["discord_webhook_url"])


def test_discord_posts_a_text_that_calls_no_one(media_servers, soon):
    discord_of(media_servers).post("@everyone: Up", soon())
    [asked] = media_servers.requests
    assert asked.body == {"content": "@everyone: Up", "allowed_mentions": {"parse": []}}


def test_discord_gets_no_longer_text_than_it_takes(media_servers, soon):
    discord_of(media_servers).post("x" * 3000, soon())
    assert media_servers.posts() == ["x" * 2000]


def test_discord_says_how_long_to_wait(media_servers, soon):
    media_servers.fail("429", body={"retry_after": 64.57, "global": False}, Retry_After="65")
    with pytest.raises(RecipientUnavailable) as refused:
        discord_of(media_servers).post("a", soon())
    assert refused.value.wait_seconds == 65


@pytest.mark.parametrize("webhook", ["", "x", f"http://127.0.0.1:9/{KEY}"])
def test_it_does_not_reveal_an_invalid_webhook(soon, webhook):
    with pytest.raises(RecipientUnavailable) as refused:
        Discord(webhook).post("a", soon())
    assert KEY not in refused.value.detail


def test_it_says_that_a_webhook_is_gone(media_servers, soon):
    with pytest.raises(RecipientUnavailable, match="BOZ_DISCORD_WEBHOOK_URL"):
        Discord(f"{media_servers.url}/discord/webhooks/1/other").post("a", soon())
