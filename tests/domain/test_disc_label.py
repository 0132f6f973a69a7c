import pytest
from hypothesis import given
from hypothesis import strategies as st

from boz_server.domain.disc_label import MAX_NAME_LENGTH, DiscLabel, parse_label


@pytest.mark.parametrize(
    ("label", "name", "season", "disc"),
    [
        ("BREAKING_BAD_S01_D2", "Breaking Bad", 1, 2),
        ("FRIENDS_SEASON_3_DISC_1", "Friends", 3, 1),
        ("THE_OFFICE_SEASON_2_DISC_4", "The Office", 2, 4),
        ("24_S1D1", "24", 1, 1),
        ("24_DISC1", "24", None, 1),
        ("DS9S1D1", "Ds9", 1, 1),
        ("BSG_S1_D2", "Bsg", 1, 2),
        ("FRASIER_S8DISC_3", "Frasier", 8, 3),
        ("Bench Show 12 S03", "Bench Show 12", 3, None),
        ("Show - Series 2 Disk 3", "Show", 2, 3),
        ("Doctor.Who.S00.D1", "Doctor Who", 0, 1),
        ("FIREFLY_D1", "Firefly", None, 1),
        ("30 Rock D19", "30 Rock", None, 19),
        ("SPONGEBOB_DISC1", "Spongebob", None, 1),
        ("LOST_S2_DVD_4", "Lost", 2, 4),
        ("BAND_OF_BROTHERS_D1", "Band of Brothers", None, 1),
        ("ARCANE S1 DISC 1 UHD", "Arcane", 1, 1),
        ("Avatar_Book_1_Disc_1", "Avatar Book 1", None, 1),
        ("S01D02", None, 1, 2),
        ("DISC_1", None, None, 1),
    ],
)
def test_it_reads_show_season_and_disc(label, name, season, disc):
    assert parse_label(label) == DiscLabel(name, season, disc, None)


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("TOY_STORY_3", "Toy Story 3"),
        ("THE_PRINCESS_BRIDE", "The Princess Bride"),
        ("KILL_BILL_VOL_1_UHD", "Kill Bill Vol 1"),
        ("27DRESSES_WS", "27 Dresses"),
        ("3RD_ROCK", "3rd Rock"),
        ("SPIDER-MAN_PAL_WS", "Spider-Man"),
        ("ROCKY_II", "Rocky II"),
        ("ALIEN_VS_PREDATOR", "Alien vs Predator"),
        ("friends", "Friends"),
        ("WALL-E", "Wall-E"),
        ("McHale's Navy", "McHale's Navy"),
        ("PAL_JOEY", "Pal Joey"),
        ("OCEANS_8", "Oceans 8"),
        ("S1M0NE", "S1m0ne"),
        ("D2_THE_MIGHTY_DUCKS", "D2 the Mighty Ducks"),
        ("SEASON_OF_THE_WITCH", "Season of the Witch"),
        ("AVATAR_3D", "Avatar 3d"),
        ("300", "300"),
        ("AMÉLIE", "Amélie"),
        ("千と千尋の神隠し", "千と千尋の神隠し"),
    ],
)
def test_it_reads_a_film_title(label, name):
    assert parse_label(label) == DiscLabel(name, None, None, None)


@pytest.mark.parametrize(
    ("label", "name", "year"),
    [
        ("BLADE_RUNNER_(1982)", "Blade Runner", 1982),
        ("Heat(1995)", "Heat", 1995),
        ("Heat (1995) Bonus", "Heat Bonus", 1995),
        ("ROBIN_HOOD_2010", "Robin Hood", 2010),
        ("ROBIN_HOOD_2010_WS_PAL", "Robin Hood", 2010),
        ("ROBIN_HOOD_WS_2010", "Robin Hood", 2010),
        ("2012 (2009)", "2012", 2009),
        ("1917", "1917", None),
        ("(1917)", "(1917)", None),
        ("2001_A_SPACE_ODYSSEY", "2001 a Space Odyssey", None),
        ("EVENT_2101", "Event 2101", None),
        ("1984 1956 1984", "1984 1956", 1984),
    ],
)
def test_it_finds_a_year_that_is_not_the_whole_name(label, name, year):
    assert parse_label(label) == DiscLabel(name, None, None, year)


def test_it_keeps_a_film_that_begins_with_a_year_whole():
    expected = DiscLabel("2001 a Space Odyssey", None, 1, None)
    assert parse_label("2001_A_SPACE_ODYSSEY_DISC_1") == expected


def test_it_reads_season_and_year_together():
    assert parse_label("The Office (2005) Season 3") == DiscLabel("The Office", 3, None, 2005)


@pytest.mark.parametrize(
    "label",
    [
        "",
        "   ",
        "___",
        "- -",
        "DVD_VIDEO",
        "DVDVOLUME",
        "LOGICAL_VOLUME_ID",
        "BLURAY",
        "BLU-RAY",
        "UNTITLED",
        "Untitled",
        "BD",
        "WS_NTSC_R1",
        "\x00\x1b\ud800",
    ],
)
def test_it_says_nothing_when_the_label_does(label):
    assert parse_label(label) == DiscLabel(None, None, None, None)


@pytest.mark.parametrize("label", ["A" * 10_000, "1" * 10_000, "S1D" * 4_000, "( 1999" * 2_000])
def test_it_takes_very_long_labels(label):
    assert len(parse_label(label).name or "") <= MAX_NAME_LENGTH


@given(st.text(st.characters(), max_size=400) | st.from_regex(r"[SD0-9_ ()]{1,60}", fullmatch=True))
def test_it_never_raises_and_keeps_its_bounds(label):
    parsed = parse_label(label)
    if parsed.name is not None:
        assert 0 < len(parsed.name) <= MAX_NAME_LENGTH
        assert parsed.name == " ".join(parsed.name.split())
        assert parsed.name.isprintable()
    for number in (parsed.season_number, parsed.disc_number):
        assert number is None or 0 <= number <= 99
    assert parsed.year is None or 1900 <= parsed.year <= 2099
