"""The server drops thumbnails by itself that no one has to look at any more."""

import os
from collections.abc import Callable
from typing import Any

import pytest

from boz_server.services.discs import thumbnails
from boz_server.services.discs.thumbnails import ThumbnailStore, clean_up
from boz_server.services.wiring import Services
from tests.client import Client, ok, titles
from tests.plans import noted
from tests.support import JPEG, restart, unchanged

pytestmark = pytest.mark.usefixtures("pc")

DAY = 24 * 3600


def shown_disc(client: Client, seconds: tuple[int, ...] = (300, 900), **extra: Any) -> str:
    """A disc of two titles with thumbnails; its id."""
    images = {"thumbnails": [JPEG] * len(seconds), "thumbnail_timestamps": list(seconds)}
    return str(client.detect(titles=titles(43, 44, **images), **extra)["disc_id"])


def shown_job(client: Client) -> str:
    """A job with a thumbnail; its id."""
    return str(client.create_job(thumbnails=[JPEG], thumbnail_timestamps=[300])["job_id"])


def addresses(client: Client, owner_id: str) -> list[str]:
    """The addresses that a disc or job lists."""
    found = client.get(f"/api/jobs/{owner_id}")
    if found.status_code == 200:
        return list(found.get_json()["thumbnails"])
    return [address for title in client.disc(owner_id)["titles"] for address in title["thumbnails"]]


def files(services: Services, owner_id: str) -> list[str]:
    """The files that are kept of a disc or job."""
    folder = services.context.settings.thumbnails_dir / owner_id
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_it_keeps_what_someone_may_look_at(client, services):
    disc_id, job_id, running = shown_disc(client), shown_job(client), ""
    running = client.assigned_job(input_file="C:\\b.mkv", thumbnails=[JPEG])
    ok(client.report(running, "running"))
    refused = shown_disc(client, drive="E:")
    client.edit(refused, "preview/reject")
    with unchanged(services):
        assert clean_up(services.context) == 0
    for owner_id, number in ((disc_id, 4), (job_id, 1), (running, 1), (refused, 4)):
        assert len(addresses(client, owner_id)) == len(files(services, owner_id)) == number


def ejected_disc(client: Client) -> str:
    disc_id = shown_disc(client)
    client.eject()
    return disc_id


def cancelled_job(client: Client) -> str:
    job_id = shown_job(client)
    client.cancel(job_id)
    return job_id


def ended_job(end: str) -> Callable[[Client], str]:
    def make(client: Client) -> str:
        job_id = client.assigned_job(thumbnails=[JPEG])
        client.end(job_id, end)
        return job_id

    return make


@pytest.mark.parametrize(
    "owner", [ejected_disc, cancelled_job, *map(ended_job, ("completed", "failed"))]
)
def test_it_drops_what_no_one_looks_at_any_more(client, services, owner):
    kept = shown_disc(client, drive="E:")
    owner_id = owner(client)
    number = len(files(services, owner_id))
    assert number > 0
    assert clean_up(services.context) == number
    assert (addresses(client, owner_id), files(services, owner_id)) == ([], [])
    assert len(addresses(client, kept)) == len(files(services, kept)) == 4
    assert clean_up(services.context) == 0


def test_it_drops_what_an_approval_left_as_the_server_was_killed(client, services, monkeypatch):
    disc_id = shown_disc(client)
    with monkeypatch.context() as patch:
        patch.setattr(ThumbnailStore, "delete", lambda *_: None)
        client.approve(disc_id)
    assert clean_up(services.context) == 4
    assert files(services, disc_id) == []


def test_it_drops_thumbnails_of_no_one_and_unfinished_ones(client, services):
    folder = services.context.settings.thumbnails_dir
    (folder / "gone").mkdir(parents=True)
    (folder / "gone" / "title_0_0.jpg").touch()
    (folder / "empty").mkdir()
    (folder / "note.txt").touch()
    disc_id = shown_disc(client)
    (folder / disc_id / "tmpabc.part").touch()
    (folder / disc_id / "title_0_7.jpg").touch()
    assert clean_up(services.context) == 2
    assert sorted(path.name for path in folder.iterdir()) == sorted([disc_id, "note.txt"])
    assert len(files(services, disc_id)) == len(addresses(client, disc_id)) == 4


