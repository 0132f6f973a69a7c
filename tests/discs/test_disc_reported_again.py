"""A disc is reported that is known, or that lies where another one lay."""

import pytest

from tests.client import ok, titles
from tests.support import JPEG, file_names

pytestmark = pytest.mark.usefixtures("pc")


def test_it_knows_the_same_disc_in_the_same_drive(client, clock):
    first = client.detect()
    client.approve(first["disc_id"], title_edits=[{"index": 0, "episode_title": "Serenity"}])
    clock.advance(60)
    again = client.detect(disc_type="DVD-9", titles=titles(43, 42.5, 44, 3, name="T", chapters=9))
    assert len(ok(client.get("/api/discs"))) == 1
    assert [again[key] for key in ("disc_id", "detected_at", "preview_status", "disc_type")] == [
        first["disc_id"], first["detected_at"], "approved", "DVD-9"
    ]  # fmt: skip
    assert [(title["name"], title["chapters"]) for title in again["titles"]] == [("T", 9)] * 4
    assert file_names(again)[0] == "Firefly - S01E01 - Serenity.mkv"


def test_it_leaves_the_rips_of_a_disc_that_is_reported_again(client):
    disc_id = client.detect().approve().id
    first, *others = client.rip(disc_id)
    assert client.detect()["status"] == "ripping"
    assert [job["job_id"] for job in client.agent_jobs()] == [first]
    assert [client.job(job_id)["status"] for job_id in others] == ["queued", "queued"]


def test_it_takes_a_copy_in_another_drive_for_another_disc(client):
    first, second = client.detect(), client.detect(drive="E:")
    assert first["disc_id"] != second["disc_id"]
    assert client.disc(first["disc_id"])["status"] == "detected"


def test_it_takes_the_same_label_with_other_titles_for_another_disc(client):
    first, second = client.detect(), client.detect(minutes=(43, 42.5, 45, 3))
    assert first["disc_id"] != second["disc_id"]
    assert client.disc(first["disc_id"])["status"] == "ejected"


def test_it_closes_the_disc_that_lay_in_the_drive_before(client):
    first = client.detect()["disc_id"]
    second = client.detect("SERENITY", (119,))["disc_id"]
    statuses = {disc["disc_id"]: disc["status"] for disc in ok(client.get("/api/discs"))}
    assert statuses == {first: "ejected", second: "detected"}


def test_it_takes_the_thumbnails_of_a_disc_that_is_reported_again(client):
    client.detect(minutes=(43,))
    again = client.detect(titles=titles(43, thumbnails=[JPEG], thumbnail_timestamps=[300]))
    assert again["titles"][0]["thumbnail_timestamps"] == [300]


def test_it_keeps_thumbnails_where_the_same_disc_comes_without(client):
    first = client.detect(titles=titles(43, thumbnails=[JPEG], thumbnail_timestamps=[300]))
    assert client.detect(minutes=(43,)) == first


def test_it_takes_no_thumbnails_of_an_approved_disc(client):
    disc_id = client.detect(minutes=(43,)).approve().id
    again = client.detect(titles=titles(43, thumbnails=[JPEG]))
    assert again["titles"][0]["thumbnails"] == []
    assert ok(client.get(f"/api/thumbnails/{disc_id}"))["thumbnail_count"] == 0
