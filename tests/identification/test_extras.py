import pytest

from boz_server.domain.identification.extras import is_extra_by_name


@pytest.mark.parametrize(
    "name",
    [
        "Trailer",
        "Theatrical Trailers",
        "TEASER",
        "Deleted Scene: The Bridge",
        "deleted_scenes",
        "Behind-the-Scenes",
        "The Making Of Avatar",
        "Featurette",
        "Interview with the director",
        "Gag Reel",
        "Bloopers",
        "Audio Commentary",
        "Bonus disc",
        "Extra 3",
        "Extras",
    ],
)
def test_it_knows_an_extra_by_its_name(name):
    assert is_extra_by_name(name)


@pytest.mark.parametrize(
    "name",
    ["", "Title 3", "Pilot", "Trailerpark", "Extraordinary", "Scenes", "The Making", "Bonuses"],
)
def test_it_looks_for_whole_words_only(name):
    assert not is_extra_by_name(name)