def test_it_drops_what_is_a_day_old(client, services, clock):
    old = [shown_disc(client), shown_job(client)]
    clock.advance(3600)
    young = shown_disc(client, drive="E:")
    clock.advance(DAY - 3600 - 1)
    assert clean_up(services.context) == 0
    clock.advance(1)
    assert clean_up(services.context) == 5
    for owner_id in old:
        assert (addresses(client, owner_id), files(services, owner_id)) == ([], [])
    assert len(addresses(client, young)) == 4
    assert client.disc(old[0])["preview_status"] == "pending"
    assert client.job(old[1])["status"] == "pending"


def test_it_counts_the_day_from_the_latest_report(client, services, clock):
    disc_id = shown_disc(client)
    clock.advance(DAY - 60)
    assert shown_disc(client) == disc_id
    clock.advance(DAY - 60)
    assert clean_up(services.context) == 0
    assert len(addresses(client, disc_id)) == 4


def test_it_drops_nothing_before_its_time_when_the_clock_is_put_back(client, services, clock):
    disc_id = shown_disc(client)
    clock.advance(-365 * DAY)
    assert clean_up(services.context) == 0
    clock.advance(DAY - 1)
    assert clean_up(services.context) == 0
    assert len(addresses(client, disc_id)) == 4
    clock.advance(1)
    assert clean_up(services.context) == 4
    assert addresses(client, disc_id) == []


def test_it_lists_no_thumbnail_that_is_gone(client, services):
    disc_id = shown_disc(client)
    (services.context.settings.thumbnails_dir / disc_id / "title_1_900.jpg").unlink()
    assert clean_up(services.context) == 0
    assert [address.rpartition("/")[2] for address in addresses(client, disc_id)] == [
        "title_0_300.jpg", "title_0_900.jpg", "title_1_300.jpg"
    ]  # fmt: skip
    assert files(services, disc_id) == ["title_0_300.jpg", "title_0_900.jpg", "title_1_300.jpg"]


def test_it_names_nothing_that_is_gone_wherever_it_is_killed(client, services, monkeypatch):
    disc_id = ejected_disc(client)

    def die(*_: object) -> None:
        raise RuntimeError("the process dies here")

    with monkeypatch.context() as patch:
        patch.setattr(ThumbnailStore, "keep_only", die)
        with pytest.raises(RuntimeError):
            clean_up(services.context)
    assert addresses(client, disc_id) == []
    assert len(files(services, disc_id)) == 4
    assert clean_up(services.context) == 4


def test_it_goes_on_behind_a_folder_that_it_can_not_clear(client, services, monkeypatch):
    first, second = sorted([ejected_disc(client), ejected_disc(client)])
    keep_only = ThumbnailStore.keep_only

    def refuse(store: ThumbnailStore, owner_id: str, names: set[str]) -> int:
        if owner_id == first:
            raise PermissionError(owner_id)
        return keep_only(store, owner_id, names)

    monkeypatch.setattr(ThumbnailStore, "keep_only", refuse)
    assert clean_up(services.context) == 4
    assert (len(files(services, first)), files(services, second)) == (4, [])


def test_it_keeps_a_file_that_a_job_names_which_ends_meanwhile(client, services, monkeypatch):
    job_id, clear = shown_job(client), thumbnails._clear_rows

    def clear_before_the_end(*args):
        clear(*args)
        client.cancel(job_id)

    monkeypatch.setattr(thumbnails, "_clear_rows", clear_before_the_end)
    assert clean_up(services.context) == 0
    assert client.get(addresses(client, job_id)[0]).status_code == 200
    monkeypatch.undo()
    assert clean_up(services.context) == 1
    assert addresses(client, job_id) == []


def test_it_looks_at_no_row_where_nothing_is_kept(client, services):
    client.detect()
    client.create_job()
    with noted(services) as statements:
        clean_up(services.context)
    assert statements == {}


def test_it_is_done_by_the_maintenance(client, services):
    disc_id = ejected_disc(client)
    services.maintenance.tick()
    assert files(services, disc_id) == []


def test_it_finds_its_folder_again_after_a_restart(app, client, clock, tmp_path):
    disc_id = shown_disc(client)
    clock.advance(DAY)
    services = restart(app)
    assert clean_up(services.context) == 4
    assert os.listdir(services.context.settings.thumbnails_dir) == []
    assert addresses(client, disc_id) == []
