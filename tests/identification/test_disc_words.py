import pytest

from boz_server.domain.identification.disc_words import says_bonus, says_episodes


@pytest.mark.parametrize(
    "text",
    [
        "FILM_BONUS",
        "FILM_BONUS_DISC_2",
        "FILMBONUSDISC",
        "FILM_EXTRAS",
        "FILMEXTRAS_D2",
        "FILM_SUPP",
        "FILM_SUPPLEMENTS",
        "FILM_SPECIAL_FEATURES",
        "Film: Special Features",
        "FILM_SPECFEAT",
        "FILM_BONUSMATERIAL",
        "FILM_ZUSATZMATERIAL",
        "FILM_CONTENUTI_SPECIALI",
        "FILM - Suppléments",
        "FILM_MATERIAL_EXTRA",
        "FILM_APPENDICES_PART_2",
        "BONUS_DISC",
        "SPECIAL_FEATURES",
    ],
)
def test_it_reads_that_a_disc_has_only_extras(text):
    assert says_bonus(text)


@pytest.mark.parametrize(
    "text",
    ["EXTRAS", "EXTRAS_S1_D1", "BONUS", "EXTRA", "FILM_EXTRA", "THE_SUPPLICANT", "SUPPORT_ME", ""],
)
def test_it_leaves_films_and_shows_of_such_names_alone(text):
    assert not says_bonus(text)


@pytest.mark.parametrize(
    "text",
    [
        "Show - The Complete TV Series",
        "THE_COMPLETE_SERIES",
        "SHOW_TV_SERIES",
        "SHOW (Eps.1-4)",
        "SHOW_EPISODES_5_8",
        "SHOW - Die komplette Serie",
        "SHOW_MINISERIES",
        "SHOW_COMPLETE_FINAL_SEASON",
    ],
)
def test_it_reads_of_episodes(text):
    assert says_episodes(text)


@pytest.mark.parametrize("text", ["STAR_WARS_EPISODE_IV", "STEPS_2", "SERIES_7", "FILM", ""])
def test_it_reads_of_no_episodes_in_names(text):
    assert not says_episodes(text)
