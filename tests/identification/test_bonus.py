import pytest

from boz_server.domain.identification.bonus import KnownFilm, why_no_film
from boz_server.domain.identification.label import parse_label
from boz_server.domain.identification.layout import analyse
from tests.identification.layouts import titles


def why(label, facts, film=None):
    return why_no_film(parse_label(label), analyse(facts), film)


@pytest.mark.parametrize(
    ("label", "facts", "film"),
    [
        # A later disc whose longest title has a chapter every ten minutes: a documentary.
        ("FILM_DISC2", titles(5085, chapters=(10,)), None),
        ("FILM_DISC_2", titles(6712, 300, chapters=(12, 0)), None),
        # A later disc with several long titles; the longest one may be longer than a film.
        ("FILM_D3", titles(9222, 1766, 1498, 2392, chapters=(54, 7, 8, 12)), None),
        ("FILM_D2", titles(3600, 1800, 900, 700), None),
        # The film is on another disc of this name.
        ("FILM", titles(3100, 1900), KnownFilm(7200)),
        # Featurettes, and nothing longer.
        ("FILM", titles(2700, 500, 900, 400, 1300, 800), None),
    ],
)
def test_it_knows_a_disc_without_the_film(label, facts, film):
    assert why(label, facts, film)


@pytest.mark.parametrize(
    ("label", "facts", "film"),
    [
        ("FILM", titles(7200, 1800, 900, 700, chapters=(12, 1, 1, 1)), None),
        ("FILM_DISC_1", titles(7200, 1800, 900, 700), None),
        # The second half of a film; another cut of it; the film in another country's speed.
        ("FILM_D2", titles(8104, 350, chapters=(43, 2)), KnownFilm(7634, 37)),
        ("FILM_D2", titles(4000, chapters=(20,)), KnownFilm(7634)),
        ("FILM", titles(6500), KnownFilm(7200)),
        ("FILM", titles(6912), KnownFilm(7200)),
        # Its first half has chapters as long.
        ("FILM_D2", titles(8106, 350, chapters=(12, 2)), KnownFilm(7632, 12)),
        # A short film with what belongs to it.
        ("SHORT", titles(1540, 1397, chapters=(7, 9)), None),
        ("MENUS", titles(100), None),
    ],
)
def test_it_leaves_the_film_where_it_may_be_one(label, facts, film):
    assert why(label, facts, film) is None
