import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boz_server.domain.identification.label import MAX_NAME_LENGTH, better_name, parse_label


def numbers(read):
    return read.season_number, read.disc_number


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
        ("Avatar_Book_1_Disc_1", "Avatar", None, 1),
        ("24_SEASON_8_D1", "24", 8, 1),
        ("24_SEASON_ONE", "24", 1, None),
        ("DEXTER_THE_COMPLETE_FIRST_SEASON_DISC_2", "Dexter", 1, 2),
        ("FRIENDS_10TH_SEASON_DISC_FOUR", "Friends", 10, 4),
        ("CHUCK_SSN1_D1", "Chuck", 1, 1),
        ("TATORT_STAFFEL_2_DVD_3", "Tatort", 2, 3),
        ("KAAMELOTT_SAISON_1", "Kaamelott", 1, None),
        ("BreakingBadS01D02", "Breaking Bad", 1, 2),
        ("FRINGE_S1_BD3", "Fringe", 1, 3),
        ("MAD_MEN_S1_BD_1", "Mad Men", 1, 1),
        ("Deadwood - Season 1 - Disc 2/6", "Deadwood", 1, 2),
        ("DEADWOOD_S1_DISC_1_OF_6", "Deadwood", 1, 1),
        ("THE_WEST_WING_S1_D1_SIDE_A", "The West Wing", 1, 1),
        ("FIREFLY_THE_COMPLETE_SERIES_D2", "Firefly", None, 2),
        ("THE_SOPRANOS_S6_PART_2_D1", "The Sopranos", 6, 1),
        ("Frasier(DISC 1)", "Frasier", None, 1),
        ("SHERLOCK_SERIES_THREE", "Sherlock", 3, None),
        ("BEVERLY_HILLS_90210_S1_D1", "Beverly Hills 90210", 1, 1),
        ("S01D02", None, 1, 2),
        ("DISC_1", None, None, 1),
    ],
)
def test_it_reads_show_season_and_disc(label, name, season, disc):
    read = parse_label(label)
    assert (read.name, *numbers(read)) == (name, season, disc)


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
        ("US", "Us"),
        ("SE7EN", "Se7en"),
        ("OCEANS_11", "Oceans 11"),
        ("DUNE_PART_TWO", "Dune Part Two"),
        ("THE_JUNGLE_BOOK_2", "The Jungle Book 2"),
        ("BLADE_RUNNER_2049", "Blade Runner 2049"),
        ("CLASS_OF_1984", "Class of 1984"),
        ("CLOSE_ENCOUNTERS_OF_THE_THIRD_KIND", "Close Encounters of the Third Kind"),
        ("FILM_BD50", "Film"),
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
    read = parse_label(label)
    assert (read.film_name, *numbers(read), read.year) == (name, None, None, None)


