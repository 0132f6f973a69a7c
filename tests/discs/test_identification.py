"""What answers say of how a disc was identified, and what it costs to identify one."""

import time
from dataclasses import replace
from typing import Any

import pytest

from boz_server.database.models import Disc, Title
from boz_server.domain.identification.title_facts import TitleKind
from boz_server.domain.metadata.answers import Episode, Series
from boz_server.settings import Settings
from tests.client import Client, ok, titles
from tests.endpoints import resolved
from tests.plans import counted, noted, scans
from tests.provider_server import Movie, Show
from tests.support import assert_problem, file_names

pytestmark = pytest.mark.usefixtures("pc")

FACTS = {"source_file": "00800.mpls", "segment_map": "1,5-7", "output_file": "title_t00.mkv"}


def report(**changes: Any) -> dict[str, Any]:
    """A report of one title with some parts changed."""
    return {
        "agent_id": "pc",
        "drive": "D:",
        "disc_name": "FIREFLY_S01_D1",
        "titles": [{**titles(43)[0], **changes}],
    }


def stored() -> tuple[Any, ...]:
    """What is kept of the one title, as the next identification sees it."""
    title = Title.get()
    return title.source_file, title.segment_map, title.output_file


@pytest.mark.parametrize("label", ["FIREFLY_S01_D1", "SERENITY_(2005)", "HOLIDAY", ""])
@pytest.mark.parametrize("minutes", [(43, 44, 3), (119, 4), (2, 3), ()])
def test_it_says_how_sure_it_is_and_why(client, label, minutes):
    disc = client.detect(label, minutes)
    found = disc["identification"]
    assert list(found) == [
        "media_type", "confidence", "reasons", "warnings", "questions"
    ]  # fmt: skip
    assert found["confidence"] == min(
        answer["confidence"] for answer in found["questions"].values()
    )
    assert found["media_type"] == disc["media_type"]
    assert 0 <= found["confidence"] <= 1
    assert found["reasons"] != []
    assert all(text.endswith(".") for text in found["reasons"] + found["warnings"])
    assert disc["candidates"] == []
    assert {title["kind"] for title in disc["titles"]} <= set(TitleKind)
    assert ok(client.get("/api/discs")) == [disc]
    assert client.disc(disc["disc_id"]) == disc
    assert client.approve(disc["disc_id"])["identification"] == found


@pytest.mark.parametrize(
    ("label", "number"),
    [("FIREFLY_S01_D2", 2), ("FIREFLY_VOL_3", 3), ("FIREFLY_S01", None), ("SERENITY", None)],
)
def test_it_shows_the_discs_number(client, label, number):
    assert client.detect(label)["disc_number"] == number


def test_it_describes_all_of_it(client):
    document = ok(client.get("/api/openapi.json"))
    schemas = document["components"]["schemas"]
    disc = schemas["Disc"]["properties"]
    assert set(disc["identification"]["properties"]) == {
        "media_type", "confidence", "reasons", "warnings", "questions"
    }  # fmt: skip
    candidate = resolved(document, disc["candidates"]["items"])["properties"]
    assert set(candidate) == {
        "provider", "external_id", "title", "year", "runtime_minutes", "imdb_id", "score"
    }  # fmt: skip
    assert "disc_number" in disc
    title = resolved(document, disc["titles"]["items"])["properties"]
    assert {"kind", "note", "last_episode_number"} <= title.keys()
    identify = document["paths"]["/api/discs/{disc_id}/identify"]["post"]
    body = resolved(document, identify["requestBody"]["content"]["application/json"]["schema"])
    assert body["required"] == ["external_id", "provider"]
    assert body["properties"]["provider"]["enum"] == ["thetvdb", "omdb", "tmdb"]
    reported = schemas["ReportedTitle"]["properties"]
    assert FACTS.keys() <= reported.keys()


def test_it_keeps_what_agents_say_of_a_titles_making(client):
    ok(client.post("/api/discs/detected", json=report(**FACTS)))
    assert stored() == tuple(FACTS.values())
    ok(client.post("/api/discs/detected", json=report(**FACTS | {"output_file": "B1_t00.mkv"})))
    assert stored()[2] == "B1_t00.mkv"


@pytest.mark.parametrize("nothing", [{}, dict.fromkeys(FACTS), dict.fromkeys(FACTS, "")])
def test_it_takes_titles_without_it(client, nothing):
    ok(client.post("/api/discs/detected", json=report(**nothing)))
    assert stored() == (None, None, None)


@pytest.mark.parametrize("field", list(FACTS))
@pytest.mark.parametrize("value", [7, ["1"], "x" * 10_001, "a\x00b"])
def test_it_refuses_what_it_can_not_be(client, field, value):
    answer = client.post("/api/discs/detected", json=report(**{field: value}))
    assert_problem(answer, 422, field=f"titles.0.{field}")


@pytest.mark.parametrize(
    "segment_map",
    ["", "1", "1-", "7-5", "a,b", "1-999999", "1," * 4_999 + "1", "-5", "\uff11,\uff12"],
)
def test_it_takes_any_segment_map(client, segment_map):
    disc = ok(
        client.post("/api/discs/detected", json=report(**FACTS | {"segment_map": segment_map}))
    )
    assert len(file_names(disc)) == 1


