"""What an entry of a disc database makes of each title."""

from dataclasses import replace
from typing import Any

from boz_server.domain.identification.known_discs import KnownDisc
from boz_server.domain.identification.known_titles import KnownTitles
from boz_server.domain.identification.layout import analyse
from boz_server.domain.identification.title_facts import TitleFacts
from boz_server.domain.metadata.answers import ListedDisc, ListedKind, ListedTitle

EPISODE, FILM, EXTRA = ListedKind.EPISODE, ListedKind.MAIN_MOVIE, ListedKind.EXTRA


def episode(seconds: int, first: int, last: int | None = None, **more: Any) -> ListedTitle:
    numbers = {"season": 1, "first": first, "last": last or first} | more
    return ListedTitle(0, seconds, kind=EPISODE, **numbers)


def titles(*listed: ListedTitle, is_show: bool = True, doubtful: tuple[int, ...] = ()) -> Any:
    """The titles of a disc with these, by their places."""
    facts = [
        TitleFacts(index, f"Title {index + 1}", each.seconds) for index, each in enumerate(listed)
    ]
    disc = ListedDisc("Firefly", is_show, 2002, None, None, None, listed)
    known = KnownDisc(disc, dict(enumerate(listed)), doubtful=frozenset(doubtful))
    return KnownTitles(known, analyse(facts))


def bare(seconds: int) -> ListedTitle:
    return ListedTitle(0, seconds)


def test_it_says_which_titles_are_episodes_and_their_numbers():
    found = titles(
        episode(2600, 4, name="Shindig"), ListedTitle(1, 300, kind=EXTRA), episode(2580, 3)
    )
    assert list(found.episodes) == [0, 2]
    assert list(found.extras) == [1]
    assert found.season == 1
    assert found.numbers == {0: (4, 4), 2: (3, 3)}
    assert found.listed_episodes() == {"0": [4, 4, "Shindig"], "2": [3, 3, None]}
    assert not found.doubts


def test_two_episodes_in_one_title_are_a_double_episode():
    found = titles(episode(5200, 1, 2), episode(2600, 3))
    assert found.numbers == {0: (1, 2), 1: (3, 3)}
    assert found.divided().doubles == {0}


def test_a_title_of_all_episodes_is_a_play_all():
    found = titles(episode(2600, 1), episode(2580, 2), episode(5180, 1, 2))
    assert list(found.episodes) == [0, 1]
    assert found.divided().play_alls == {2: (0, 1)}
    assert not found.doubts
    named = titles(bare(300), episode(11225, 1, 8, name="All Episodes"))
    assert not named.episodes
    assert not named.features


def test_an_episode_with_another_opening_is_a_version():
    found = titles(episode(1300, 1), episode(1348, 1), episode(1310, 2))
    assert list(found.episodes) == [0, 2]
    assert found.divided().copies[1].of == 0
    assert not found.doubts


def test_one_with_commentary_comes_after_the_other():
    found = titles(episode(1300, 1, name="Pilot - With Commentary"), episode(1300, 1, name="Pilot"))
    assert list(found.episodes) == [1]


def test_a_person_chooses_between_cuts_of_an_episode():
    found = titles(episode(2600, 1), episode(3700, 1, name="Extended"))
    assert list(found.episodes) == [0]
    assert found.doubts


def test_a_part_of_a_double_episode_is_not_ripped_twice():
    found = titles(episode(1406, 11, 12), episode(704, 12))
    assert list(found.episodes) == [0]
    assert found.divided().copies[1].of == 0


def test_a_title_of_which_nothing_is_said_leaves_it_open():
    found = titles(episode(2600, 1), episode(2580, 2), bare(2550))
    assert found.doubts
    assert list(found.episodes) == [0, 1]
    assert titles(episode(2600, 1), bare(300)).doubts == []
    copy = titles(episode(2600, 1), bare(2601))
    assert copy.doubts == []
    assert copy.divided().copies[1].of == 0


def test_a_title_that_is_not_listed_leaves_it_open_if_it_is_long():
    listed = (episode(2600, 1),)
    facts = [TitleFacts(0, "Title 1", 2600), TitleFacts(1, "Title 2", 900)]
    disc = ListedDisc("Firefly", True, 2002, None, None, None, listed)
    assert KnownTitles(KnownDisc(disc, {0: listed[0]}), analyse(facts)).doubts


def test_it_has_no_numbers_unless_all_are_known():
    assert not titles(episode(2600, 1), replace(episode(2580, 2), first=None)).numbers
    assert not titles(episode(2600, 1), episode(2580, 2, season=None)).numbers
    several = titles(episode(2600, 1), episode(2580, 2, season=2))
    assert not several.numbers
    assert several.doubts
    open_ones = titles(episode(2600, 1), episode(2600, 2), doubtful=(0, 1))
    assert not open_ones.numbers
    assert open_ones.doubts


def test_a_film_on_a_shows_disc_is_a_special():
    found = titles(ListedTitle(0, 5682, kind=FILM, name="The Gathering"))
    assert list(found.episodes) == [0]
    assert found.season == 0
    assert not found.numbers


def test_all_cuts_of_a_film_are_its_features():
    cuts = [ListedTitle(0, 5255, kind=FILM), ListedTitle(1, 5811, kind=FILM), bare(200)]
    found = titles(*cuts, is_show=False)
    assert list(found.features) == [0, 1]
    assert not found.episodes
    assert not found.doubts


def test_a_bonus_disc_has_nothing_to_rip():
    found = titles(
        ListedTitle(0, 6000, kind=EXTRA), ListedTitle(1, 1200, kind=EXTRA), is_show=False
    )
    assert not found.features
    assert list(found.extras) == [0, 1]
    assert not found.doubts
