"""Discs that have long left their drives: in the archive, and back when they count again."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from boz_server.database.models import ArchivedDisc, Disc, Title
from boz_server.services.maintenance.retention import Pruned, count_prunable, prune
from boz_server.services.wiring import Services
from tests.support import (
    FakeClock,
    approve,
    assert_problem,
    detect,
    disc_of,
    eject,
    episodes,
    ok,
    ordered_rips,
    register_agent,
    register_worker,
    report,
    restart,
    rip,
    season,
    told,
)

DAY = 86400.0
HALF_A_YEAR = 181 * DAY


@pytest.fixture(autouse=True)
def agent(client: FlaskClient) -> None:
    """Every disc lies in a drive of a registered agent."""
    register_agent(client)


def shelve(client: FlaskClient, label: str, minutes: tuple[float, ...], **body: Any) -> str:
    """A disc that was approved and ejected; its id."""
    disc_id = str(detect(client, label, minutes)["disc_id"])
    approve(client, disc_id, **body)
    eject(client)
    return disc_id


def ripped(client: FlaskClient) -> str:
    """A disc in its drive of which all was ripped; its id."""
    disc_id, jobs = ordered_rips(client)
    for job_id in jobs:
        ok(report(client, job_id, "running"))
        ok(report(client, job_id, "completed", output_file=f"/rips/{job_id}.mkv"))
    return disc_id


def shelve_ripped(client: FlaskClient) -> str:
    """A disc that was ripped and ejected; its id."""
    disc_id = ripped(client)
    eject(client)
    return disc_id


def transcodes(client: FlaskClient) -> list[str]:
    """The transcodes that wait for a person."""
    return [job["job_id"] for job in ok(client.get("/api/jobs/awaiting-approval"))]


def live(client: FlaskClient) -> list[str]:
    return [disc["disc_id"] for disc in ok(client.get("/api/discs"))]


def archive_all(services: Services, clock: FakeClock) -> int:
    """Let half a year pass; returns how many discs went into the archive."""
    clock.advance(HALF_A_YEAR)
    return prune(services.context).archived_discs


def test_it_puts_a_disc_away_after_half_a_year(
    client: FlaskClient, services: Services, clock: FakeClock
) -> None:
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


def test_it_shows_an_archived_disc_as_it_was(
    client: FlaskClient, services: Services, clock: FakeClock
) -> None:
    edits = [{"index": 0, "episode_number": 3, "episode_title": "Bushwhacked"}]
    disc_id = shelve(client, "FIREFLY_S01_D1", (43, 42.5, 44, 3), title_edits=edits)
    before = disc_of(client, disc_id)
    archive_all(services, clock)
    assert disc_of(client, disc_id) == before


@pytest.mark.parametrize("days", [0, 400])
def test_it_goes_by_the_setting(
    app: Flask, client: FlaskClient, clock: FakeClock, days: int
) -> None:
    services = restart(app, retention_discs_days=days)
    disc_id = shelve(client, "ALIEN", (117, 5))
    clock.advance(399 * DAY)
    assert prune(services.context) == Pruned()
    assert live(client) == [disc_id]


def test_it_keeps_a_disc_that_lies_in_a_drive(
    client: FlaskClient, services: Services, clock: FakeClock
) -> None:
    detect(client)
    assert archive_all(services, clock) == 0


def test_it_keeps_a_disc_that_a_job_has_to_do_with(
    client: FlaskClient, services: Services, clock: FakeClock
) -> None:
    shelve_ripped(client)
    (waiting, *others) = transcodes(client)
    for job_id in others:
        ok(client.post(f"/api/jobs/{job_id}/cancel"))
    assert archive_all(services, clock) == 0
    ok(client.post(f"/api/jobs/{waiting}/cancel"))
    assert count_prunable(services.context) == prune(services.context)
    assert live(client) != []
    assert archive_all(services, clock) == 1


def test_it_puts_a_ripped_disc_away_that_no_one_took_out(
    client: FlaskClient, services: Services, clock: FakeClock
) -> None:
    disc_id = ripped(client)
    for job_id in transcodes(client):
        ok(client.post(f"/api/jobs/{job_id}/cancel"))
    before = disc_of(client, disc_id)
    assert before["status"] == "completed"
    assert archive_all(services, clock) == 1
    # It is still the same disc when its agent reports it, and the way is free for another.
    assert detect(client) == before
    assert archive_all(services, clock) == 1
    other = detect(client, "FIREFLY_S01_D2", (43.5, 42, 44.5))
    assert disc_of(client, disc_id)["status"] == "ejected"
    assert disc_of(client, other["disc_id"])["status"] == "detected"


def test_it_gives_jobs_their_disc_again(app: Flask, client: FlaskClient, clock: FakeClock) -> None:
    services = restart(app, retention_jobs_days=0)
    disc_id = shelve_ripped(client)
    for job_id in transcodes(client):
        ok(client.post(f"/api/jobs/{job_id}/cancel"))
    jobs = ok(client.get("/api/jobs"))
    assert {job["disc_id"] for job in jobs} == {disc_id}
    assert archive_all(services, clock) == 1
    assert {job["disc_id"] for job in ok(client.get("/api/jobs"))} == {None}
    detect(client)
    assert ok(client.get("/api/jobs")) == jobs


def test_it_keeps_a_disc_whose_results_are_on_their_way(
    client: FlaskClient, services: Services, clock: FakeClock
) -> None:
    shelve_ripped(client)
    clock.advance(HALF_A_YEAR)
    register_agent(client)
    register_worker(client)
    for job_id in transcodes(client):
        body = {"worker_id": "gpu", "preset": "Fast 1080p30"}
        ok(client.post(f"/api/jobs/{job_id}/approve", json=body))
        ok(report(client, job_id, "running"))
        ok(report(client, job_id, "completed"))
    assert prune(services.context).archived_discs == 0
    assert archive_all(services, clock) == 1


def test_it_leaves_names_alone_that_only_contain_another(
    client: FlaskClient, services: Services, clock: FakeClock
) -> None:
    shelve(client, "SUPERNATURAL_S01_D1", (43, 42.5, 44))
    assert archive_all(services, clock) == 1
    first = detect(client, "ER_S01_D1", (45, 45.5, 44))
    assert live(client) == [first["disc_id"]]


def test_it_keeps_a_show_together(
    client: FlaskClient, services: Services, clock: FakeClock
) -> None:
    first = shelve(client, "FIREFLY_S01_D1", (43, 42.5, 44, 3))
    film = shelve(client, "ALIEN", (117, 5))
    clock.advance(HALF_A_YEAR)
    second = shelve(client, "FIREFLY_S01_D2", (43.5, 42, 44.5))
    assert prune(services.context) == Pruned(archived_discs=1)
    assert set(live(client)) == {first, second}
    assert ArchivedDisc.get().disc_id == film
    assert archive_all(services, clock) == 2


def test_it_numbers_a_shows_next_disc_on_from_archived_ones(
    client: FlaskClient, services: Services, clock: FakeClock
) -> None:
    first = shelve(client, "FIREFLY_S01_D1", (43, 42.5, 44, 3))
    clock.advance(60)
    third = shelve(client, "FIREFLY_S01_D3", (43.1, 42.6, 44.1))
    assert archive_all(services, clock) == 2
    before = season(client, "Firefly:s1")
    assert before["disc_ids"] == [first, third]
    second = detect(client, "FIREFLY_S01_D2", (43.5, 42, 44.5))
    assert set(live(client)) == {first, second["disc_id"], third}
    taken = {*episodes(disc_of(client, first)), *episodes(disc_of(client, third))}
    assert not taken & set(episodes(second))
    after = season(client, "Firefly:s1")
    assert after["disc_ids"] == [first, third, second["disc_id"]]
    assert after["last_episode_assigned"] == 9


def test_it_knows_an_archived_disc_that_comes_again(
    client: FlaskClient, services: Services, clock: FakeClock
) -> None:
    edits = [{"index": 0, "episode_number": 2}, {"index": 1, "episode_number": 1}]
    first = shelve(client, "FIREFLY_S01_D1", (43, 42.5, 44, 3), title_edits=edits)
    before = disc_of(client, first)
    archive_all(services, clock)
    again = detect(client, "FIREFLY_S01_D1", (43, 42.5, 44, 3))
    assert episodes(again) == episodes(before) == [2, 1, 3]
    assert disc_of(client, first) == before


def test_it_knows_a_show_by_an_archived_disc_of_the_same_name(
    client: FlaskClient, services: Services, clock: FakeClock
) -> None:
    named = {"media_type": "tv_show", "show_name": "The Long Way", "season_number": 4}
    disc_id = detect(client, "TLW_D1", (43, 42.5, 44))["disc_id"]
    told(client, disc_id, "preview/override-media-type", **named)
    approve(client, disc_id)
    eject(client)
    # Another label of the same show: it has to come back with the first.
    other = detect(client, "LONG_WAY_D3", (43.2, 42.2))["disc_id"]
    told(client, other, "preview/override-media-type", **named)
    approve(client, other)
    eject(client)
    assert archive_all(services, clock) == 2
    second = detect(client, "TLW_D2", (43.4, 42.1, 44.9))
    assert second["tv_season_id"] == "The Long Way:s4"
    assert set(live(client)) == {disc_id, other, second["disc_id"]}
    assert set(episodes(second)).isdisjoint({1, 2, 3, 4, 5})


def test_it_knows_an_archived_show_whose_label_is_written_otherwise(
    client: FlaskClient, services: Services, clock: FakeClock
) -> None:
    first = shelve(client, "SHERLOCK_S01_D1", (88, 88.5))
    clock.advance(60)
    second = shelve(client, "SHERLOCK_S01_D2", (88.2, 87.5))
    assert archive_all(services, clock) == 2
    third = detect(client, "SHERLOCKBBC_D3", (88.1, 87))
    assert third["tv_show_name"] == "Sherlock"
    assert set(live(client)) == {first, second, third["disc_id"]}


def test_it_counts_archived_discs_where_a_person_moves_one_to_their_show(
    client: FlaskClient, services: Services, clock: FakeClock
) -> None:
    first = shelve(client, "FIREFLY_S01_D1", (43, 42.5, 44, 3))
    archive_all(services, clock)
    disc_id = detect(client, "DVD_VIDEO", (41, 42))["disc_id"]
    assert live(client) == [disc_id]
    moved = told(
        client,
        disc_id,
        "preview/override-media-type",
        media_type="tv_show",
        show_name="Firefly",
        season_number=1,
    )
    assert episodes(moved) == [4, 5]
    assert set(live(client)) == {first, disc_id}


def test_it_rips_no_archived_disc_again_by_itself(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    services = restart(app, auto_rip=True, auto_approve_previews=True)
    disc_id = shelve_ripped(client)
    for job_id in transcodes(client):
        ok(client.post(f"/api/jobs/{job_id}/cancel"))
    ripped_at = disc_of(client, disc_id)["titles"][0]["ripped_at"]
    assert ripped_at is not None
    clock.advance(HALF_A_YEAR)
    pruned = prune(services.context)
    assert (pruned.jobs, pruned.archived_discs) == (6, 1)
    again = detect(client)
    approve(client, again["disc_id"])
    assert services.auto_rip.run() == 0
    assert disc_of(client, disc_id)["titles"][0]["ripped_at"] == ripped_at
    assert len(rip(client, again["disc_id"])) == 3


def test_it_keeps_what_is_not_shown_of_a_disc(
    client: FlaskClient, services: Services, clock: FakeClock
) -> None:
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
    detect(client, "FIREFLY_S01_D2", (43.5, 42, 44.5))
    assert rows() == before


def test_it_takes_no_archived_disc_for_a_live_one(
    client: FlaskClient, services: Services, clock: FakeClock
) -> None:
    disc_id = shelve(client, "ALIEN", (117, 5))
    archive_all(services, clock)
    for action in ("preview/approve", "preview/reject", "rip"):
        assert_problem(client.post(f"/api/discs/{disc_id}/{action}"), 404, disc_id)
