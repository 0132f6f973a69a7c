"""Discs that have long left their drives: in the archive, and back when they count again."""

from typing import Any

import pytest

from boz_server.database.models import ArchivedDisc, Disc, Title
from boz_server.services.maintenance.retention import Pruned, count_prunable, prune
from boz_server.services.wiring import Services
from tests.client import Client, ok
from tests.support import (
    FakeClock,
    assert_problem,
    episodes,
    restart,
)

pytestmark = pytest.mark.usefixtures("pc")

DAY = 86400.0
HALF_A_YEAR = 181 * DAY


def shelve(client: Client, label: str, minutes: tuple[float, ...], **body: Any) -> str:
    """A disc that was approved and ejected; its id."""
    disc_id = str(client.detect(label, minutes)["disc_id"])
    client.approve(disc_id, **body)
    client.eject()
    return disc_id


def ripped(client: Client) -> str:
    """A disc in its drive of which all was ripped; its id."""
    disc_id, jobs = client.ordered_rips()
    for job_id in jobs:
        ok(client.report(job_id, "running"))
        ok(client.report(job_id, "completed", output_file=f"/rips/{job_id}.mkv"))
    return disc_id


def shelve_ripped(client: Client) -> str:
    """A disc that was ripped and ejected; its id."""
    disc_id = ripped(client)
    client.eject()
    return disc_id


def transcodes(client: Client) -> list[str]:
    """The transcodes that wait for a person."""
    return [job["job_id"] for job in client.awaiting_approval()]


def live(client: Client) -> list[str]:
    return [disc["disc_id"] for disc in ok(client.get("/api/discs"))]


def archive_all(services: Services, clock: FakeClock) -> int:
    """Let half a year pass; returns how many discs went into the archive."""
    clock.advance(HALF_A_YEAR)
    return prune(services.context).archived_discs


def test_it_puts_a_disc_away_after_half_a_year(client, services, clock):
    disc_id = shelve(client, "ALIEN", (117, 5))
    clock.advance(179 * DAY)
    assert prune(services.context) == Pruned()
    clock.advance(2 * DAY)
    assert count_prunable(services.context) == Pruned(archived_discs=1)
    assert prune(services.context) == Pruned(archived_discs=1)
    assert live(client) == []
    row = ArchivedDisc.get()
    assert (row.disc_id, row.disc_name, row.movie_title) == (disc_id, "ALIEN", "Alien")
    assert row.archived_at == clock.now()
    assert Title.select().count() == 0


def test_it_shows_an_archived_disc_as_it_was(client, services, clock):
    edits = [{"index": 0, "episode_number": 3, "episode_title": "Bushwhacked"}]
    disc_id = shelve(client, "FIREFLY_S01_D1", (43, 42.5, 44, 3), title_edits=edits)
    before = client.disc(disc_id)
    archive_all(services, clock)
    assert client.disc(disc_id) == before


@pytest.mark.parametrize("days", [0, 400])
def test_it_goes_by_the_setting(app, client, clock, days):
    services = restart(app, retention_discs_days=days)
    disc_id = shelve(client, "ALIEN", (117, 5))
    clock.advance(399 * DAY)
    assert prune(services.context) == Pruned()
    assert live(client) == [disc_id]


def test_it_keeps_a_disc_that_lies_in_a_drive(client, services, clock):
    client.detect()
    assert archive_all(services, clock) == 0


def test_it_keeps_a_disc_that_a_job_has_to_do_with(client, services, clock):
    shelve_ripped(client)
    (waiting, *others) = transcodes(client)
    for job_id in others:
        client.cancel(job_id)
    assert archive_all(services, clock) == 0
    client.cancel(waiting)
    assert count_prunable(services.context) == prune(services.context)
    assert live(client) != []
    assert archive_all(services, clock) == 1


