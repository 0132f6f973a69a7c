import pytest

from boz_server.domain.identification.extras import is_extra_by_duration, is_extra_by_name


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


@pytest.mark.parametrize(("seconds", "extra"), [(0, True), (599, True), (600, False), (601, False)])
def test_it_knows_an_extra_by_its_length(seconds, extra):
    assert is_extra_by_duration(seconds, 600) is extra
