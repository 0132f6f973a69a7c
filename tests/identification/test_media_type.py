import pytest
from hypothesis import given
from hypothesis import strategies as st

from boz_server.domain.identification.identity import Clue, MediaType, weigh
from boz_server.domain.identification.label import parse_label
from boz_server.domain.identification.layout import analyse
from boz_server.domain.identification.signs import Sign
from tests.identification import layouts
from tests.identification.layouts import titles

AUTO_APPROVED = 0.9


def weighed(label, facts, *clues):
    return weigh(parse_label(label), analyse(facts), clues)


@pytest.mark.parametrize(
    ("label", "facts"),
    [
        ("DS9S1D6", titles(1086)),
        ("SHOW_SEASON_1", []),
        ("SHERLOCK_S1", layouts.SHERLOCK_1),
        ("BSG_S1_D2", layouts.GALACTICA_1_2),
    ],
)
def test_it_believes_a_season_in_the_label(label, facts):
    verdict = weighed(label, facts)
    assert verdict.media_type is MediaType.TV_SHOW
    assert verdict.judgement.confidence >= AUTO_APPROVED
    assert verdict.judgement.reasons[0].startswith("The label names season")


SHOW, FILM = MediaType.TV_SHOW, MediaType.MOVIE
#: Discs of which it is sure, and discs of which it is less sure.
SURE = [
    # A cluster of episodes.
    ("24_DISC1", titles(2556, 2463, 2544, 2511, 145), SHOW),
    ("BAND_OF_BROTHERS_D1", layouts.BAND_OF_BROTHERS_1, SHOW),
    ("Avatar_Book_1_Disc_1", layouts.AVATAR_1, SHOW),
    ("BAKUGAN_VOLUME1", layouts.BAKUGAN_1, SHOW),
    ("SPONGEBOB_DISC3", layouts.SPONGEBOB_3, SHOW),
    ("30 Rock D6", layouts.THIRTY_ROCK_6, SHOW),
    ("30 Rock D20", layouts.THIRTY_ROCK_20, SHOW),
    ("BATTLESTAR_GALACTICA", layouts.GALACTICA_25_3, SHOW),
    # A main feature.
    ("27DRESSES_WS", layouts.DRESSES, FILM),
    ("TOY_STORY_3", titles(6103, 357, 623), FILM),
    ("300", layouts.THREE_HUNDRED, FILM),
    ("ROUND_MIDNIGHT", layouts.ROUND_MIDNIGHT, FILM),
    # A documentary nearly as long as the film.
    ("TWELVE MONKEYS", layouts.TWELVE_MONKEYS, FILM),
    # Featurettes of one length, but too few to make a play-all.
    ("FILM", titles(6000, 660, 680, 700), FILM),
    # Documentaries of half its length, or nearly as long, with fewer chapters.
    ("FILM", titles(6600, 3300, 3310, chapters=(28, 6, 6)), FILM),
    ("FILM", titles(6600, 3300, 3310, chapters=(28, 0, 0)), FILM),
    ("FILM", titles(6000, 5000, 5100, 5200, chapters=(28, 6, 6, 6)), FILM),
    ("FILM", titles(3000, 3010, 3005, 6000, chapters=(8, 8, 8, 10)), FILM),
    # Against copying: one film in many lists. With much of it there twice besides.
    ("FILM", titles(*(5900,) * 80), FILM),
    ("FILM", titles(6000, 800, 1300, 800, 1300, chapters=(28, 4, 4, 4, 4)), FILM),
]
UNSURE = [
    # Few episodes; two of an hour; a mini-series in two parts, as long as films.
    ("FIREFLY_D1", layouts.FIREFLY_1, SHOW),
    ("SHERLOCK", layouts.SHERLOCK_1, SHOW),
    ("SHERLOCK", layouts.SHERLOCK_2, SHOW),
    ("NATURE_D1", titles(3550, 3600), SHOW),
    ("MINI_SERIES_D1", titles(5400, 5460), SHOW),
    # Two cuts, four endings, a duplicate of the film.
    ("CLUE", layouts.CLUE, FILM),
    # In three languages, within seconds.
    ("FILM", titles(6103, 6105, 6104), FILM),
    # Two films.
    ("DOUBLE_FEATURE", titles(5400, 6600), FILM),
    ("CHARLIE_BROWN_VOL3", layouts.CHARLIE_BROWN, FILM),
    ("SHORT", titles(1540), FILM),
    # Extras alone.
    ("RETURN_KING_EXT_D3", layouts.RETURN_OF_THE_KING_3, FILM),
    # Two titles and one of double length; titles of several lengths: either may be right.
    ("SOMETHING", titles(6600, 3300, 3310), None),
    ("SOMETHING", titles(1000, 1010, 1390, 1395, 1400, 1950, 1940), None),
]


LEAST_OF_SURE = min(weighed(*disc[:2]).judgement.confidence for disc in SURE)


