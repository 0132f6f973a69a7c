"""Paths of finished files in the library."""

from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boz_server.domain.naming.library_paths import (
    Described,
    Proposed,
    Roots,
    described_path,
    library_type_of,
    named_path,
    proposed_path,
)
from boz_server.domain.naming.media_library import LibraryType
from boz_server.domain.naming.names import safe_component

ROOTS = Roots("Movies", "TV Shows")
EPISODE = Proposed("TV Shows/Firefly/Season 01", "Firefly - S01E02 - The Train Job.mkv", False)
FILM = Proposed("Movies/Vol. 1", "Vol. 1.mkv", False)
EXTRA = Proposed("Movies/Serenity (2005)/Trailers", "Serenity - Extra 01.mkv", True)


@pytest.mark.parametrize(
    ("proposed", "name", "extension", "path"),
    [
        (EPISODE, None, ".mp4", "TV Shows/Firefly/Season 01/Firefly - S01E02 - The Train Job.mp4"),
        (EPISODE, None, "", "TV Shows/Firefly/Season 01/Firefly - S01E02 - The Train Job"),
        (FILM, None, ".mkv", "Movies/Vol. 1/Vol. 1.mkv"),
        (EPISODE, "Firefly - S02E09", ".mkv", "TV Shows/Firefly/Season 02/Firefly - S02E09.mkv"),
        (EPISODE, "Serenity (2005)", ".mkv", "Movies/Serenity (2005)/Serenity (2005).mkv"),
        (EPISODE, "Pilot", ".mkv", "TV Shows/Firefly/Season 01/Pilot.mkv"),
        (EXTRA, "Bloopers (2005)", ".mkv", "Movies/Serenity (2005)/Trailers/Bloopers (2005).mkv"),
        (FILM, "../x", ".mkv", "Movies/Vol. 1/-x.mkv"),
    ],
)
def test_it_names_a_title_by_its_preview_or_by_a_later_edit(proposed, name, extension, path):
    assert proposed_path(proposed, name, extension, ROOTS) == path


@pytest.mark.parametrize(
    ("name", "described", "path"),
    [
        ("Serenity (2005)", Described(), "Movies/Serenity (2005)/Serenity (2005).mkv"),
        ("Serenity (2005)", Described(year=2006), "Movies/Serenity (2006)/Serenity (2006).mkv"),
        (
            "Firefly",
            Described(LibraryType.TV, season=1, episode=2),
            "TV Shows/Firefly/Season 01/Firefly - S01E02.mkv",
        ),
        (
            "Firefly - S01E01-E02",
            Described(LibraryType.TV),
            "TV Shows/Firefly/Season 01/Firefly - S01E01-E02.mkv",
        ),
        (
            "Firefly - S01E02 - Train",
            Described(episode=3),
            "TV Shows/Firefly/Season 01/Firefly - S01E03 - Train.mkv",
        ),
        (
            "Firefly - S01E02",
            Described(LibraryType.MOVIE),
            "Movies/Firefly - S01E02/Firefly - S01E02.mkv",
        ),
        (
            "Firefly",
            Described(LibraryType.TV, season=0, episode=0),
            "TV Shows/Firefly/Season 00/Firefly - S00E00.mkv",
        ),
    ],
)
def test_it_follows_a_users_description(name, described, path):
    assert described_path(name, ".mkv", described, ROOTS) == path


@pytest.mark.parametrize(
    "described",
    [
        Described(LibraryType.TV),
        Described(LibraryType.TV, season=1),
        Described(LibraryType.TV, episode=1),
    ],
)
def test_it_refuses_an_episode_without_its_numbers(described):
    with pytest.raises(ValueError, match="season"):
        described_path("Firefly", ".mkv", described, ROOTS)


@pytest.mark.parametrize(
    ("path", "roots", "library_type"),
    [
        ("TV Shows/Firefly/Season 01/a.mkv", ROOTS, LibraryType.TV),
        ("Movies/TV Shows/a.mkv", ROOTS, LibraryType.MOVIE),
        ("TV Shows 2/a.mkv", ROOTS, LibraryType.MOVIE),
        ("media/tv/Firefly/a.mkv", Roots("media/films", "/media/tv/"), LibraryType.TV),
        ("media/films/a.mkv", Roots("media/films", "/media/tv/"), LibraryType.MOVIE),
    ],
)
def test_it_tells_shows_from_films(path, roots, library_type):
    assert library_type_of(path, roots) is library_type


@given(st.text(max_size=300), st.sampled_from([".mkv", ".mp4", ""]))
def test_it_never_leads_out_of_the_library(name, extension):
    for path in (
        named_path(safe_component(name + extension), ROOTS),
        proposed_path(FILM, name, extension, ROOTS),
        described_path(name, extension, Described(LibraryType.MOVIE), ROOTS),
        described_path(name, extension, Described(LibraryType.TV, None, 1, 1), ROOTS),
    ):
        parts = PurePosixPath(path).parts
        assert parts[0] in ("Movies", "TV Shows")
        assert len(parts) >= 3
        assert not {"..", ".", "/"} & set(parts)
        assert not any(part.startswith(".") for part in parts)
