import pytest
from hypothesis import given
from hypothesis import strategies as st

from boz_server.domain.identification.candidates import (
    GOOD_FILM,
    SAME_NAME,
    rank_films,
    rank_series,
    runtime_fit,
    same_name,
)
from boz_server.domain.metadata.answers import Film, Series


def film(title, year=None, minutes=None):
    return Film("omdb", f"tt {title} {year}", title, year, minutes, None)


def titles_of(ranked):
    return [(each.film.title, each.film.year) for each in ranked]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Kill Bill Vol 1", "Kill Bill: Vol. 1"),
        ("FRIENDS", "Friends"),
        ("Toy Story 3", "3 Toy Story"),
        ("Gameofthrones", "Game of Thrones"),
        ("Toystory3", "Toy Story 3"),
        # Articles at either end, "and", accents, years behind, Roman numbers.
        ("Expanse", "The Expanse"),
        ("Wire, The", "The Wire"),
        ("Boot", "Das Boot"),
        ("Fast and Furious", "Fast & Furious"),
        ("Amelie", "Amélie"),
        ("Oceans Eleven", "Ocean's Eleven"),
        ("Doctor Who", "Doctor Who (2005)"),
        ("Rocky II", "Rocky 2"),
        ("TWELVE MONKEYS", "12 Monkeys"),
        ("Oceans Eleven", "Ocean's 11"),
        ("Final Fantasy VII", "Final Fantasy 7"),
        ("Return of the King", "The Lord of the Rings: The Return of the King"),
    ],
)
def test_it_knows_a_name_however_it_is_written(one, other):
    assert same_name(one, other) >= SAME_NAME


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Alien", "Alien Resurrection"),
        # Other numbers are other films.
        ("Toy Story", "Toy Story 3"),
        ("Rocky", "Rocky II"),
        ("Rocky II", "Rocky III"),
        ("Oceans Eleven", "Ocean's Twelve"),
        ("Blade Runner", "Blade Runner 2049"),
        ("Babylon", "Babylon 5"),
        ("24", "300"),
        ("Heat", "The Heat of the Night"),
        ("", "Heat"),
        ("???", "Heat"),
        ("\ud800", "\ud800"),
    ],
)
def test_it_tells_other_names_apart(one, other):
    assert same_name(one, other) < SAME_NAME


@pytest.mark.parametrize(
    ("minutes", "seconds", "expected"),
    [(100, 6000, 1), (97, 6000, 1), (130, 6000, 0), (70, 6000, 0), (500, 6000, 0)],
)
def test_it_says_how_well_a_running_time_fits(minutes, seconds, expected):
    assert runtime_fit(minutes, seconds) == expected


@pytest.mark.parametrize(("minutes", "seconds"), [(None, 6000), (0, 6000), (100, None), (100, 0)])
def test_it_says_nothing_of_a_running_time_that_is_not_known(minutes, seconds):
    assert runtime_fit(minutes, seconds) is None


def test_it_ranks_films_by_their_year():
    films = [film("Robin Hood", 1991), film("Robin Hood", 2010), film("Robin Hood", 1973)]
    assert titles_of(rank_films(films, "Robin Hood", 2010, None))[0] == ("Robin Hood", 2010)


def test_it_ranks_films_by_their_length():
    films = [film("Twelve Monkeys", 1995, 60), film("Twelve Monkeys", 2004, 129)]
    ranked = rank_films(films, "Twelve Monkeys", None, 7770)
    assert titles_of(ranked)[0] == ("Twelve Monkeys", 2004)
    assert ranked[0].score >= GOOD_FILM > ranked[1].score - 0.1


def test_it_keeps_the_providers_order_for_equals():
    films = [film("Heat", 1995), film("Heat", 1986)]
    assert titles_of(rank_films(films, "Heat", None, None)) == [("Heat", 1995), ("Heat", 1986)]
    assert rank_films([], "Heat", None, None) == []


def test_it_ranks_shows_by_names_aliases_and_years():
    old = Series(1, "Battlestar Galactica", 1978, ())
    new = Series(2, "Battlestar Galactica", 2004, ("BSG",))
    ranked = rank_series([old, new], "Battlestar Galactica", 2004)
    assert [each.series for each in ranked] == [new, old]
    assert [each.series for each in rank_series([old, new], "Bsg", None)] == [new, old]
    assert rank_series([old], "Battlestar Galactica", 1978)[0].score == 1


NAMES = st.text(st.characters(), max_size=40)
YEARS = st.none() | st.integers(-(10**6), 10**6)


@given(NAMES, NAMES, st.tuples(YEARS, YEARS), st.tuples(YEARS, YEARS))
def test_it_scores_anything_within_0_and_1(name, title, years, lengths):
    (year, other_year), (minutes, seconds) = years, lengths
    films = [film(title, other_year, minutes)]
    series = [Series(1, title, other_year, (name,))]
    assert 0 <= rank_films(films, name, year, seconds)[0].score <= 1
    assert 0 <= rank_series(series, name, year)[0].score <= 1


def test_it_takes_no_sequel_for_a_film_though_it_is_all_that_is_offered():
    (only,) = rank_films([film("Rocky II", 1979, 119)], "Rocky", None, 119 * 60)
    assert only.score < GOOD_FILM