@pytest.mark.parametrize(
    ("label", "name", "year"),
    [
        ("BLADE_RUNNER_(1982)", "Blade Runner", 1982),
        ("Heat(1995)", "Heat", 1995),
        ("Heat (1995) Bonus", "Heat", 1995),
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
    read = parse_label(label)
    assert (read.name, *numbers(read), read.year) == (name, None, None, year)


def test_it_keeps_a_film_that_begins_with_a_year_whole():
    read = parse_label("2001_A_SPACE_ODYSSEY_DISC_1")
    assert (read.name, read.disc_number, read.year) == ("2001 a Space Odyssey", 1, None)


def test_it_reads_season_and_year_together():
    read = parse_label("The Office (2005) Season 3")
    assert (read.name, read.season_number, read.year) == ("The Office", 3, 2005)


@pytest.mark.parametrize(
    ("label", "name", "volume", "film"),
    [
        ("BAKUGAN_VOLUME1", "Bakugan", 1, "Bakugan Volume1"),
        ("KILL_BILL_VOL_1_UHD", "Kill Bill", 1, "Kill Bill Vol 1"),
        ("Kill Bill: Vol. 2", "Kill Bill", 2, "Kill Bill: Vol 2"),
        ("FAMILY_GUY_V1_D1", "Family Guy", 1, "Family Guy V1"),
        ("V_FOR_VENDETTA", "V for Vendetta", None, "V for Vendetta"),
    ],
)
def test_it_reads_a_volume_that_may_be_of_the_title(label, name, volume, film):
    read = parse_label(label)
    assert (read.name, read.volume_number, read.film_name) == (name, volume, film)


@pytest.mark.parametrize(
    ("label", "name", "book", "film"),
    [
        ("Avatar_Book_1_Disc_1", "Avatar", 1, "Avatar Book 1"),
        ("AVATAR_BOOK_TWO_EARTH", "Avatar", 2, "Avatar Book Two Earth"),
        ("THE_JUNGLE_BOOK_2", "The Jungle", 2, "The Jungle Book 2"),
    ],
)
def test_it_reads_a_book_that_may_be_of_the_title(label, name, book, film):
    read = parse_label(label)
    assert (read.name, read.book_number, read.film_name) == (name, book, film)


@pytest.mark.parametrize(
    ("label", "name", "edition"),
    [
        ("ALIENS_DC", "Aliens", "Director's Cut"),
        ("Blade Runner (Director's Cut)", "Blade Runner", "Director's Cut"),
        ("RETURN_KING_EXT_D1", "Return King", "Extended"),
        ("LOTR_FOTR_EE_D1", "Lotr Fotr", "Extended"),
        ("SEVEN_SE_WS", "Seven", "Special Edition"),
        ("BLADE_RUNNER_FINAL_CUT", "Blade Runner", "Final Cut"),
        ("UNCUT", "Uncut", None),
        ("UNRATED_WS", "Unrated", None),
    ],
)
def test_it_reads_an_edition_that_is_not_the_whole_name(label, name, edition):
    read = parse_label(label)
    assert (read.name, read.edition) == (name, edition)


@pytest.mark.parametrize(
    ("label", "name", "is_bonus"),
    [
        ("HOBBIT_BONUS_DISC", "Hobbit", True),
        ("THE_MATRIX_SUPPLEMENTAL", "The Matrix", True),
        ("ALIEN_SPECIAL_FEATURES", "Alien", True),
        ("BONUS_DISC", None, True),
        ("SPECIAL_FEATURES", None, True),
        ("EXTRAS_S1_D1", "Extras", False),
        ("EXTRAS", "Extras", False),
        ("ALIEN", "Alien", False),
    ],
)
def test_it_reads_that_a_disc_has_only_extras(label, name, is_bonus):
    read = parse_label(label)
    assert (read.name, read.is_bonus) == (name, is_bonus)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("BAND_OF_BROTHERS_D1", "Band of Brothers Disc 6"),
        ("SPIDER-MAN", "SpiderMan_DISC_2"),
        ("AM\u00c9LIE", "Ame\u0301lie"),
        ("FRASIER_S8_D1", "FRASIER_S8DISC_3"),
    ],
)
def test_it_has_one_key_for_the_discs_of_a_show(one, other):
    assert parse_label(one).key == parse_label(other).key != ""


def test_it_has_no_key_without_a_name():
    assert parse_label("DVD_VIDEO").key == ""


def test_it_says_how_sure_a_name_is():
    labels = ["DVD_VIDEO", "CCS-0N-NW1.1_DES", "TNG_S1_D1", "THE_PRINCESS_BRIDE", "FRASIER_S8_D1"]
    certainties = [parse_label(label).certainty for label in labels]
    assert certainties == sorted(certainties)
    assert certainties[0] == 0
    assert certainties[2] < 0.5 < certainties[3] < certainties[4] <= 1
    assert parse_label("300").certainty == parse_label("HEAT").certainty


def test_it_completes_a_label_with_the_name_that_the_disc_gives_itself():
    label = parse_label("BSG_S1_D2_WS")
    both = better_name(label, parse_label("Battlestar Galactica: Season 2 (Disc 1) (2004) Bonus"))
    assert (both.name, both.film_name) == ("Battlestar Galactica", "Battlestar Galactica")
    assert (*numbers(both), both.year, both.is_bonus) == (1, 2, 2004, True)
    assert better_name(label, parse_label("DVD_VIDEO")) == label


@pytest.mark.parametrize(
    "label",
    ["", "   ", "___", "- -", "DVD_VIDEO", "DVDVOLUME", "LOGICAL_VOLUME_ID", "BLURAY", "BLU-RAY",
     "UNTITLED", "Untitled", "BD", "WS_NTSC_R1", "\x00\x1b\ud800"],
)  # fmt: skip
def test_it_says_nothing_when_the_label_does(label):
    read = parse_label(label)
    assert (read.name, read.film_name, *numbers(read), read.year) == (None,) * 5


