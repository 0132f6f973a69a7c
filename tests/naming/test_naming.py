import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boz_server.domain.naming import names as naming

# Troublesome characters, far more often than in arbitrary text.
NASTY = st.text(st.sampled_from('ab./\\:*?"<>| \t\n\x00é\u0301\u202e千🎬') | st.characters())
LONG = st.builds(lambda text, n: text * n, NASTY, st.integers(1, 120))
RESERVED = st.sampled_from(["CON", "nul.mkv", "Com1. x", "LPT9..a", "aux ", "com² .b", "CONIN$"])
HOSTILE = NASTY | LONG | RESERVED | st.builds(lambda a, b: f"{a}/{b}", NASTY, NASTY)


def is_safe(name):
    stem = name.split(".")[0].rstrip().upper()
    return (
        name
        and not set(name) & set('<>:"/\\|?*')
        and all(unicodedata.category(c) not in {"Cc", "Cs"} for c in name)
        and name == name.strip(" ").rstrip(".").lstrip(".")
        and name == unicodedata.normalize("NFC", name)
        and stem not in {"CON", "PRN", "AUX", "NUL", "COM1", "COM²", "LPT9", "CONIN$"}
        and len(name.encode()) <= naming.MAX_COMPONENT_BYTES
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Heat", "Heat"),
        ("Mission: Impossible", "Mission - Impossible"),
        ("Face/Off", "Face-Off"),
        ("Back\\slash", "Back-slash"),
        ('Who "Framed" <Roger>?*|', "Who Framed Roger"),
        ("a\tb\x00c\nd", "a b c d"),
        ("exe\u202egpj.mkv", "exe gpj.mkv"),
        ("...And Justice", "And Justice"),
        ("Mr. & Mrs. ", "Mr. & Mrs"),
        ("Ame\u0301lie", "Amélie"),
        ("e?\u0301", "é"),
        ("CON", "CON_"),
        ("nul.mkv", "nul_.mkv"),
        ("COM¹", "COM¹_"),
        ("aux .txt", "aux_.txt"),
        ("CONTACT", "CONTACT"),
        ("", "Unnamed"),
        ("..", "Unnamed"),
        ("???", "Unnamed"),
        ("\ud800", "Unnamed"),
    ],
)
def test_it_makes_a_name_legal_everywhere(text, expected):
    assert naming.safe_component(text) == expected


@pytest.mark.parametrize(
    ("fallback", "expected"), [("Title 3", "Title 3"), ("a/b", "a-b"), ("", "Unnamed")]
)
def test_it_falls_back_on_a_safe_name(fallback, expected):
    assert naming.safe_component("?", fallback) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x" * 300, "x" * 200),
        ("x" * 300 + ".mkv", "x" * 196 + ".mkv"),
        ("x" * 2000 + ".mkv", "x" * 196 + ".mkv"),
        ("x" * 300 + ".notanextension", "x" * 200),
        ("千" * 100, "千" * 66),
        ("🎬" * 100 + ".m2ts", "🎬" * 48 + ".m2ts"),
        ("x" * 199 + " y", "x" * 199),
    ],
)
def test_it_shortens_a_name_between_characters(text, expected):
    assert naming.safe_component(text) == expected


@given(HOSTILE)
def test_it_makes_any_name_safe_once_and_for_all(text):
    name = naming.safe_component(text)
    assert is_safe(name)
    assert naming.safe_component(name) == name


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Movies/Heat (1995)", "Movies/Heat (1995)"),
        ("/etc/passwd", "etc/passwd"),
        ("../../etc/./passwd", "etc/passwd"),
        ("C:\\Users\\..\\x?.mkv", "Users/x.mkv"),
        ("\\\\server\\share\\a", "server/share/a"),
        ("a//b/ . ./c", "a/b/c"),
        ("..", ""),
        ("", ""),
    ],
)
def test_it_keeps_a_path_inside_its_folder(text, expected):
    assert naming.safe_relative_path(text) == expected


