"""What a disc is taken for, and how its titles are to be called."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from boz_server.database.models import Disc
from boz_server.domain.identification.identity import Identity
from boz_server.domain.identification.media_type import MediaType
from boz_server.domain.identification.title_facts import TitleFacts
from boz_server.services.discs.detection import ReportedDisc
from boz_server.services.discs.disc_findings import NOTHING, told
from boz_server.services.discs.identify import DiscIdentifier
from boz_server.services.discs.preview_generator import Preview, PreviewGenerator
from boz_server.services.seasons.tracker import SeasonTracker
from boz_server.services.wiring import Services

FIREFLY = Identity(MediaType.TV_SHOW, "Firefly", 1.0, season_number=1)
SERENITY = Identity(MediaType.MOVIE, "Serenity", 1.0, name_confidence=0.4, year=2005)


@pytest.fixture
def seasons(services) -> Iterator[SeasonTracker]:
    """The seasons, in a transaction that stays open."""
    with services.context.database.write():
        yield services.seasons


@pytest.fixture
def previews(services, seasons) -> PreviewGenerator:
    """A generator with the default settings."""
    return generator(services)


def generator(services: Services, **changes: Any) -> PreviewGenerator:
    """A generator with other settings."""
    settings = replace(services.context.settings, **changes)
    identifier = DiscIdentifier(settings, services.discs.discs, services.seasons)
    return PreviewGenerator(settings, identifier, services.seasons)


def facts(*minutes: float) -> list[TitleFacts]:
    """Titles of such lengths."""
    return [
        TitleFacts(index, f"Title {index + 1}", int(length * 60))
        for index, length in enumerate(minutes)
    ]


def proposed(previews: PreviewGenerator, identity: Identity, *minutes: float) -> Preview:
    """What is proposed of a disc that is known, before its season is numbered."""
    return previews.propose("LABEL", "f", facts(*minutes), identity, NOTHING)


def selected(preview: Preview) -> list[int]:
    """The indexes of the selected titles."""
    return sorted(index for index, each in preview.titles.items() if each["selected"])


def of_titles(preview: Preview, *keys: str) -> list[list[Any]]:
    """What is proposed of the titles, in disc order."""
    return [[preview.titles[index][key] for key in keys] for index in sorted(preview.titles)]


@pytest.mark.parametrize(
    ("label", "minutes", "expected"),
    [
        ("FIREFLY_S01_D2", (43, 44), (MediaType.TV_SHOW, "Firefly", 1, None)),
        ("FIREFLY_S00", (43, 44), (MediaType.TV_SHOW, "Firefly", 0, None)),
        ("FIREFLY_D2", (43, 44, 45), (MediaType.TV_SHOW, "Firefly", None, None)),
        ("SERENITY_(2005)", (119, 8), (MediaType.MOVIE, "Serenity", None, 2005)),
        ("DVD_VIDEO", (119, 8), (MediaType.MOVIE, "DVD_VIDEO", None, None)),
        ("", (119, 8), (MediaType.MOVIE, "Unknown disc", None, None)),
        ("HOLIDAY", (2, 3), (MediaType.UNKNOWN, "Holiday", None, None)),
    ],
)
def test_it_takes_a_disc_for_what_label_and_layout_say(previews, label, minutes, expected):
    found = previews.identifier.identify(label, facts(*minutes), "f", NOTHING)
    assert (found.media_type, found.name, found.season_number, found.year) == expected
    is_show = found.media_type is MediaType.TV_SHOW
    assert found.season_is_guess == (is_show and found.season_number is None)
    assert found.reasons


@pytest.mark.parametrize(
    ("label", "confidence"), [("SERENITY_(2005)", 0.4), ("DVD_VIDEO", 0.3), ("", 0.3)]
)
def test_it_is_as_sure_of_a_film_as_of_its_name(previews, label, confidence):
    found = previews.identifier.identify(label, facts(119, 8), "f", NOTHING)
    preview = previews.propose(label, "f", facts(119, 8), found, NOTHING)
    assert preview.disc["movie_confidence"] == confidence
    assert preview.titles[0]["confidence_score"] == confidence
    assert bool(found.warnings) == (confidence < 0.4)
    assert (found.confidence > 0.5) == (confidence == 0.4)


def test_it_counts_as_extras_what_the_settings_say(services, seasons):
    previews = generator(services, extras_min_duration_seconds=120)
    assert selected(proposed(previews, FIREFLY, 3, 3.5, 1)) == [0, 1]


def test_it_takes_for_episodes_what_varies_as_the_settings_say(services, seasons):
    lengths = (43, 44, 45, 35)
    assert selected(proposed(generator(services), FIREFLY, *lengths)) == [0, 1, 2, 3]
    strict = generator(services, extras_duration_variance=0.1)
    assert selected(proposed(strict, FIREFLY, *lengths)) == [0, 1, 2]


def test_it_files_below_the_folders_of_the_settings(services, seasons):
    previews = generator(services, nas_tv_path="Series", nas_movie_path="Films/SD")
    show = proposed(previews, FIREFLY, 43)
    assert show.titles[0]["proposed_path"] == "Series/Firefly/Season 01"
    movie = proposed(previews, SERENITY, 119)
    assert movie.titles[0]["proposed_path"] == "Films/SD/Serenity (2005)"


def test_it_names_episodes_as_the_season_knows_them(services):
    services.agents.register("pc", "Pc", {})
    with services.context.database.write():
        season_id = services.seasons.open("Firefly", 1)
        services.seasons.seasons.record_episode(season_id, 1, 2, "The Train Job", 42)
    report = ReportedDisc("pc", "D:", "FIREFLY_S01_D1", "DVD disc", facts(43, 44))
    disc: Disc = services.discs.detected(report)
    names = [title.proposed_filename for title in disc.titles]
    assert names == ["Firefly - S01E01.mkv", "Firefly - S01E02 - The Train Job.mkv"]
    assert disc.titles[1].episode_title == "The Train Job"


def test_it_remembers_where_a_person_says_that_it_begins(previews):
    preview = proposed(previews, told(replace(FIREFLY, starting_episode=0)), 43, 44)
    assert preview.disc["told_first_episode"] == 0
    assert preview.disc["starting_episode_number"] == 0


def test_it_finds_no_episode_on_a_tv_disc_of_short_titles(previews):
    preview = proposed(previews, FIREFLY, 3, 4)
    assert selected(preview) == []
    assert preview.disc["tv_season"] == "Firefly:s1"
    assert preview.disc["identification"]["warnings"] == [
        "No title is as long as an episode: a disc of extras."
    ]


def test_it_tells_what_each_title_is(previews):
    preview = proposed(previews, FIREFLY, 130.5, 43, 44, 43.5, 3)
    assert of_titles(preview, "kind", "selected") == [
        ["play_all", False], ["episode", True], ["episode", True], ["episode", True],
        ["extra", False],
    ]  # fmt: skip
    assert preview.titles[0]["note"] == "Plays other titles one after another: 1, 2, 3."


def test_it_selects_one_of_several_cuts_and_warns(previews):
    preview = proposed(previews, SERENITY, 119, 124, 4)
    assert of_titles(preview, "kind", "selected") == [
        ["other_cut", False], ["feature", True], ["extra", False]
    ]  # fmt: skip
    names = of_titles(preview, "proposed_filename")
    assert names[:2] == [["Serenity (2005) {edition-Version 2}.mkv"], ["Serenity (2005).mkv"]]
    assert preview.disc["identification"]["warnings"] == [
        "As long as the film: title 0. Choose what you want."
    ]


@pytest.mark.parametrize(
    ("minutes", "most"),
    [((119, 4), 1.0), ((119, 124, 4), 0.8), (tuple(100 + n / 2 for n in range(20)), 0.6)],
)
def test_it_is_less_sure_of_a_film_the_more_titles_may_be_it(previews, minutes, most):
    preview = proposed(previews, SERENITY, *minutes)
    assert preview.disc["identification"]["confidence"] == most
    told = proposed(previews, replace(SERENITY, is_told=True), *minutes)
    assert told.disc["identification"]["confidence"] == 1.0
    assert len(selected(preview)) == 1


def test_it_says_that_a_film_hides_among_false_titles(previews):
    preview = proposed(previews, SERENITY, *(100 + n / 2 for n in range(20)))
    (warning,) = preview.disc["identification"]["warnings"]
    assert warning.startswith("20 titles are as long as the film")


def test_it_selects_both_of_two_films(previews):
    titles = [TitleFacts(0, "Title 1", 88 * 60, chapters=20), TitleFacts(1, "T", 104 * 60, 0, 24)]
    preview = previews.propose("LABEL", "f", titles, SERENITY, NOTHING)
    assert selected(preview) == [0, 1]
    assert len({each["proposed_filename"] for each in preview.titles.values()}) == 2


def test_it_selects_nothing_of_a_films_bonus_disc(previews):
    preview = proposed(previews, replace(SERENITY, is_bonus=True), 90, 20, 21)
    assert selected(preview) == []
    assert preview.disc["identification"]["warnings"] == ["No title is a film: a disc of extras."]


def test_it_names_the_edition(previews):
    preview = proposed(previews, replace(SERENITY, edition="Director's Cut"), 119)
    name = preview.titles[0]["proposed_filename"]
    assert name == "Serenity (2005) {edition-Director's Cut}.mkv"


@pytest.mark.parametrize("media_type", list(MediaType))
def test_it_names_every_title_of_any_disc(previews, media_type):
    identity = Identity(media_type, "A/B: " + "Ö" * 250, 1.0)
    preview = proposed(previews, identity, 119, 43, 44, 3, 2, 2)
    assert sorted(preview.titles) == [0, 1, 2, 3, 4, 5]
    names = [each["proposed_filename"] for each in preview.titles.values()]
    assert all(len(name.encode()) <= 200 and "/" not in name for name in names)
    # Episodes get theirs with their numbers.
    others = [
        each["proposed_filename"] for each in preview.titles.values() if each["kind"] != "episode"
    ]
    assert len(set(others)) == len(others)


def test_it_gives_a_renamed_extra_the_least_free_number(previews):
    disc = {
        "media_type": MediaType.MOVIE,
        "disc_name": "SERENITY",
        "movie_title": "Serenity",
        "movie_year": 2005,
    }
    title = {"is_extra": True, "episode_number": None, "episode_title": None}
    taken = ["Serenity - Extra 01.mkv", "Serenity - Extra 03.mkv", None]
    assert previews.renamed(disc, title, taken=taken) == {
        "proposed_filename": "Serenity - Extra 02.mkv",
        "proposed_path": "Movies/Serenity (2005)/Other",
    }