def test_it_puts_a_ripped_disc_away_that_no_one_took_out(client, services, clock):
    disc_id = ripped(client)
    for job_id in transcodes(client):
        client.cancel(job_id)
    before = client.disc(disc_id)
    assert before["status"] == "completed"
    assert archive_all(services, clock) == 1
    # It is still the same disc when its agent reports it, and the way is free for another.
    assert client.detect() == before
    assert archive_all(services, clock) == 1
    other = client.detect("FIREFLY_S01_D2", (43.5, 42, 44.5))
    assert client.disc(disc_id)["status"] == "ejected"
    assert client.disc(other["disc_id"])["status"] == "detected"


def test_it_gives_jobs_their_disc_again(app, client, clock):
    services = restart(app, retention_jobs_days=0)
    disc_id = shelve_ripped(client)
    for job_id in transcodes(client):
        client.cancel(job_id)
    jobs = ok(client.get("/api/jobs"))
    assert {job["disc_id"] for job in jobs} == {disc_id}
    assert archive_all(services, clock) == 1
    assert {job["disc_id"] for job in ok(client.get("/api/jobs"))} == {None}
    client.detect()
    assert ok(client.get("/api/jobs")) == jobs


def test_it_keeps_a_disc_whose_results_are_on_their_way(client, services, clock):
    shelve_ripped(client)
    clock.advance(HALF_A_YEAR)
    client.register_agent()
    client.register_worker()
    for job_id in transcodes(client):
        client.approve_job(job_id)
        ok(client.report(job_id, "running"))
        ok(client.report(job_id, "completed"))
    assert prune(services.context).archived_discs == 0
    assert archive_all(services, clock) == 1


def test_it_leaves_names_alone_that_only_contain_another(client, services, clock):
    shelve(client, "SUPERNATURAL_S01_D1", (43, 42.5, 44))
    assert archive_all(services, clock) == 1
    first = client.detect("ER_S01_D1", (45, 45.5, 44))
    assert live(client) == [first["disc_id"]]


def test_it_keeps_a_show_together(client, services, clock):
    first = shelve(client, "FIREFLY_S01_D1", (43, 42.5, 44, 3))
    film = shelve(client, "ALIEN", (117, 5))
    clock.advance(HALF_A_YEAR)
    second = shelve(client, "FIREFLY_S01_D2", (43.5, 42, 44.5))
    assert prune(services.context) == Pruned(archived_discs=1)
    assert set(live(client)) == {first, second}
    assert ArchivedDisc.get().disc_id == film
    assert archive_all(services, clock) == 2


def test_it_numbers_a_shows_next_disc_on_from_archived_ones(client, services, clock):
    first = shelve(client, "FIREFLY_S01_D1", (43, 42.5, 44, 3))
    clock.advance(60)
    third = shelve(client, "FIREFLY_S01_D3", (43.1, 42.6, 44.1))
    assert archive_all(services, clock) == 2
    before = client.season("Firefly:s1")
    assert before["disc_ids"] == [first, third]
    second = client.detect("FIREFLY_S01_D2", (43.5, 42, 44.5))
    assert set(live(client)) == {first, second["disc_id"], third}
    taken = {*episodes(client.disc(first)), *episodes(client.disc(third))}
    assert not taken & set(episodes(second))
    after = client.season("Firefly:s1")
    assert after["disc_ids"] == [first, third, second["disc_id"]]
    assert after["last_episode_assigned"] == 9


def test_it_knows_an_archived_disc_that_comes_again(client, services, clock):
    edits = [{"index": 0, "episode_number": 2}, {"index": 1, "episode_number": 1}]
    first = shelve(client, "FIREFLY_S01_D1", (43, 42.5, 44, 3), title_edits=edits)
    before = client.disc(first)
    archive_all(services, clock)
    again = client.detect("FIREFLY_S01_D1", (43, 42.5, 44, 3))
    assert episodes(again) == episodes(before) == [2, 1, 3]
    assert client.disc(first) == before


