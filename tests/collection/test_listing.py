"""What a disc is found and sorted by follows from its names."""

from datetime import UTC, datetime
from typing import Any

import pytest

from boz_server.domain.collection.search import MAX_ENTRY_WORDS, NAMES, entry_of
from boz_server.domain.identification.identity import MediaType


def disc(**columns: Any) -> dict[str, Any]:
    """A disc of which only its label is known."""
    row: dict[str, Any] = dict.fromkeys(NAMES)
    return row | {
        "disc_id": "disc",
        "disc_name": "LABEL_2",
        "detected_at": datetime(2026, 1, 24, tzinfo=UTC),
        "media_type": MediaType.UNKNOWN,
        **columns,
    }


SHOW = {"media_type": MediaType.TV_SHOW, "tv_show_name": "Café: Noir", "tv_season_number": 2}
FILM = {"media_type": MediaType.MOVIE, "movie_title": "Solaris", "movie_year": 1972}


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({}, ("", "label 2", "label 2")),
        (SHOW, ("cafe noir", "cafe noir 0002 0000", "label 2 cafe noir s02 s2")),
        (SHOW | {"disc_number": 11},
         ("cafe noir", "cafe noir 0002 0011", "label 2 cafe noir s02 s2")),
        (FILM, ("", "solaris 1972 0000", "label 2 solaris 1972")),
        (FILM | {"movie_year": None, "disc_number": 1},
         ("", "solaris 0000 0001", "label 2 solaris")),
        ({"media_type": MediaType.TV_SHOW}, ("", "label 2", "label 2")),
        ({"disc_name": ""}, ("", "", "")),
    ],
)  # fmt: skip
def test_it_says_what_a_disc_is_found_by(columns, expected):
    entry = entry_of(disc(**columns), [])
    assert (entry["show_key"], entry["sort_title"], entry["text"]) == expected


def test_it_has_the_names_of_episodes_each_word_once():
    entry = entry_of(disc(), ["The Train Job", None, "the Message", "Label"])
    assert entry["text"] == "label 2 the train job message"


def test_it_bounds_what_it_keeps():
    names = [" ".join(f"{row}x{column}" for column in range(50)) for row in range(500)]
    assert len(entry_of(disc(), names)["text"].split()) == MAX_ENTRY_WORDS


def test_it_sorts_discs_as_they_follow_each_other():
    rows = [
        disc(**SHOW | {"tv_season_number": season, "disc_number": number})
        for season, number in ((1, 2), (1, 10), (2, 1), (10, 1))
    ]
    titles = [entry_of(row, [])["sort_title"] for row in rows]
    assert titles == sorted(titles)
