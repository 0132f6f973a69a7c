"""A reported disc is found in a disc database only where chance can't make it agree."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from boz_server.domain.identification.known_discs import KnownDisc, find
from boz_server.domain.identification.title_facts import TitleFacts
from boz_server.domain.metadata.answers import ListedDisc, ListedKind, ListedTitle

HASH = "0123456789ABCDEF0123456789ABCDEF"
#: Two discs of a drama, whose episodes vary in length.
DRAMA = ((2541, 2602, 2498, 2570, 305), (2533, 2610, 2476, 2588, 411))
#: Two discs of a sitcom, whose episodes don't.
SITCOM = ((1299, 1299, 1298, 1299), (1299, 1298, 1299, 1299))


def listed(*seconds: int, name: str = "Firefly", first: int = 1, **other: object) -> ListedDisc:
    """An entry with an episode for each title of more than ten minutes, and extras."""
    titles = []
    for index, each in enumerate(seconds):
        title = ListedTitle(index, each, kind=ListedKind.EXTRA, name=f"Extra {index}")
        if each >= 600:
            number = first + index
            title = ListedTitle(
                index, each, 0, "", "", ListedKind.EPISODE, f"E{number}", 1, number, number
            )
        titles.append(title)
    disc = ListedDisc(name, True, 2002, None, None, None, tuple(titles))
    return replace(disc, **other)  # type: ignore[arg-type]


def film(*seconds: int, name: str = "Solaris") -> ListedDisc:
    """An entry with a film first."""
    disc = listed(*seconds, name=name, is_show=False)
    feature = replace(disc.titles[0], kind=ListedKind.MAIN_MOVIE, first=None, last=None)
    return replace(disc, titles=(feature, *disc.titles[1:]))


def reported(*seconds: int, sizes: Sequence[int] = ()) -> list[TitleFacts]:
    """The titles of a report."""
    return [
        TitleFacts(index, f"Title {index + 1}", each, sizes[index] if sizes else 0)
        for index, each in enumerate(seconds)
    ]


def numbers(found: KnownDisc | None) -> dict[int, int | None]:
    """The first number of each title that was found."""
    assert found is not None
    return {index: title.first for index, title in found.titles.items()}


def test_it_finds_a_disc_by_the_lengths_of_its_titles():
    right, other = listed(*DRAMA[0]), listed(*DRAMA[1], first=5)
    found = find(reported(*DRAMA[0]), [other, right])
    assert found is not None
    assert found.disc is right
    assert not found.by_hash
    assert numbers(found) == {0: 1, 1: 2, 2: 3, 3: 4, 4: None}
    assert not found.doubtful
    assert not found.is_disputed


@pytest.mark.parametrize(
    "other",
    [
        pytest.param([round(each * 0.96) for each in DRAMA[0]], id="another region, PAL"),
        pytest.param([*DRAMA[0][:3], 2571, 305], id="one episode of another cut"),
        pytest.param([each + 1 for each in DRAMA[0]], id="a second longer"),
        pytest.param(DRAMA[0][:3], id="an episode less"),
        pytest.param([*DRAMA[0], 2555], id="an episode more"),
        pytest.param(DRAMA[1], id="another disc of the box"),
        pytest.param([2541, 2541, 2541, 2541], id="one length of all"),
    ],
)
def test_it_takes_no_other_disc_for_it(other):
    near = listed(*other, first=20)
    assert find(reported(*DRAMA[0]), [near]) is None
    right = listed(*DRAMA[0])
    found = find(reported(*DRAMA[0]), [near, right])
    assert found is not None
    assert found.disc is right


def test_it_finds_no_sitcom_by_lengths_that_recur_every_week():
    assert find(reported(*SITCOM[0]), [listed(*SITCOM[0]), listed(*SITCOM[1], first=5)]) is None
    assert find(reported(*[1423] * 8), [listed(*[1423] * 8)]) is None


def test_it_finds_a_sitcom_by_its_sizes():
    sizes = (901, 902, 903, 904)
    disc = listed(*SITCOM[0])
    titles = [replace(each, size_bytes=size) for each, size in zip(disc.titles, sizes, strict=True)]
    right = replace(disc, titles=tuple(titles))
    found = find(reported(*SITCOM[0], sizes=sizes), [right, listed(*SITCOM[1], first=5)])
    assert found is not None
    assert found.disc is right


def test_it_pairs_titles_that_have_other_numbers():
    moved = replace(
        (disc := listed(*DRAMA[0])),
        titles=tuple(replace(each, index=each.index + 3) for each in disc.titles),
    )
    assert numbers(find(reported(*DRAMA[0]), [moved])) == {0: 1, 1: 2, 2: 3, 3: 4, 4: None}
    turned = reported(*DRAMA[0][::-1])
    assert numbers(find(turned, [disc])) == {4: 1, 3: 2, 2: 3, 1: 4, 0: None}


def test_it_doubts_titles_that_may_be_each_other():
    lengths = (2541, 2602, 2498, 2602, 2570, 2533)
    found = find(reported(*lengths[::-1]), [listed(*lengths)])
    assert found is not None
    assert found.doubtful == {2, 4}


def test_it_finds_a_single_film_only_by_its_name_too():
    solaris = film(9957)
    others = [film(5400 + 61 * place, name=f"Film {place}") for place in range(40)]
    found = find(reported(9957), [*others, solaris], name="Solaris")
    assert found is not None
    assert found.disc is solaris
    assert find(reported(9957), [*others, solaris], name="Video") is None


def test_it_needs_more_evidence_where_the_database_itself_compared_lengths():
    disc = listed(2541, 5602)
    assert find(reported(2541, 5602), [disc]) is not None
    assert find(reported(2541, 5602), [disc], compared=10**7) is None


def test_a_hash_settles_it():
    right = listed(*SITCOM[0], content_hash=HASH)
    found = find(reported(*SITCOM[0]), [listed(*SITCOM[1]), right], content_hash=HASH)
    assert found is not None
    assert found.disc is right
    assert found.by_hash


def test_a_hash_settles_nothing_against_the_lengths():
    wrong = listed(*DRAMA[1], content_hash=HASH)
    assert find(reported(*DRAMA[0]), [wrong], content_hash=HASH) is None


def test_it_takes_one_disc_of_two_releases():
    found = find(reported(*DRAMA[0]), [listed(*DRAMA[0]), listed(*DRAMA[0])])
    assert found is not None
    assert not found.is_disputed


def test_it_says_where_entries_contradict_each_other():
    found = find(reported(*DRAMA[0]), [listed(*DRAMA[0]), listed(*DRAMA[0], first=2)])
    assert found is not None
    assert found.is_disputed
    found = find(reported(*DRAMA[0]), [listed(*DRAMA[0]), listed(*DRAMA[0], name="Space")])
    assert found is not None
    assert found.is_disputed


def test_it_takes_no_entry_that_says_nothing():
    disc = listed(*DRAMA[0], content_hash=HASH)
    untold = replace(disc, titles=tuple(replace(each, kind=None) for each in disc.titles))
    assert find(reported(*DRAMA[0]), [untold], content_hash=HASH) is None


@pytest.mark.parametrize("discs", [[], [listed()], [film(9957)]])
def test_it_finds_nothing_for_a_disc_without_titles(discs):
    assert find([], discs, content_hash=HASH, name="Solaris") is None