def test_it_knows_a_show_by_an_archived_disc_of_the_same_name(client, services, clock):
    named = {"media_type": "tv_show", "show_name": "The Long Way", "season_number": 4}
    disc_id = client.detect("TLW_D1", (43, 42.5, 44))["disc_id"]
    client.edit(disc_id, "preview/override-media-type", **named)
    client.approve(disc_id)
    client.eject()
    # Another label of the same show: it has to come back with the first.
    other = client.detect("LONG_WAY_D3", (43.2, 42.2))["disc_id"]
    client.edit(other, "preview/override-media-type", **named)
    client.approve(other)
    client.eject()
    assert archive_all(services, clock) == 2
    second = client.detect("TLW_D2", (43.4, 42.1, 44.9))
    assert second["tv_season_id"] == "The Long Way:s4"
    assert set(live(client)) == {disc_id, other, second["disc_id"]}
    taken = {*episodes(client.disc(disc_id)), *episodes(client.disc(other))}
    assert len(taken) == 5
    assert taken.isdisjoint(episodes(second))


def test_it_knows_an_archived_show_whose_label_is_written_otherwise(client, services, clock):
    first = shelve(client, "SHERLOCK_S01_D1", (88, 88.5))
    clock.advance(60)
    second = shelve(client, "SHERLOCK_S01_D2", (88.2, 87.5))
    assert archive_all(services, clock) == 2
    third = client.detect("SHERLOCKBBC_D3", (88.1, 87))
    assert third["tv_show_name"] == "Sherlock"
    assert set(live(client)) == {first, second, third["disc_id"]}


def test_it_counts_archived_discs_where_a_person_moves_one_to_their_show(client, services, clock):
    first = shelve(client, "FIREFLY_S01_D1", (43, 42.5, 44, 3))
    archive_all(services, clock)
    disc_id = client.detect("DVD_VIDEO", (41, 42))["disc_id"]
    assert live(client) == [disc_id]
    moved = client.edit(
        disc_id,
        "preview/override-media-type",
        media_type="tv_show",
        show_name="Firefly",
        season_number=1,
    )
    assert episodes(moved) == [4, 5]
    assert set(live(client)) == {first, disc_id}


def test_it_rips_no_archived_disc_again_by_itself(app, client, clock):
    services = restart(app, auto_rip=True, auto_approve_previews=True)
    disc_id = shelve_ripped(client)
    for job_id in transcodes(client):
        client.cancel(job_id)
    ripped_at = client.disc(disc_id)["titles"][0]["ripped_at"]
    assert ripped_at is not None
    clock.advance(HALF_A_YEAR)
    pruned = prune(services.context)
    assert (pruned.jobs, pruned.archived_discs) == (6, 1)
    again = client.detect()
    client.approve(again["disc_id"])
    assert services.auto_rip.run(services.context) == 0
    assert client.disc(disc_id)["titles"][0]["ripped_at"] == ripped_at
    assert len(client.rip(again["disc_id"])) == 3


def test_it_keeps_what_is_not_shown_of_a_disc(client, services, clock):
    edits = [{"index": 2, "last_episode_number": 4, "episode_title": "Serenity"}]
    disc_id = shelve(client, "FIREFLY_S01_D1", (43, 42.5, 44, 3), title_edits=edits)
    Title.update(ripped_at=clock.now(), note="Two in one.", segment_map="1,2").where(
        Title.disc == disc_id, Title.title_index == 2
    ).execute()

    def rows() -> tuple[Any, list[Any]]:
        titles = Title.select().where(Title.disc == disc_id).order_by(Title.title_index)
        columns = [{**row, "id": None} for row in titles.dicts()]
        return Disc.select().where(Disc.disc_id == disc_id).dicts().get(), columns

    before = rows()
    archive_all(services, clock)
    client.detect("FIREFLY_S01_D2", (43.5, 42, 44.5))
    assert rows() == before


def test_it_takes_no_archived_disc_for_a_live_one(client, services, clock):
    disc_id = shelve(client, "ALIEN", (117, 5))
    archive_all(services, clock)
    for action in ("preview/approve", "preview/reject", "rip"):
        assert_problem(client.post(f"/api/discs/{disc_id}/{action}"), 404, disc_id)