@given(HOSTILE)
def test_it_makes_any_path_safe_once_and_for_all(text):
    path = naming.safe_relative_path(text)
    assert all(is_safe(part) for part in path.split("/") if path)
    assert naming.safe_relative_path(path) == path


def test_it_names_an_episode():
    assert naming.episode_filename("Show", 1, 2, "Title") == "Show - S01E02 - Title.mkv"
    assert naming.episode_filename("Show", 1, 2) == "Show - S01E02.mkv"
    assert naming.episode_filename("Show", 1, 2, "???") == "Show - S01E02.mkv"
    assert naming.episode_filename("Show", 10, 123, None, ".mp4") == "Show - S10E123.mp4"


def test_it_names_a_movie():
    assert naming.movie_filename("Movie", 2008) == "Movie (2008).mkv"
    assert naming.movie_filename("Movie") == "Movie.mkv"
    assert naming.movie_filename("2001: A/B", 1968, "mp4") == "2001 - A-B (1968).mp4"


def test_it_names_two_episodes_in_one():
    assert naming.episode_filename("Show", 1, 1, "A & B", last=2) == "Show - S01E01-E02 - A & B.mkv"
    assert naming.episode_filename("Show", 1, 9, last=10) == "Show - S01E09-E10.mkv"
    assert naming.episode_filename("Show", 1, 3, last=3) == "Show - S01E03.mkv"
    assert naming.episode_filename("Show", 0, 3) == "Show - S00E03.mkv"


@pytest.mark.parametrize(
    ("edition", "expected"),
    [
        ("Director's Cut", "Movie (2008) {edition-Director's Cut}.mkv"),
        ("a/b: {c}", "Movie (2008) {edition-a-b - c}.mkv"),
        ("x" * 300, "Movie (2008) {edition-" + "x" * 40 + "}.mkv"),
        ("{}", "Movie (2008).mkv"),
        ("..", "Movie (2008).mkv"),
        ("", "Movie (2008).mkv"),
        (None, "Movie (2008).mkv"),
    ],
)
def test_it_names_an_edition(edition, expected):
    assert naming.movie_filename("Movie", 2008, edition=edition) == expected


def test_it_names_a_part_of_a_film():
    assert naming.movie_filename("Movie", 2008, part=1) == "Movie (2008) - pt1.mkv"
    name = naming.movie_filename("Movie", None, edition="Extended", part=2)
    assert name == "Movie {edition-Extended} - pt2.mkv"


@given(HOSTILE, st.none() | HOSTILE, st.none() | st.integers(1900, 2099))
def test_it_names_any_film_of_any_edition_safely(title, edition, year):
    name = naming.movie_filename(title, year, edition=edition)
    assert is_safe(name)
    assert naming.parse_media_filename(name)["media_type"] in {"movie", "tv"}


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("Deleted Scene: The Bridge", "Deleted Scenes"),
        ("ALTERNATE_ENDING", "Deleted Scenes"),
        ("Theatrical Trailer", "Trailers"),
        ("Teaser", "Trailers"),
        ("The Making-Of Avatar", "Behind The Scenes"),
        ("Behind the Scenes", "Behind The Scenes"),
        ("Interview with Elijah Wood", "Interviews"),
        ("A Documentary", "Featurettes"),
        ("Trailerpark", "Other"),
        ("Title 3", "Other"),
        ("", "Other"),
        ("../..", "Other"),
    ],
)
def test_it_puts_an_extra_into_the_folder_of_its_kind(name, folder):
    assert naming.extras_folder("Movies/Movie (2008)", name) == f"Movies/Movie (2008)/{folder}"


def test_it_names_an_extra():
    bride = "The Princess Bride"
    assert naming.extra_filename(bride, 3) == "The Princess Bride - Extra 03.mkv"
    named = naming.extra_filename(bride, 12, "Bloopers")
    assert named == "The Princess Bride - Extra 12 - Bloopers.mkv"