@pytest.mark.parametrize(("label", "facts", "media_type"), SURE)
def test_it_is_sure_of_many_episodes_and_of_a_main_feature(label, facts, media_type):
    verdict = weighed(label, facts)
    assert verdict.media_type is media_type
    assert verdict.judgement.confidence >= AUTO_APPROVED


@pytest.mark.parametrize(("label", "facts", "media_type"), UNSURE)
def test_it_is_less_sure_of_few_episodes_and_of_an_odd_film(label, facts, media_type):
    verdict = weighed(label, facts)
    assert media_type in (None, verdict.media_type)
    assert 0 < verdict.judgement.confidence < LEAST_OF_SURE


@pytest.mark.parametrize("facts", [[], titles(30, 145, 599)])
def test_it_does_not_guess_when_nothing_is_long_enough(facts):
    verdict = weighed("MENUS", facts)
    assert (verdict.media_type, verdict.judgement.confidence) == (MediaType.UNKNOWN, 0.0)
    assert verdict.judgement.reasons


@pytest.mark.parametrize(
    ("label", "reason"),
    [
        ("FILM_(1982)", "The label names a year, as films' do."),
        ("FILM_EXTENDED", "The label names an edition: Extended."),
        ("FILM_BONUS", "The label says that it is a disc of extras."),
        ("FILM_DISC_1", "The label says disc 1."),
        ("FILM_DISC_5", "The label says disc 5: few films have so many."),
        ("SHOW_BOOK_2_DISC_1", "The label names book 2, as some seasons."),
    ],
)
def test_it_gives_the_labels_reasons(label, reason):
    assert reason in weighed(label, []).judgement.reasons


def test_it_weighs_what_else_is_known_the_weightiest_first():
    film = Clue(-2.5, "It is a film of this name and length.", Sign.PROVIDER_LENGTHS)
    show = Clue(3, "Another disc of this name is a show's.", Sign.ANOTHER_DISC)
    verdict = weighed("SHORT", titles(1540), film, show)
    assert verdict.media_type is MediaType.MOVIE
    assert verdict.judgement.reasons[:2] == (show.reason, film.reason)
    assert weighed("", [], show).media_type is MediaType.TV_SHOW


@given(
    st.text(st.characters(), max_size=40) | st.sampled_from(["X_S1_D2", "X_DISC_3", "X_2008_SE"]),
    st.lists(st.tuples(st.integers(0, 9000) | st.just(10**12), st.integers(0, 40)), max_size=30),
    st.lists(
        st.builds(Clue, st.floats(-1000, 1000), st.just("So it is."), st.sampled_from(Sign)),
        max_size=3,
    ),
)
def test_it_weighs_anything(label, rows, clues):
    facts = titles(*(row[0] for row in rows), chapters=[row[1] for row in rows])
    verdict = weighed(label, facts, *clues)
    assert 0 <= verdict.judgement.confidence <= 1
    assert verdict.judgement.reasons


def test_it_calls_even_evidence_either():
    feature = titles(6000, 1000)
    show = Clue(2, "Its name begins with that of the show Sherlock.", Sign.ANOTHER_DISC)
    verdict = weighed("SHERLOCK_THE_ABOMINABLE_BRIDE", feature, show)
    assert verdict.judgement.sign is Sign.EITHER
    assert verdict.judgement.confidence < 0.5
    # A few shorts of one length among others that are nearly as long.
    shorts = titles(1814, 1880, 1814, 1459, 1438, 1220, chapters=(3, 3, 3, 0, 0, 0))
    assert weighed("SHORT_FILMS", shorts).judgement.sign is Sign.EITHER
    assert weighed("SHOW_D2", shorts).judgement.sign is Sign.LIKE_EPISODES


def test_it_takes_titles_without_chapter_marks_for_parts_of_a_documentary():
    lengths = (1833, 1361, 1592, 1723, 1761)
    parts = titles(*lengths, sum(lengths), chapters=(1, 1, 1, 1, 1, 0))
    assert weighed("MAKING_OF_FILM", parts).media_type is FILM
    episodes = titles(*lengths, sum(lengths), chapters=(4, 4, 4, 4, 4, 0))
    assert weighed("MAKING_OF_SHOW", episodes).media_type is SHOW
    assert weighed("SHOW_S1_D1", parts).media_type is SHOW


def test_it_believes_a_disc_that_speaks_of_its_episodes():
    label, layout = parse_label("SHOW - The Complete Series"), analyse(titles(11000, 800))
    assert weigh(label, layout).media_type is FILM
    assert weigh(label, layout, has_episodes=True).media_type is SHOW


def test_it_takes_long_titles_of_a_numbered_disc_for_a_mini_series():
    assert weighed("MINI_SERIES_D2", titles(5700, 5200)).media_type is SHOW
    assert weighed("MINI_SERIES_D2", titles(5700, 5200, 1300)).media_type is FILM
    assert weighed("DOUBLE_FEATURE", titles(5700, 5200)).media_type is FILM
