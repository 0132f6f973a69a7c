from dataclasses import replace

import pytest

from boz_server.domain.identification.layout import analyse
from boz_server.domain.identification.selection import judge_episodes, judge_features
from boz_server.domain.identification.signs import Sign
from tests.identification import layouts
from tests.identification.layouts import titles


@pytest.mark.parametrize(
    ("facts", "sign"),
    [
        (titles(2508, 2564, 145, 2558, 2564), Sign.EPISODES_REGULAR),
        (layouts.FRASIER_1, Sign.EPISODES_LISTED),
        (layouts.BAKUGAN_1, Sign.EPISODES_LISTED),
        (layouts.BAND_OF_BROTHERS_1, Sign.EPISODES_OF_OTHER_LENGTH),
        (layouts.ARCANE_1, Sign.EPISODES_LISTED),
        # A play-all of all but one, which is as long.
        (titles(2600, 2610, 2620, 7830, 2800), Sign.EPISODES_AMONG_OTHERS),
        (titles(2600, 2610, 2620, 1700, chapters=(8, 8, 8, 0)), Sign.EPISODES_AMONG_OTHERS),
        (titles(2600, 2610), Sign.EPISODES_FEW),
        (titles(100), Sign.NO_EPISODES),
    ],
)
def test_it_says_by_which_sign_titles_are_episodes(facts, sign):
    warnings, judgement = judge_episodes(analyse(facts))
    assert (warnings, judgement.sign) == ([], sign)


def features(facts, disc_number=None):
    layout = analyse(facts)
    return judge_features(layout.features, layout, disc_number=disc_number)


@pytest.mark.parametrize(
    ("facts", "sign"),
    [
        (titles(6000, 800, 900), Sign.FILM_ALONE),
        (titles(6000, 800, 900, chapters=(10, 2, 2)), Sign.FILM_OR_DOCUMENTARY),
        (titles(7000, 8100, chapters=(24, 26)), Sign.FILM_CUTS),
        (titles(6000, 4000, chapters=(24, 2)), Sign.FILM_AMONG_OTHERS),
        (layouts.CLUE, Sign.FILM_CUTS),
        (titles(100), Sign.NO_FILM),
    ],
)
def test_it_says_by_which_sign_a_title_is_the_film(facts, sign):
    warnings, judgement = features(facts)
    assert judgement.sign is sign
    assert bool(warnings) == (sign in (Sign.FILM_CUTS, Sign.NO_FILM))


@pytest.mark.parametrize(
    "facts",
    [
        titles(*(7828,) * 289),
        titles(*(7828 + place % 3 for place in range(60))),
        titles(*(5000 + 50 * place for place in range(40)), chapters=(20,) * 40),
    ],
)
def test_it_takes_one_title_at_most_of_a_film_among_false_ones(facts):
    layout = analyse(facts)
    warnings, judgement = features(facts)
    assert judgement.sign is Sign.FILM_HIDDEN
    assert "find the one that plays right" in warnings[0]
    assert not layout.further_films


def test_it_takes_one_title_at_most_of_an_episode_among_false_ones():
    layout = analyse(titles(*(2600,) * 200))
    warnings, judgement = judge_episodes(layout)
    assert len(layout.episodes) == 1
    assert judgement.sign is Sign.FILM_HIDDEN
    assert warnings


def test_it_leaves_out_featurettes_of_a_lower_quality():
    facts = titles(1814, 1880, 1814, 1459, 1438, sizes=(9400, 9800, 9500, 780, 7500))
    assert [title.index for title in analyse(facts).episodes] == [0, 1, 2, 4]
    # Where most are like that, it says nothing.
    facts = titles(1814, 1880, 1814, 1459, sizes=(9400, 900, 950, 780))
    assert len(analyse(facts).episodes) == 4


def test_it_is_less_sure_of_the_film_on_a_later_disc():
    _, judgement = features(titles(6000, 800, chapters=(24, 2)), 2)
    assert judgement.sign is Sign.FILM_OR_DOCUMENTARY


def test_it_is_sure_of_a_film_that_is_as_long_as_a_provider_says():
    layout = analyse(titles(6000, 800, chapters=(10, 2)))
    _, judgement = judge_features(layout.features, layout, film_minutes=101)
    assert judgement.sign is Sign.FILM_ALONE
    _, judgement = judge_features(layout.features, layout, film_minutes=120)
    assert judgement.sign is Sign.FILM_OR_DOCUMENTARY


def test_it_takes_no_title_of_many_hours_for_an_episode():
    layout = analyse(titles(11225, 803, 1327, chapters=(49, 8, 2)))
    assert layout.episodes == ()
    assert layout.main_feature.index == 0
    warnings, judgement = judge_episodes(layout)
    assert warnings == ["Several episodes in one, by its length: title 0."]
    assert judgement.sign is Sign.LONG_EXTRAS
    # Beside episodes it is one title more.
    layout = analyse(titles(2618, 2620, 2622, 2610, 9127))
    assert [title.index for title in layout.episodes] == [0, 1, 2, 3]


def test_it_doubts_that_a_title_as_long_as_a_film_is_an_extra():
    layout = analyse(titles(5682, 340))
    _, of_show = judge_episodes(replace(layout, episodes=()))
    _, of_film = judge_features([], layout)
    assert of_show.sign is of_film.sign is Sign.LONG_EXTRAS