def test_it_never_cuts_an_episode_number_or_a_year_off():
    name = naming.episode_filename("千" * 200, 1, 2, "長" * 200)
    assert " - S01E02 - 長" in name
    assert name.endswith("長.mkv")
    assert is_safe(name)
    assert naming.movie_filename("x" * 300, 2008).endswith(" (2008).mkv")


def test_it_names_folders():
    assert naming.season_folder("TV Shows", "Show", 1) == "TV Shows/Show/Season 01"
    assert naming.season_folder("TV Shows", "Show", 0) == "TV Shows/Show/Season 00"
    assert naming.movie_folder("Movies", "Movie", 2008) == "Movies/Movie (2008)"
    assert naming.movie_folder("Media\\Movies/", "Face/Off") == "Media/Movies/Face-Off"
    assert naming.movie_folder("", "..") == "Unnamed"
    assert naming.extras_folder("Movies/Movie (2008)") == "Movies/Movie (2008)/Other"


def tv(show, season, episode, title=None, extension=".mkv"):
    return {
        "media_type": "tv",
        "show_name": show,
        "season": season,
        "episode": episode,
        "episode_title": title,
        "extension": extension,
    }


def movie(name, year=None, extension=".mkv"):
    return {"media_type": "movie", "movie_name": name, "year": year, "extension": extension}


@pytest.mark.parametrize(
    ("filename", "expected"),
    [
        ("Show - S01E02 - Title.mkv", tv("Show", 1, 2, "Title")),
        ("Show - S01E02.mkv", tv("Show", 1, 2)),
        ("show - s00e123.mp4", tv("show", 0, 123, extension=".mp4")),
        ("A - B - S01E02 - C - D.mkv", tv("A - B", 1, 2, "C - D")),
        ("Show - S01E01-E02 - Pilot.mkv", tv("Show", 1, 1, "Pilot")),
        ("TV Shows\\Show/Season 01/Show - S01E02.mkv", tv("Show", 1, 2)),
        ("Movie (2008).mkv", movie("Movie", 2008)),
        ("Movie (2008) {edition-Final Cut}.mkv", movie("Movie", 2008)),
        ("Movie (2008) {edition-Extended} - pt2.mkv", movie("Movie", 2008)),
        ("Movie (2008) - pt1.mkv", movie("Movie", 2008)),
        ("Movie.mkv", movie("Movie")),
        ("Movie", movie("Movie", extension="")),
        ("Movie (2208).mkv", movie("Movie (2208)")),
        ("Mr. Smith (1999).mkv", movie("Mr. Smith", 1999)),
        (" (1999).mkv", movie(" (1999)")),
        ("S01E02.mkv", movie("S01E02")),
        (".mkv", movie("")),
        ("", movie("", extension="")),
    ],
)
def test_it_reads_a_media_file_name(filename, expected):
    assert naming.parse_media_filename(filename) == expected


NAMES = st.text("abc 'é,", min_size=1, max_size=30).map(naming.safe_component)


@given(NAMES, st.integers(0, 99), st.integers(1, 999), st.none() | NAMES)
def test_it_reads_the_episodes_it_has_named(show, season, episode, title):
    name = naming.episode_filename(show, season, episode, title)
    assert naming.parse_media_filename(name) == tv(show, season, episode, title)


@given(NAMES, st.none() | st.integers(1900, 2099))
def test_it_reads_the_movies_it_has_named(title, year):
    name = naming.movie_filename(title, year)
    assert naming.parse_media_filename(name) == movie(title, year)


@given(HOSTILE)
def test_it_reads_any_file_name_without_raising(filename):
    assert naming.parse_media_filename(filename)["media_type"] in {"tv", "movie"}


@given(st.text(max_size=300), st.integers(min_value=1, max_value=120))
def test_it_makes_any_stem_safe_and_leaves_room_for_an_extension(name, number):
    stem = naming.file_stem(name, number)
    assert naming.file_stem(stem) == stem
    assert naming.safe_component(f"{stem}.mkv") == f"{stem}.mkv"
    assert naming.safe_component(stem) == stem
    assert naming.file_stem(name, number + 1) != stem
