"""Media servers scan folders with new files: later, once for each folder, despite failures."""

from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask

from boz_server.database.models import OutboxMessage
from boz_server.domain.naming.path_map import PathMap
from boz_server.services.notifications import media_servers as notifications
from boz_server.services.wiring import Services
from tests.media_server import FakeMediaServers
from tests.support import restart

ALL = ("plex", "jellyfin", "emby")
FILM, SEASON = Path("/nas/Movies/Up (2009)"), Path("/nas/TV Shows/Firefly/Season 01")


@pytest.fixture
def running(app: Flask, media_servers: FakeMediaServers) -> Services:
    """A server with all three media servers enabled."""
    return restart(app, **media_servers.settings(*ALL))


def announce(services: Services, *folders: Path) -> None:
    for folder in folders:
        with services.context.database.write():
            notifications.announce(services.context, folder, "movie" if folder == FILM else "tv")


def test_it_has_every_server_scan_the_folder_after_the_delay(running, media_servers, clock):
    announce(running, FILM, SEASON)
    clock.advance(1.9)
    running.outbox.tick()
    assert media_servers.count() == 0
    clock.advance(0.1)
    running.outbox.tick()
    for name in ALL:
        assert media_servers.scans(name) == [str(FILM), str(SEASON)]


def test_it_scans_once_for_all_files_of_a_folder(running, media_servers, clock):
    announce(running, SEASON, SEASON, SEASON)
    clock.advance(2)
    running.outbox.tick()
    assert all(media_servers.scans(name) == [str(SEASON)] for name in ALL)


def test_it_waits_on_no_server_while_a_file_is_filed(running, media_servers):
    media_servers.fail("silence")
    announce(running, FILM)
    assert media_servers.count() == 0


def test_it_tells_no_server_that_is_disabled(app, services, media_servers, clock):
    announce(services, FILM)
    assert OutboxMessage.select().count() == 0
    services = restart(app, **media_servers.settings("jellyfin"))
    announce(services, FILM)
    clock.advance(2)
    services.outbox.tick()
    assert {asked.provider for asked in media_servers.requests} == {"jellyfin"}


def test_it_tells_the_others_while_one_is_down(running, media_servers, clock):
    media_servers.fail("500", provider="plex")
    announce(running, FILM, SEASON)
    clock.advance(2)
    running.outbox.tick()
    assert (
        media_servers.scans("jellyfin") == media_servers.scans("emby") == [str(FILM), str(SEASON)]
    )
    # Once a tick: a server that is down is not asked for each folder.
    assert media_servers.count("plex") == 1


@pytest.mark.parametrize("mode", ["401", "404", "429", "500", "hang_up", "html", "redirect"])
def test_it_tells_a_server_that_was_in_trouble_when_it_works_again(app, media_servers, clock, mode):
    services = restart(app, **media_servers.settings("plex"), plex_movie_library_id="1")
    media_servers.fail(mode)
    announce(services, FILM)
    clock.advance(2)
    services.outbox.tick()
    assert OutboxMessage.select().count() == 1
    media_servers.work()
    clock.advance(30)
    services.outbox.tick()
    assert OutboxMessage.select().count() == 0
    assert media_servers.scans("plex") == [str(FILM)] * 2


def test_it_survives_a_restart_with_other_paths(app, running, media_servers, clock):
    announce(running, FILM)
    clock.advance(3600)
    changed = replace(running.context.settings, jellyfin_path_map=PathMap.parse("/nas:/media"))
    restart(app, jellyfin_path_map=changed.jellyfin_path_map).outbox.tick()
    assert media_servers.scans("jellyfin") == ["/media/Movies/Up (2009)"]