@pytest.mark.parametrize(
    "label",
    ["A", "1", "S1D", "( 1999", "d 1 ", "the complete ", "season ", "'", "e\u0301", "\u0301", "🎬"],
)
def test_it_takes_little_time_for_very_long_labels(label):
    began = time.perf_counter()
    read = parse_label((label * 10_000)[:10_000])
    assert time.perf_counter() - began < 1
    assert len(read.name or "") <= MAX_NAME_LENGTH


def test_it_takes_a_label_of_symbols():
    assert parse_label("🎬" * 255).key == ""


@pytest.mark.parametrize(
    "label", ["f\u0131ve season", "Show vol s\u0131x", "Season \u0661", "\u017feason 1"]
)
def test_it_takes_letters_that_match_others_whatever_their_case(label):
    assert parse_label(label).season_number in {None, 1, 5}


PIECES = ["S1", "D2", "season", "series", "disc", "one", "f\u0131ve", "3", "first", "complete",
          "vol", "book", "(2008)", "1999", "of", "part", "bonus", "DC", "WS", "us", "bd", "2/3",
          "_"]  # fmt: skip
WORDS = st.sampled_from(PIECES)


@given(
    st.text(st.characters(), max_size=400)
    | st.from_regex(r"[SD0-9_ ()]{1,60}", fullmatch=True)
    | st.lists(WORDS, max_size=12).map(" ".join)
)
def test_it_never_raises_and_keeps_its_bounds(label):
    read = parse_label(label)
    for name in (read.name, read.film_name):
        if name is not None:
            assert 0 < len(name) <= MAX_NAME_LENGTH
            assert name == " ".join(name.split())
            assert name.isprintable()
    for number in (*numbers(read), read.volume_number, read.book_number):
        assert number is None or 0 <= number <= 99
    assert read.year is None or 1900 <= read.year <= 2099
    assert 0 <= read.certainty <= 1
    assert read.key.isalnum() or read.key == ""
    assert better_name(read, read) == read


@pytest.mark.parametrize(
    ("label", "name"),
    [
        # Codes of authoring houses beside a name; hashes.
        ("EXPANSE_S3D1_UPB75", "Expanse"),
        ("FORTITUDE_D2_SKY117", "Fortitude"),
        ("_Beowulf  Disc 1_#82A7", "Beowulf"),
        ("STORY_9f8e7d6c5b", "Story"),
        ("TOTAL_RECALL_BR", "Total Recall"),
        ("GANGS_D1_LB", "Gangs"),
        # Names that look like codes.
        ("U571", "U571"),
        ("SE7EN", "Se7en"),
        ("AREA51", "Area51"),
        ("THX_1138", "Thx 1138"),
        ("FACADE", "Facade"),
        ("24", "24"),
        ("1917", "1917"),
        ("007", "007"),
        ("90210", "90210"),
        ("MOVIE_43", "Movie 43"),
    ],
)
def test_it_knows_codes_by_their_form(label, name):
    assert parse_label(label).name == name


@pytest.mark.parametrize(
    "label",
    [
        *("DVD_VIDEO_RECORDER", "not identified", "SONY_DVD_RECORDER_VOLUME", "00001", "E1587"),
        *("20231105_1432", "a1b2c3d4e5f6", "VOLUME_ID", "MY_DVD", "Recording 3", "SAMSUNG_DVD"),
        *("2019_03_12", "2019-03-12", "20190312", "MOVIE_1", "MOVIE_01"),
    ],
)
def test_it_finds_no_name_in_what_machines_write(label):
    read = parse_label(label)
    assert (read.name, read.film_name, read.key, read.certainty) == (None, None, "", 0.0)


@pytest.mark.parametrize(
    ("label", "number", "bare"),
    [
        ("OBAN_STAR_RACERS_2", 2, "Oban Star Racers"),
        ("ME_KIO_14", 14, "Me Kio"),
        ("BABYLON_5", 5, "Babylon"),
        ("BABYLON_5_S1_D1", None, None),
        ("STARGATE_DISC_3", None, None),
        ("BAKUGAN_VOLUME_1", None, None),
        ("24", None, None),
        ("SHOW_100", None, None),
    ],
)
def test_it_says_that_a_last_number_may_be_the_discs(label, number, bare):
    read = parse_label(label)
    assert (read.last_number, read.bare_name) == (number, bare)
