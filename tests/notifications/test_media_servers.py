"""Status, test and scan of media servers, and their failures."""

import logging
import time
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from boz_server.domain.naming.path_map import PathMap
from boz_server.services.notifications import media_servers as module
from boz_server.settings import Settings
from tests.client import Client, ok
from tests.media_server import KEY, FakeMediaServers
from tests.support import assert_problem, restart

#: Nothing here touches the database, so one engine is enough.
pytestmark = [
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]

ALL = ("plex", "jellyfin", "emby")
DETAILS = ("enabled", "connected", "url", "server_name", "version", "error")


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """The library is at the path that the fake servers have."""
    return replace(settings, nas_mount=type(settings.nas_mount)("/nas"))


@pytest.fixture
def others(app: Flask, media_servers: FakeMediaServers) -> FakeMediaServers:
    """Plex, Jellyfin and Emby, all enabled."""
    restart(app, **media_servers.settings(*ALL))
    return media_servers


def status(client: Client) -> dict[str, Any]:
    return dict(ok(client.get("/api/files/plex/status")))


def scan(client: Client, media_type: str, path: str | None = None) -> TestResponse:
    query = "" if path is None else f"?path={quote(path)}"
    return client.post(f"/api/files/plex/scan/{media_type}{query}")


def test_it_says_that_plex_is_there(client, others):
    assert status(client) == dict(
        zip(DETAILS, (True, True, f"{others.url}/plex", "Den", "1.41.0.8994", None), strict=True)
    )


def test_it_says_that_plex_is_disabled(client):
    assert status(client) == dict(
        zip(DETAILS, (False, False, "http://localhost:32400", None, None, None), strict=True)
    )


@pytest.mark.parametrize(
    ("mode", "mentions"),
    [("401", "BOZ_PLEX_TOKEN"), ("404", "BOZ_PLEX_URL"), ("500", "500"), ("html", "BOZ_PLEX_URL"),
     ("silence", "in time"), ("hang_up", "connection failed"), ("redirect", "BOZ_PLEX_URL"),
     ("body", "something else")],
)  # fmt: skip
def test_it_says_why_plex_is_not_connected(client, others, monkeypatch, mode, mentions):
    monkeypatch.setattr(module, "ASK_SECONDS", 0.3)
    others.fail(mode)
    began = time.monotonic()
    found = status(client)
    assert time.monotonic() - began < 1
    assert (found["enabled"], found["connected"]) == (True, False)
    assert mentions in found["error"]


def test_it_says_that_no_one_is_there(client, others):
    others.stop()
    assert "the connection failed" in status(client)["error"]
    others.start()


def test_it_shows_no_password_of_an_address(client, app, others):
    restart(app, plex_url=f"{others.url}/plex".replace("://", "://me:hunter2@"))
    assert status(client)["url"] == f"{others.url}/plex"
    for url in ("http://[::1", "hunter2"):
        restart(app, plex_url=url)
        assert status(client)["connected"] is False


def test_it_lists_plexs_libraries(client, others):
    assert ok(client.get("/api/files/plex/libraries")) == {
        "libraries": [
            {"id": "1", "title": "Films", "type": "movie", "locations": ["/nas/Movies"]},
            {"id": "2", "title": "Shows", "type": "show", "locations": ["/nas/TV Shows"]},
        ]
    }


def test_it_scans_a_folder(client, others):
    path = "/nas/TV Shows/What? & #1/Season 01"
    assert ok(scan(client, "tv", path)) == {"status": "ok", "media_type": "tv", "path": path}
    assert others.scans("plex") == [path]


def test_it_scans_a_whole_library(client, others):
    assert ok(scan(client, "movie")) == {"status": "ok", "media_type": "movie", "path": None}
    assert others.scans("plex") == [None]


