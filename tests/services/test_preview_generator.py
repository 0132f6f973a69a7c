"""What a disc is taken for, and how its titles are to be called."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from boz_server.domain.media_type import MediaType
from boz_server.domain.title_facts import TitleFacts
from boz_server.services.preview_generator import Identity, Preview, PreviewGenerator
from boz_server.services.season_tracker import SeasonTracker
from boz_server.services.wiring import Services

FIREFLY = Identity(MediaType.TV_SHOW, "Firefly", 1.0, season_number=1)


@pytest.fixture
def seasons(services: Services) -> Iterator[SeasonTracker]:
    """The seasons, in a transaction that stays open."""
    with services.database.write():
        yield services.seasons


@pytest.fixture
def previews(services: Services, seasons: SeasonTracker) -> PreviewGenerator:
    """A generator with the default settings."""
    return PreviewGenerator(services.settings, seasons)


def facts(*minutes: float) -> list[TitleFacts]:
    """Titles of such lengths."""
    return [
        TitleFacts(index, f"Title {index + 1}", int(length * 60))
        for index, length in enumerate(minutes)
    ]


def names(preview: Preview) -> list[str]:
    """The file names of the selected titles."""
    return [each["proposed_filename"] for each in preview.titles.values() if each["selected"]]


@pytest.mark.parametrize(
    ("label", "minutes", "expected"),
    [
        ("FIREFLY_S01_D2", (43, 44), (MediaType.TV_SHOW, "Firefly", 0.4, 1, None)),
        ("FIREFLY_S00", (43, 44), (MediaType.TV_SHOW, "Firefly", 0.4, 0, None)),
        ("FIREFLY_D2", (43, 44, 45), (MediaType.TV_SHOW, "Firefly", 0.3, 1, None)),
        ("SERENITY_(2005)", (119, 8), (MediaType.MOVIE, "Serenity", 0.4, None, 2005)),
        ("DVD_VIDEO", (119, 8), (MediaType.MOVIE, "DVD_VIDEO", 0.3, None, None)),
        ("", (119, 8), (MediaType.MOVIE, "Unknown disc", 0.3, None, None)),
        ("HOLIDAY", (2, 3), (MediaType.UNKNOWN, "Holiday", 0.3, None, None)),
    ],
)
def test_it_takes_a_disc_for_what_label_and_layout_say(
    previews: PreviewGenerator, label: str, minutes: tuple[float, ...], expected: tuple[Any, ...]
) -> None:
    media_type, name, confidence, season_number, year = expected
    assert previews.identify(label, facts(*minutes)) == Identity(
        media_type, name, confidence, season_number=season_number, year=year
    )


def test_it_counts_as_extras_what_the_settings_say(
    services: Services, seasons: SeasonTracker
) -> None:
    settings = replace(services.settings, extras_min_duration_seconds=120)
    previews = PreviewGenerator(settings, seasons)
    assert names(previews.propose("id", "f", facts(3, 3.5, 1), FIREFLY)) == [
        "Firefly - S01E01.mkv", "Firefly - S01E02.mkv"
    ]  # fmt: skip


def test_it_takes_for_episodes_what_varies_as_the_settings_say(
    services: Services, seasons: SeasonTracker
) -> None:
    settings = replace(services.settings, extras_duration_variance=0.1)
    previews = PreviewGenerator(settings, seasons)
    assert len(names(previews.propose("id", "f", facts(43, 44, 45, 35), FIREFLY))) == 3


def test_it_files_below_the_folders_of_the_settings(
    services: Services, seasons: SeasonTracker
) -> None:
    settings = replace(services.settings, nas_tv_path="Series", nas_movie_path="Films/SD")
    previews = PreviewGenerator(settings, seasons)
    film = Identity(MediaType.MOVIE, "Serenity", 1.0, year=2005)
    show = previews.propose("id", "f", facts(43), FIREFLY)
    assert show.titles[0]["proposed_path"] == "Series/Firefly/Season 01"
    movie = previews.propose("id", "f", facts(119), film)
    assert movie.titles[0]["proposed_path"] == "Films/SD/Serenity (2005)"


def test_it_names_episodes_as_the_season_knows_them(
    previews: PreviewGenerator, seasons: SeasonTracker
) -> None:
    season_id = seasons.open("Firefly", 1)
    seasons.seasons.record_episode(season_id, 1, 2, "The Train Job", 42)
    preview = previews.propose("id", "f", facts(43, 44), FIREFLY)
    assert names(preview) == ["Firefly - S01E01.mkv", "Firefly - S01E02 - The Train Job.mkv"]
    assert preview.titles[1]["episode_title"] == "The Train Job"


def test_it_numbers_from_where_a_person_says(previews: PreviewGenerator) -> None:
    identity = replace(FIREFLY, starting_episode=0)
    preview = previews.propose("id", "f", facts(43, 44), identity)
    assert [each["episode_number"] for each in preview.titles.values()] == [0, 1]
    assert preview.disc["starting_episode_number"] == 0


def test_it_finds_no_episode_on_a_tv_disc_of_short_titles(previews: PreviewGenerator) -> None:
    preview = previews.propose("id", "f", facts(3, 4), FIREFLY)
    assert names(preview) == []
    assert preview.disc["tv_season"] == "Firefly:s1"


def test_it_is_never_surer_of_a_title_than_of_its_disc(previews: PreviewGenerator) -> None:
    guess = replace(FIREFLY, confidence=0.3)
    assert previews.propose("id", "f", facts(43), guess).titles[0]["confidence_score"] == 0.3
    assert previews.propose("id", "f", facts(43), FIREFLY).titles[0]["confidence_score"] == 0.4


@pytest.mark.parametrize("media_type", list(MediaType))
def test_it_names_every_title_of_any_disc(
    previews: PreviewGenerator, media_type: MediaType
) -> None:
    identity = Identity(media_type, "A/B: " + "Ö" * 250, 1.0)
    preview = previews.propose("id", "f", facts(119, 43, 44, 3, 2, 2), identity)
    paths = [each["proposed_filename"] for each in preview.titles.values()]
    assert sorted(preview.titles) == [0, 1, 2, 3, 4, 5]
    assert len(set(paths)) == 6
    assert all(len(path.encode()) <= 200 and "/" not in path for path in paths)


def test_it_gives_a_renamed_extra_the_least_free_number(previews: PreviewGenerator) -> None:
    disc = {"media_type": MediaType.MOVIE, "movie_title": "Serenity", "movie_year": 2005}
    title = {"is_extra": True, "episode_number": None, "episode_title": None}
    taken = ["Serenity - Extra 01.mkv", "Serenity - Extra 03.mkv", None]
    assert previews.renamed(disc, title, taken=taken) == {
        "proposed_filename": "Serenity - Extra 02.mkv",
        "proposed_path": "Movies/Serenity (2005)/Other",
    }
