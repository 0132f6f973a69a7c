import pytest

from boz_server.domain.disc_label import parse_label
from boz_server.domain.media_type import MediaType, classify
from boz_server.domain.title_layout import TitleFacts, analyse


def media_type(label, *lengths):
    facts = [TitleFacts(index, f"Title {index}", length) for index, length in enumerate(lengths)]
    return classify(parse_label(label), analyse(facts))


@pytest.mark.parametrize(
    ("label", "lengths"),
    [
        ("DS9S1D6", [1086]),
        ("SHOW_SEASON_1", []),
        ("SHERLOCK_S1", [5286, 5306]),
    ],
)
def test_it_believes_a_season_in_the_label(label, lengths):
    assert media_type(label, *lengths) == MediaType.TV_SHOW


@pytest.mark.parametrize(
    ("label", "lengths"),
    [
        ("24_DISC1", [2556, 2463, 2544, 2511, 145]),
        ("FIREFLY_D1", [5186, 2554, 2627]),
        ("BAND_OF_BROTHERS_D1", [4394, 3121, 620]),
        ("BAKUGAN_VOLUME1", [6640, 1328, 1328, 1328, 1328, 1328]),
        ("SPONGEBOB_DISC3", [708, 664, 665, 671, 664, 679, 705, 864, 5620, 607, 870]),
    ],
)
def test_it_takes_a_cluster_of_episodes_for_television(label, lengths):
    assert media_type(label, *lengths) == MediaType.TV_SHOW


@pytest.mark.parametrize(
    ("label", "lengths"),
    [
        ("27DRESSES_WS", [6627, 872, 300]),
        ("TOY_STORY_3", [6103, 357, 623]),
        # Two cuts, four endings, a duplicate of the film.
        ("CLUE", [5255, 5266, 5183, 5811, 1072, 4739]),
        ("300", [6998, 6998]),
        ("A_HARD_DAYS_NIGHT", [5261, 145, 5261]),
        # Featurettes: of all lengths; of one length, but too few to make a play-all.
        ("ROUND_MIDNIGHT", [7894, 1424, 1681, 3152, 2359, 685]),
        ("FILM", [6000, 660, 680, 700]),
        # A documentary nearly as long as the film.
        ("TWELVE MONKEYS", [5253, 7770, 145, 970, 1429]),
        ("SHORT", [1540]),
    ],
)
def test_it_takes_a_disc_with_a_main_feature_for_a_film(label, lengths):
    assert media_type(label, *lengths) == MediaType.MOVIE


@pytest.mark.parametrize("lengths", [[], [30, 145, 599]])
def test_it_does_not_guess_when_nothing_is_long_enough(lengths):
    assert media_type("MENUS", *lengths) == MediaType.UNKNOWN
