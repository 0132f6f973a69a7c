"""How the episodes of a season are numbered over its discs."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boz_server.domain.identification.signs import Judgement, Sign
from boz_server.domain.seasons.matcher import HIGH, LOW, VERY_LOW, Part
from boz_server.domain.seasons.plan import Gone, SeasonDisc, plan

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
EPISODES = (Part(2500),) * 4


def disc(number=None, *, key=None, hours=0, parts=EPISODES, order=Sign.ORDER_OF_DVD, **known):
    detected_at = NOON + timedelta(hours=hours)
    return SeasonDisc(key or f"disc {number}", detected_at, number, tuple(parts), order, **known)


def numbers(discs, runtimes=()):
    plans = plan(discs, dict(runtimes))
    return {key: [match.first for match in each.matches] for key, each in plans.items()}


def test_it_numbers_on_from_disc_to_disc():
    assert numbers([disc(1), disc(2)]) == {"disc 1": [1, 2, 3, 4], "disc 2": [5, 6, 7, 8]}


def test_it_goes_by_the_numbers_on_the_labels_and_not_by_their_coming():
    assert numbers([disc(2), disc(1, hours=1)])["disc 2"] == [5, 6, 7, 8]


def test_it_goes_by_the_numbers_of_discs_where_no_label_names_the_season():
    box = {"season_on_label": False}
    second = disc(2, listed=((5, 5), (6, 6), (7, 7), (8, 8)), **box)
    first = disc(1, hours=1, season_is_guess=True, **box)
    assert numbers([second, first]) == {"disc 2": [5, 6, 7, 8], "disc 1": [1, 2, 3, 4]}
    accepted = disc(2, fixed=frozenset(range(5, 9)), **box)
    assert numbers([accepted, first]) == {"disc 2": [], "disc 1": [1, 2, 3, 4]}


def test_it_puts_a_guess_behind_the_discs_whose_labels_name_the_season():
    named, guess = disc(2), disc(1, season_is_guess=True, season_on_label=False)
    assert list(numbers([named, guess])) == ["disc 2", "disc 1"]


def test_it_goes_by_the_coming_of_discs_without_a_number():
    later, first = disc(key="b", hours=1), disc(key="a")
    assert numbers([later, first, disc(1, hours=2)]) == {
        "disc 1": [1, 2, 3, 4],
        "a": [5, 6, 7, 8],
        "b": [9, 10, 11, 12],
    }


def test_it_counts_a_double_episode_for_two():
    pilot = disc(1, parts=[Part(5429, looks_double=True), Part(2718), Part(2715)])
    plans = plan([pilot, disc(2)], {})
    assert [(m.first, m.last) for m in plans["disc 1"].matches] == [(1, 2), (3, 3), (4, 4)]
    assert plans["disc 2"].matches[0].first == 5


def test_it_leaves_room_for_a_disc_that_has_not_been_seen():
    plans = plan([disc(2), disc(4)], {})
    assert [m.first for m in plans["disc 2"].matches] == [5, 6, 7, 8]
    assert [m.first for m in plans["disc 4"].matches] == [13, 14, 15, 16]
    assert plans["disc 2"].warnings == (
        "Disc 1 has not been seen: the episode numbers are a guess until then.",
    )
    assert plans["disc 4"].warnings == (
        "An earlier disc's numbers are a guess, and so are these.",
        "Disc 3 has not been seen: the episode numbers are a guess until then.",
    )
    assert numbers([disc(4)])["disc 4"] == [13, 14, 15, 16]
    assert plan([disc(4)], {})["disc 4"].warnings[0].startswith("Discs 1 to 3 have")


def test_it_guesses_behind_an_unseen_disc_whatever_fits():
    plans = plan([disc(2)], dict.fromkeys(range(1, 20), 42))
    assert {match.confidence for match in plans["disc 2"].matches} == {LOW}


def test_it_keeps_what_a_person_has_accepted():
    fixed = disc(2, fixed=frozenset([3, 4, 5]))
    assert numbers([disc(1, hours=1), fixed, disc(3)]) == {
        "disc 1": [1, 2, 6, 7],
        "disc 2": [],
        "disc 3": [8, 9, 10, 11],
    }
    plans = plan([disc(1, hours=1), fixed], {})
    assert "The episode numbers leave gaps: check them." in plans["disc 1"].warnings


def test_it_begins_where_a_person_says():
    told = disc(2, chosen_first=11)
    assert numbers([disc(1), told, disc(3)]) == {
        "disc 1": [1, 2, 3, 4],
        "disc 2": [11, 12, 13, 14],
        "disc 3": [15, 16, 17, 18],
    }
    assert plan([told], {})["disc 2"].warnings == ()


def test_it_knows_no_doubt_behind_what_a_person_has_said():
    plans = plan([disc(2, fixed=frozenset([5, 6, 7, 8])), disc(3)], {})
    assert plans["disc 3"].warnings == ()


def test_it_takes_a_disc_of_extras_for_seen():
    assert numbers([disc(1), disc(2, parts=()), disc(3)])["disc 3"] == [5, 6, 7, 8]


def test_it_marks_the_numbers_of_a_season_that_nothing_names():
    guess = disc(1, key="a", season_is_guess=True)
    plans = plan([guess, disc(2, key="b", hours=1)], dict.fromkeys(range(1, 20), 42))
    assert (
        "The label names no season: season and episode numbers are a guess." in plans["a"].warnings
    )
    # It comes last: it may be of another season.
    assert [m.first for m in plans["b"].matches] == [5, 6, 7, 8]


def test_it_believes_a_length_that_no_other_episode_has():
    runtimes = {**dict.fromkeys(range(1, 5), 30), 5: 90}
    [found] = plan([disc(1, parts=[Part(5400)], season_is_guess=True)], runtimes).values()
    assert [(m.first, m.confidence) for m in found.matches] == [(5, HIGH)]
    assert found.warnings == ()


def test_it_marks_titles_that_are_not_as_long_as_their_episodes():
    [found] = plan([disc(1, parts=[Part(9000)])], {1: 42}).values()
    assert found.warnings == ("Some titles are not as long as the episodes they are taken for.",)
    assert found.matches[0].confidence == VERY_LOW


def test_it_marks_titles_as_long_as_films_in_a_season_of_shorter_ones():
    # Battlestar Galactica's miniseries lies before its first season.
    plans = plan([disc(1, parts=[Part(5679), Part(5369)]), disc(2), disc(3)], {})
    assert plans["disc 1"].warnings[0].startswith("The titles are as long as films")
    assert plans["disc 2"].warnings == ("An earlier disc's numbers are a guess, and so are these.",)


def test_it_begins_with_the_first_episode_that_is_listed():
    assert numbers([disc(1)], dict.fromkeys(range(14, 30), 42))["disc 1"] == [14, 15, 16, 17]
    assert numbers([disc(1)], dict.fromkeys(range(8), 42))["disc 1"] == [1, 2, 3, 4]


def test_it_plans_a_season_without_discs():
    assert plan([], {}) == plan([], {1: 42}) == {}


DISCS = st.lists(
    st.builds(
        dict,
        number=st.none() | st.integers(0, 8) | st.just(99),
        hours=st.integers(0, 3),
        parts=st.lists(st.builds(Part, st.integers(0, 9000), st.booleans()), max_size=5),
        fixed=st.none() | st.none() | st.frozensets(st.integers(1, 30), max_size=4),
        chosen_first=st.none() | st.none() | st.integers(1, 30),
        season_is_guess=st.booleans(),
    ),
    max_size=6,
)
RUNTIMES = st.dictionaries(st.integers(0, 30), st.none() | st.integers(0, 100), max_size=20)


@given(DISCS, RUNTIMES, st.randoms())
def test_it_gives_no_number_twice_and_plans_the_same_again(rows, runtimes, random):
    discs = [disc(key=str(place), **row) for place, row in enumerate(rows)]
    plans = plan(discs, runtimes)
    settled = {number for each in discs for number in each.fixed or ()}
    given_numbers: list[int] = []
    for each in discs:
        matches = plans[each.key].matches
        assert len(matches) == (0 if each.fixed is not None else len(each.parts))
        assert all(0 <= match.confidence <= 1 for match in matches)
        held = [n for match in matches for n in range(match.first, match.last + 1)]
        if each.chosen_first is None:
            given_numbers += held
        else:
            settled |= set(held)
    assert len(set(given_numbers)) == len(given_numbers)
    assert not settled & set(given_numbers)
    random.shuffle(discs)
    assert plan(discs, runtimes) == plans


@pytest.mark.parametrize("count", [60])
def test_it_plans_many_discs(count):
    found = numbers([disc(number) for number in range(1, count + 1)])
    assert found[f"disc {count}"] == [count * 4 - 3, count * 4 - 2, count * 4 - 1, count * 4]


def test_it_goes_on_behind_discs_that_are_not_known_any_more():
    discs = [disc(3), disc(4, hours=1)]
    plans = plan(discs, {}, Gone(last_episode=8, last_disc=2))
    assert [match.first for match in plans["disc 3"].matches] == [9, 10, 11, 12]
    assert [match.first for match in plans["disc 4"].matches] == [13, 14, 15, 16]
    assert plans["disc 3"].warnings == ()


def test_it_gives_no_number_of_a_disc_that_is_not_known_any_more():
    runtimes = dict.fromkeys(range(1, 17), 42)
    plans = plan([disc(1)], runtimes, Gone(last_episode=8, last_disc=2))
    assert [match.first for match in plans["disc 1"].matches] == [9, 10, 11, 12]


SEASON = dict.fromkeys(range(1, 30), 42)


@pytest.mark.parametrize(
    ("discs", "runtimes", "sign"),
    [
        # The season and the disc are named, and the discs before it are there.
        ([disc(1)], {}, Sign.ORDER_OF_DVD),
        ([disc(1), disc(2, order=Sign.ORDER_WITNESSED)], {}, Sign.ORDER_WITNESSED),
        ([disc(1), disc(2, order=Sign.ORDER_OF_TITLES)], SEASON, Sign.ORDER_OF_TITLES),
        ([disc(1, fixed=frozenset([1, 2])), disc(2)], {}, Sign.ORDER_OF_DVD),
        # They are not.
        ([disc(2)], {}, Sign.DISC_MISSING),
        ([disc(2), disc(3)], SEASON, Sign.DISC_MISSING),
        ([disc(key="a")], {}, Sign.NO_DISC_NUMBER),
        ([disc(key="a")], SEASON, Sign.NO_DISC_NUMBER),
        # The whole season is on one disc.
        ([disc(key="a")], dict.fromkeys(range(1, 5), None), Sign.ORDER_OF_DVD),
        # Nothing names the season.
        ([disc(1, season_is_guess=True)], SEASON, Sign.SEASON_GUESSED),
        ([disc(1, season_is_guess=True, order=Sign.ORDER_WITNESSED)], {}, Sign.SEASON_ASSUMED),
        (
            [disc(key="a", season_is_guess=True, order=Sign.ORDER_WITNESSED)],
            {},
            Sign.SEASON_GUESSED,
        ),
        # Running times say which episodes they are, and only which ones they may be.
        ([disc(key="a")], {1: 20, 2: 42, 3: 41, 4: 42, 5: 43, 6: 21}, Sign.NUMBERS_ALIGNED),
        ([disc(key="a", parts=EPISODES[:1])], {1: 20, 2: 42, 3: 60}, Sign.NUMBERS_BY_LENGTHS),
        # Titles fit none of the episodes.
        ([disc(1, parts=(Part(2500), Part(4900)))], {1: 41, 2: 42}, Sign.NUMBERS_DOUBTFUL),
    ],
)
def test_it_says_by_which_sign_a_disc_has_its_numbers(discs, runtimes, sign):
    *_, latest = plan(discs, runtimes).values()
    assert latest.judgement.sign is sign


def test_it_is_no_surer_of_numbers_than_of_the_discs_before():
    sure = Judgement.by(Sign.ORDER_OF_DVD).confidence
    unsure, latest = plan([disc(1, sure=0.3), disc(2)], {}).values()
    assert (unsure.judgement.confidence, latest.judgement.confidence) == (sure, 0.3)
    assert latest.judgement.reasons[-1] == "An earlier disc is not sure."
    accepted = [disc(1, sure=0.3, fixed=frozenset([1, 2, 3, 4])), disc(2)]
    assert plan(accepted, {})["disc 2"].judgement.confidence == sure


def test_it_shows_the_numbers_of_a_guessed_order_as_a_guess():
    (found,) = plan([disc(1, order=Sign.ORDER_OF_TITLES)], SEASON).values()
    assert {match.confidence for match in found.matches} == {LOW}
    assert "MakeMKV's order" in found.warnings[0]