def test_it_finds_copies_and_play_alls_by_their_streams(client):
    layout = [(43, "00001.mpls", "1"), (44, "00002.mpls", "2"), (45, "00003.mpls", "3"),
              (132, "00100.mpls", "1-3"), (43, "00001.m2ts", "1")]  # fmt: skip
    body = [
        {**each, "source_file": source, "segment_map": segments}
        for each, (_, source, segments) in zip(
            titles(*(minutes for minutes, _, _ in layout)), layout, strict=True
        )
    ]
    disc = client.detect("FIREFLY_S01_D1", titles=body)
    assert [title["kind"] for title in disc["titles"]] == [
        "episode", "episode", "episode", "play_all", "copy"
    ]  # fmt: skip
    assert disc["titles"][3]["note"] == "Plays other titles one after another: 0, 1, 2."
    assert disc["titles"][4]["note"] == "Title 0 again."


HOSTILE_LAYOUTS = {
    "no titles": [],
    "zero lengths": [0] * 30,
    "zeros among episodes": [0, 43 * 60, 0, 44 * 60, 0],
    "absurd lengths": [2**31 - 1] * 5,
    "absurd among episodes": [43 * 60, 2**31 - 1, 44 * 60],
    "one of each": list(range(100)),
    "hundreds alike": [2580] * 500,
    "hundreds of lengths": [60 + 13 * n for n in range(500)],
    "hundreds, falling": [9000 - 17 * n for n in range(500)],
    "powers": [2**n for n in range(31)],
}
HOSTILE_LABELS = [
    "FIREFLY_S01_D1",
    "\U0001f4bf" * 255,
    "",
    "S99_D99",
    "D" * 255,
    "_" * 255,
    "../..",
    "S01E" * 60,
]
#: Each layout with two labels, each label with two layouts and more: label and layout are read by
#: themselves, and all of both together take as long as all other tests of a disc.
HOSTILE_DISCS = [
    pytest.param(HOSTILE_LABELS[(at + shift) % len(HOSTILE_LABELS)], lengths, id=f"{name}-{shift}")
    for at, (name, lengths) in enumerate(HOSTILE_LAYOUTS.items())
    for shift in (0, 3)
]


@pytest.mark.parametrize(("label", "lengths"), HOSTILE_DISCS)
def test_it_proposes_something_for_any_disc(client, label, lengths):
    body = [{"index": at, "duration_seconds": each} for at, each in enumerate(lengths)]
    started = time.monotonic()
    disc = client.detect(label, titles=body)
    assert time.monotonic() - started < 3
    assert len(disc["titles"]) == len(lengths)
    assert disc["identification"]["reasons"] != []
    names = [title["proposed_filename"] for title in disc["titles"]]
    assert all(name and len(name.encode()) <= 200 for name in names)
    assert len(set(names)) == len(names)
    assert client.approve(disc["disc_id"])["preview_status"] == "approved"


SHOWS = [
    Show(
        Series(5, "Sherlock", 2010, ()),
        [Episode(s, n, f"Case {s}.{n}", 88, None) for s in (1, 2) for n in (1, 2, 3)],
    )
]
FILMS = [Movie("Solaris", 2002, 99, "tt0307479")]
#: The newest discs, of which so many are looked through, are walked in order.
ALLOWED = (
    "SCAN CONSTANT ROW",
    "SCAN t1 USING INDEX idx_discs_newest",
    "SCAN t1 USING INDEX idx_discs_lookup_due",
)


@pytest.fixture
def settings(settings, providers) -> Settings:
    return replace(settings, provider_timeout_seconds=0.3, **providers.settings())


def history(client: Client, number: int, *, approved: bool = False) -> None:
    """Discs of other shows and films that were here before."""
    for at in range(number):
        letters = chr(97 + at // 26) + chr(97 + at % 26)
        label, minutes = f"STORY_{letters}_S01_D1", (43, 44, 43.5)
        disc = client.detect(label, minutes, drive="X:")
        if approved:
            client.approve(disc["disc_id"])
    client.eject("X:")


# PostgreSQL plans by statistics: on tables this small an index is no gain to it.
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_it_reads_by_index(client, services, providers):
    history(client, 30)
    with noted(services) as statements:
        first = client.detect("SHERLOCK_D1", (88, 88.5))
        client.approve(first["disc_id"])
        second = client.detect("SHERLOCK_D2", (88.2, 87.5), drive="E:")
        third = client.detect("SHERLOCK3_D3", (88.1, 87), drive="F:")
        client.detect("SHERLOCK_D1", (88, 88.5), drive="G:")
        film = client.detect("SOLARIS", (99,), drive="H:")
        client.edit(film["disc_id"], "identify", provider="omdb", external_id="tt0307479")
        client.edit(second["disc_id"], "preview/update-season", season_number=2)
        client.edit(third["disc_id"], "preview/override-media-type", media_type="movie")
        client.edit(third["disc_id"], "preview/reject")
        providers.fail("500")
        client.detect("ANOTHER_FILM", (99,), drive="I:")
        providers.work()
        services.maintenance.tick()
    assert scans(services, statements, ALLOWED) == set()


@pytest.mark.parametrize(
    ("label", "minutes"),
    [
        ("SHERLOCK_S01_D1", (88, 88.5)),
        ("STORY_XX_D2", (43.2, 44.4, 43.9)),
        ("SOLARIS", (99, 4)),
        ("DVD_VIDEO", (43, 44, 45)),
    ],
)
def test_it_runs_as_many_statements_for_the_thousandth_disc_as_for_the_first(
    client, services, clock, label, minutes
):
    client.detect(label, tuple(each + 1 for each in minutes), drive="Y:")  # what is remembered
    counts = []
    for _ in range(3):
        clock.advance(1)  # extras are numbered by the discs' arrival
        history(client, 6, approved=True)
        with counted(services) as statements:
            disc = client.detect(label, minutes)
        counts.append(statements)
        client.eject()
        Disc.delete().where(Disc.disc_id == disc["disc_id"]).execute()
    assert counts[1] == counts[2]
    assert counts[2].total() < 40
