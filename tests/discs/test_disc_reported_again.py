"""A disc is reported that is known, or that lies where another one lay."""

import pytest
from flask.testing import FlaskClient

from tests.support import (
    JPEG,
    FakeClock,
    approve,
    detect,
    file_names,
    job_of,
    ok,
    register_agent,
    rip,
    titles,
)


@pytest.fixture(autouse=True)
def agent(client: FlaskClient) -> None:
    """Every disc lies in a drive of a registered agent."""
    register_agent(client)


def test_it_knows_the_same_disc_in_the_same_drive(client: FlaskClient, clock: FakeClock) -> None:
    first = detect(client)
    approve(client, first["disc_id"], title_edits=[{"index": 0, "episode_title": "Serenity"}])
    clock.advance(60)
    again = detect(client, disc_type="DVD-9", titles=titles(43, 42.5, 44, 3, name="T", chapters=9))
    assert len(ok(client.get("/api/discs"))) == 1
    assert [again[key] for key in ("disc_id", "detected_at", "preview_status", "disc_type")] == [
        first["disc_id"], first["detected_at"], "approved", "DVD-9"
    ]  # fmt: skip
    assert [(title["name"], title["chapters"]) for title in again["titles"]] == [("T", 9)] * 4
    assert file_names(again)[0] == "Firefly - S01E01 - Serenity.mkv"


def test_it_leaves_the_rips_of_a_disc_that_is_reported_again(client: FlaskClient) -> None:
    disc_id = approve(client, detect(client)["disc_id"])["disc_id"]
    first, *others = rip(client, disc_id)
    assert detect(client)["status"] == "ripping"
    assert [job["job_id"] for job in ok(client.get("/api/agents/pc/jobs"))["jobs"]] == [first]
    assert [job_of(client, job_id)["status"] for job_id in others] == ["queued", "queued"]


def test_it_takes_a_copy_in_another_drive_for_another_disc(client: FlaskClient) -> None:
    first, second = detect(client), detect(client, drive="E:")
    assert first["disc_id"] != second["disc_id"]
    assert ok(client.get(f"/api/discs/{first['disc_id']}"))["status"] == "detected"


def test_it_takes_the_same_label_with_other_titles_for_another_disc(client: FlaskClient) -> None:
    first, second = detect(client), detect(client, minutes=(43, 42.5, 45, 3))
    assert first["disc_id"] != second["disc_id"]
    assert ok(client.get(f"/api/discs/{first['disc_id']}"))["status"] == "ejected"


def test_it_closes_the_disc_that_lay_in_the_drive_before(client: FlaskClient) -> None:
    first = detect(client)["disc_id"]
    second = detect(client, "SERENITY", (119,))["disc_id"]
    statuses = {disc["disc_id"]: disc["status"] for disc in ok(client.get("/api/discs"))}
    assert statuses == {first: "ejected", second: "detected"}


def test_it_takes_the_thumbnails_of_a_disc_that_is_reported_again(client: FlaskClient) -> None:
    detect(client, minutes=(43,))
    again = detect(client, titles=titles(43, thumbnails=[JPEG], thumbnail_timestamps=[300]))
    assert again["titles"][0]["thumbnail_timestamps"] == [300]


def test_it_keeps_thumbnails_where_the_same_disc_comes_without(client: FlaskClient) -> None:
    first = detect(client, titles=titles(43, thumbnails=[JPEG], thumbnail_timestamps=[300]))
    assert detect(client, minutes=(43,)) == first


def test_it_takes_no_thumbnails_of_an_approved_disc(client: FlaskClient) -> None:
    disc_id = approve(client, detect(client, minutes=(43,))["disc_id"])["disc_id"]
    again = detect(client, titles=titles(43, thumbnails=[JPEG]))
    assert again["titles"][0]["thumbnails"] == []
    assert ok(client.get(f"/api/thumbnails/{disc_id}"))["thumbnail_count"] == 0
