"""Agents report the discs in their drives; each comes back with a preview."""

from typing import Any

import pytest

from tests.client import ok, titles
from tests.plans import counted
from tests.support import JPEG, file_names

pytestmark = pytest.mark.usefixtures("pc")

NOTHING_OF_A_FILM = {
    "movie_title": None,
    "movie_year": None,
    "omdb_imdb_id": None,
    "movie_confidence": 0.0,
}
NOTHING_OF_A_SHOW = {
    "tv_show_name": None,
    "tv_season_number": None,
    "tv_season_id": None,
    "thetvdb_series_id": None,
    "starting_episode_number": None,
}


def report(**changes: Any) -> dict[str, Any]:
    """A report with some parts changed; ... leaves a part out."""
    body = {
        "agent_id": "pc",
        "drive": "D:",
        "disc_name": "FIREFLY_S01_D1",
        "disc_type": "DVD disc",
        "titles": titles(43, 44),
        **changes,
    }
    return {key: value for key, value in body.items() if value is not ...}


def title_with(**changes: Any) -> dict[str, Any]:
    """A report whose one title has some parts changed; ... leaves a part out."""
    title = {**titles(43)[0], **changes}
    return report(titles=[{key: value for key, value in title.items() if value is not ...}])


def test_it_proposes_names_for_a_tv_disc(client):
    disc = client.detect("FIREFLY_S01_D1", (43, 3))
    assert disc == {
        "disc_id": disc["disc_id"],
        "agent_id": "pc",
        "drive": "D:",
        "disc_name": "FIREFLY_S01_D1",
        "disc_type": "DVD disc",
        "titles": [
            {
                "index": 0,
                "name": "Title 1",
                "duration_seconds": 2580,
                "size_bytes": 0,
                "chapters": 8,
                "selected": True,
                "is_extra": False,
                "proposed_filename": "Firefly - S01E01.mkv",
                "proposed_path": "TV Shows/Firefly/Season 01",
                "episode_number": 1,
                "last_episode_number": None,
                "episode_title": None,
                "kind": "episode",
                "note": None,
                "confidence_score": 0.4,
                "thumbnails": [],
                "thumbnail_timestamps": [],
                "ripped_at": None,
            },
            {
                "index": 1,
                "name": "Title 2",
                "duration_seconds": 180,
                "size_bytes": 0,
                "chapters": 8,
                "selected": False,
                "is_extra": True,
                "proposed_filename": "Firefly - Extra 01.mkv",
                "proposed_path": "TV Shows/Firefly/Season 01/Other",
                "episode_number": None,
                "last_episode_number": None,
                "episode_title": None,
                "kind": "extra",
                "note": None,
                "confidence_score": 0.3,
                "thumbnails": [],
                "thumbnail_timestamps": [],
                "ripped_at": None,
            },
        ],
        "detected_at": "2026-01-24T12:34:56.123456Z",
        "status": "detected",
        "media_type": "tv_show",
        "preview_status": "pending",
        "tv_show_name": "Firefly",
        "tv_season_number": 1,
        "tv_season_id": "Firefly:s1",
        "thetvdb_series_id": None,
        "starting_episode_number": 1,
        **NOTHING_OF_A_FILM,
        "disc_number": 1,
        "content_hash": None,
        "identification": {
            "media_type": "tv_show",
            "confidence": disc["identification"]["confidence"],
            "reasons": disc["identification"]["reasons"],
            "warnings": [],
            "questions": disc["identification"]["questions"],
        },
        "candidates": [],
    }
    assert disc["identification"]["reasons"][0] == "The label names season 1."
    assert client.disc(disc["disc_id"]) == disc


def test_it_selects_the_film_among_its_extras(client):
    disc = client.detect("THE_PRINCESS_BRIDE_(1987)", (2, 98.5, 27, 12.5, 2))
    assert file_names(disc) == ["The Princess Bride (1987).mkv"]
    assert [title["proposed_path"] for title in disc["titles"]] == [
        "Movies/The Princess Bride (1987)/Other",
        "Movies/The Princess Bride (1987)",
        "Movies/The Princess Bride (1987)/Other",
        "Movies/The Princess Bride (1987)/Other",
        "Movies/The Princess Bride (1987)/Other",
    ]
    assert [title["is_extra"] for title in disc["titles"]] == [True, False, True, True, True]
    assert len({title["proposed_filename"] for title in disc["titles"]}) == 5
    assert disc | NOTHING_OF_A_SHOW == disc
    film = ("media_type", "movie_title", "movie_year", "movie_confidence")
    assert [disc[key] for key in film] == ["movie", "The Princess Bride", 1987, 0.4]


def test_it_selects_nothing_of_a_disc_of_which_it_knows_nothing(client):
    disc = client.detect("HOLIDAY", (2, 3))
    assert disc["media_type"] == "unknown"
    assert file_names(disc) == []
    assert disc | NOTHING_OF_A_SHOW | NOTHING_OF_A_FILM == disc


def test_it_takes_a_disc_without_titles(client):
    assert client.detect(titles=[])["titles"] == []


def test_it_takes_titles_as_todays_agents_send_them(client):
    nulls = (
        "proposed_filename", "proposed_path", "episode_number", "episode_title",
        "thumbnails", "thumbnail_timestamps", "name",
    )  # fmt: skip
    sent = titles(43, selected=False, is_extra=False, confidence_score=0.0)
    title = client.detect(titles=[sent[0] | dict.fromkeys(nulls)])["titles"][0]
    assert title["name"] == "Title 1"
    assert title["selected"] is True
    assert title["proposed_filename"] == "Firefly - S01E01.mkv"
    assert title["thumbnails"] == []


def test_it_fills_in_what_an_agent_leaves_out_of_a_title(client):
    title = client.detect(titles=[{"index": 7, "duration_seconds": 2580}])["titles"][0]
    assert (title["name"], title["size_bytes"], title["chapters"]) == ("Title 8", 0, 0)


def test_it_ignores_fields_that_it_does_not_know(client):
    disc = client.detect(laser="violet", titles=titles(43, angle=2))
    assert "laser" not in disc
    assert "angle" not in disc["titles"][0]


def test_it_keeps_as_many_titles_as_it_takes(client):
    many = titles(90) + [{"index": index, "duration_seconds": 60} for index in range(1, 2000)]
    assert len(client.detect(titles=many)["titles"]) == 2000
    too_many = [*many, {"index": 2000, "duration_seconds": 60}]
    client.refused(422, field="titles").post("/api/discs/detected", json=report(titles=too_many))


def test_it_enters_nothing_when_its_thumbnails_can_not_be_kept(client, settings):
    settings.thumbnails_dir.write_text("no folder")
    client.refused(500).post("/api/discs/detected", json=title_with(thumbnails=[JPEG]))


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


def test_it_runs_few_statements(client, services):
    with counted(services) as statements:
        client.detect(minutes=(43, 42.5, 44, 3))
    assert statements.total() <= 15