@pytest.mark.parametrize(
    "path",
    [
        "", "/", "/nas", "/nas/TV Shows/Firefly", "/nas/Movies2", "Movies/Up", "./Up", "/etc",
        "/nas/Movies/../TV Shows", "/nas/Movies/..", "/nas/Movies/Up/../..", "//nas/Movies/Up",
        "/nas/Movies/..\\..\\x", "/nas/Movies/a\0b", "\\\\nas\\Movies", "D:\\Movies",
        "http://example.org/", "/nas/Movies/" + "x" * 5000,
    ],
)  # fmt: skip
def test_it_scans_no_other_folder(client, others, path):
    assert_problem(scan(client, "movie", path), 422, "path", field="path")
    assert others.count() == 0


def test_it_scans_no_other_kind_of_library(client, others):
    assert_problem(scan(client, "music"), 422, "movie, tv", field="media_type")
    assert others.count() == 0


@pytest.mark.parametrize("mode", ["401", "404", "429", "500", "html", "hang_up", "redirect"])
def test_it_says_loudly_that_a_scan_failed(client, others, mode):
    others.fail(mode)
    assert_problem(scan(client, "movie"), 503, "Plex did not do what it was asked")


def test_it_finds_out_what_is_wrong_with_a_server(client, others):
    for name in ALL:
        found = ok(client.post(f"/api/media-servers/{name}/test"))
        assert (found["status"], found["server"], found["warnings"]) == ("ok", name, [])
        assert found["server_name"] == ("Den" if name == "plex" else "Attic")
        assert [library["locations"] for library in found["libraries"]] == [
            ["/nas/Movies"],
            ["/nas/TV Shows"],
        ]


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(
    ("mode", "mentions"),
    [("401", "does not accept BOZ_{}_"), ("404", "BOZ_{}_URL"), ("500", "500"),
     ("html", "BOZ_{}_URL"), ("hang_up", "connection failed"), ("redirect", "BOZ_{}_URL")],
)  # fmt: skip
def test_it_says_what_is_wrong_with_a_server(client, others, name, mode, mentions):
    others.fail(mode)
    response = client.post(f"/api/media-servers/{name}/test")
    assert_problem(response, 503, mentions.format(name.upper()))
    assert response.headers["Retry-After"] == "60"


def test_it_warns_of_folders_that_a_server_does_not_have(client, app, others):
    others.folders = {"1": ["/media/Movies/HD"], "2": ["/nas/TV Shows"]}
    (warning,) = ok(client.post("/api/media-servers/jellyfin/test"))["warnings"]
    assert "'/nas/Movies'" in warning
    assert "BOZ_JELLYFIN_PATH_MAP" in warning
    restart(app, jellyfin_path_map=PathMap.parse("/nas/Movies:/media/Movies"))
    assert ok(client.post("/api/media-servers/jellyfin/test"))["warnings"] == []


def test_it_asks_no_server_that_is_disabled(client):
    for name in ALL:
        response = client.post(f"/api/media-servers/{name}/test")
        assert_problem(response, 400, f"BOZ_{name.upper()}_ENABLED=true")
    assert_problem(client.get("/api/files/plex/libraries"), 400, "BOZ_PLEX_ENABLED")
    assert_problem(scan(client, "movie"), 400, "BOZ_PLEX_ENABLED")


def test_it_knows_no_other_server(client, others):
    for name in ("kodi", "discord", "Plex"):
        assert_problem(client.post(f"/api/media-servers/{name}/test"), 404, "plex, jellyfin, emby")


@pytest.mark.parametrize("mode", [None, "401", "html", "body", "redirect", "hang_up"])
def test_it_tells_no_token(client, others, mode, caplog):
    caplog.set_level(logging.DEBUG, "boz_server")
    if mode is not None:
        others.fail(mode, body={"token": KEY})
    answers = [client.get("/api/files/plex/status"), client.get("/api/files/plex/libraries")]
    answers += [scan(client, "movie"), scan(client, "tv", "/nas/TV Shows/Firefly")]
    answers += [client.post(f"/api/media-servers/{name}/test") for name in ALL]
    assert all(KEY not in answer.text for answer in answers)
    assert KEY not in caplog.text
