"""What becomes of the old system's discs, titles, seasons and episodes."""

from collections.abc import Callable

import pytest

from boz_server.database.legacy.report import Report
from boz_server.database.models import Disc, LibraryEntry, Title, TVEpisode, TVSeason
from boz_server.domain.identification.title_facts import TitleFacts, fingerprint
from tests.database.legacy import LegacyDatabase

Adopt = Callable[[], Report]


@pytest.fixture
def agent(legacy: LegacyDatabase) -> None:
    """The agent that has the discs."""
    legacy.add("agents")


pytestmark = pytest.mark.usefixtures("agent")


def test_it_keeps_a_disc_and_its_titles(legacy: LegacyDatabase, adopt: Adopt) -> None:
    legacy.add("tv_seasons", last_episode_assigned=2, disc_ids='["disc"]')
    legacy.add("discs", starting_episode_number=1)
    legacy.titles("disc", 1, 2, None)
    report = adopt()
    assert not report.repairs
    assert not report.lost
    disc = Disc.get()
    assert (disc.disc_name, disc.status, disc.tv_season_id) == (
        "FIREFLY_S01_D1", "detected", "Firefly:s1"
    )  # fmt: skip
    assert [(title.id, title.title_index, title.episode_number) for title in Title.select()] == [
        (1, 0, 1), (2, 1, 2), (3, 2, None)
    ]  # fmt: skip


def test_it_fills_in_what_ours_knows_besides(legacy: LegacyDatabase, adopt: Adopt) -> None:
    legacy.add("discs")
    legacy.titles("disc", 1, 2, None)
    adopt()
    disc = Disc.get()
    facts = [TitleFacts(0, "", 2580), TitleFacts(1, "", 2580), TitleFacts(2, "", 300)]
    assert disc.fingerprint == fingerprint("FIREFLY_S01_D1", facts)
    assert (disc.title_key, disc.disc_number, disc.identification) == ("firefly", 1, {})
    assert [title.kind for title in Title.select()] == ["episode", "episode", "extra"]


def test_it_lets_a_disc_be_found(legacy: LegacyDatabase, adopt: Adopt) -> None:
    legacy.add("tv_seasons", show_name="Firefly!")
    legacy.add("discs", tv_show_name="Firefly!")
    legacy.add("titles", title_index=1, episode_title="The Train Job")
    legacy.add("titles", title_index=0, episode_title="Serenity")
    adopt()
    entry = LibraryEntry.get()
    assert (entry.disc_id, entry.show_key, entry.media_type) == ("disc", "firefly", "tv_show")
    assert entry.detected_at == Disc.get().detected_at
    assert entry.text == "firefly s01 d1 s1 serenity the train job"
    assert [season.show_key for season in TVSeason.select()] == ["firefly"]


def test_it_takes_a_title_without_a_number_for_the_film(
    legacy: LegacyDatabase, adopt: Adopt
) -> None:
    legacy.add("discs", media_type="movie", tv_season_id=None, tv_show_name=None,
               tv_season_number=None, movie_title="Heat", movie_year=1995, movie_confidence=7,
               omdb_imdb_id="tt0113277")  # fmt: skip
    legacy.add("titles", proposed_filename="Heat (1995).mkv")
    legacy.add("titles", title_index=1)
    adopt()
    disc = Disc.get()
    assert (disc.movie_title, disc.movie_year, disc.movie_confidence) == ("Heat", 1995, 1.0)
    assert [title.kind for title in Title.select()] == ["feature", None]
    assert not TVSeason.select().exists()


def test_it_leaves_the_latest_disc_in_a_drive(legacy: LegacyDatabase, adopt: Adopt) -> None:
    legacy.add("discs", disc_id="late", detected_at="2026-01-22 10:00:00")
    legacy.add("discs", disc_id="early", detected_at="2026-01-20 10:00:00", status="ripping")
    legacy.add("discs", disc_id="gone", detected_at="2026-01-23 10:00:00", status="ejected")
    legacy.add("discs", disc_id="beside", drive="E:")
    report = adopt()
    found = {disc.disc_id: disc.status for disc in Disc.select()}
    assert found == {
        "late": "detected", "early": "ejected", "gone": "ejected", "beside": "detected"
    }  # fmt: skip
    assert report.repairs["discs", "ejected, as a later one lies in its drive"] == 1


def test_it_keeps_the_later_of_two_titles_with_one_number(
    legacy: LegacyDatabase, adopt: Adopt
) -> None:
    legacy.add("discs")
    legacy.add("titles", id=7, title_index=0, name="Before")
    legacy.add("titles", id=8, title_index=1, name="Beside")
    legacy.add("titles", id=9, title_index=0, name="After")
    report = adopt()
    assert [(title.id, title.name) for title in Title.select().order_by(Title.id)] == [
        (8, "Beside"), (9, "After")
    ]  # fmt: skip
    assert [(lost.key, lost.into) for lost in report.lost] == [("7", "9")]


def test_it_drops_titles_whose_disc_is_gone(legacy: LegacyDatabase, adopt: Adopt) -> None:
    legacy.add("titles", disc_id="gone")
    legacy.add("titles", disc_id=None)
    legacy.add("discs")
    legacy.add("titles", title_index=None)
    report = adopt()
    assert [lost.why for lost in report.lost] == [
        "as its disc is gone", "as its disc is gone", "as it has no number"
    ]  # fmt: skip


def test_it_gives_titles_other_ids_that_no_column_takes(
    legacy: LegacyDatabase, adopt: Adopt
) -> None:
    legacy.add("discs")
    legacy.add("titles", id=2**40, title_index=0)
    legacy.add("titles", id=-5, title_index=1)
    legacy.add("titles", id=1, title_index=2)
    adopt()
    assert {title.id for title in Title.select()} == {1, 2, 3}


def test_it_lets_new_titles_have_the_ids_that_follow(legacy: LegacyDatabase, adopt: Adopt) -> None:
    legacy.add("discs")
    legacy.add("titles", id=41)
    adopt()
    assert (
        Title.create(disc="disc", title_index=1, name="x", duration_seconds=1, size_bytes=0).id
        == 42
    )


@pytest.mark.parametrize(
    "named", ["firefly_S01", "FIREFLY:S1", "Firefly - Season 1", "x", "Firefly:s1", "S1"]
)
def test_it_writes_season_ids_as_ours_and_lets_discs_keep_pointing_at_them(
    legacy: LegacyDatabase, adopt: Adopt, named: str
) -> None:
    legacy.add("tv_seasons", season_id=named, disc_ids='["disc"]')
    legacy.add("tv_episodes", season_id=named)
    legacy.add("discs", tv_season_id=named)
    adopt()
    assert TVSeason.get().season_id == "Firefly:s1"
    assert Disc.get().tv_season_id == "Firefly:s1"
    assert TVEpisode.get().season_id == "Firefly:s1"


def test_it_finds_a_season_whose_id_a_disc_writes_otherwise(
    legacy: LegacyDatabase, adopt: Adopt
) -> None:
    legacy.add("tv_seasons", season_id="firefly-s1")
    legacy.add("discs", tv_season_id="Firefly:S1", tv_show_name=None)
    adopt()
    assert (TVSeason.select().count(), Disc.get().tv_season_id) == (1, "Firefly:s1")


def test_it_does_not_take_ids_without_a_letter_for_the_same(
    legacy: LegacyDatabase, adopt: Adopt
) -> None:
    legacy.add("tv_seasons", season_id="?!", show_name="Other")
    legacy.add("discs", tv_season_id="...")
    legacy.add("discs", disc_id="film", drive="E:", tv_season_id="", tv_show_name=None)
    adopt()
    assert Disc.get_by_id("disc").tv_season_id == "Firefly:s1"
    assert Disc.get_by_id("film").tv_season_id is None


def test_it_makes_one_season_of_several_rows(legacy: LegacyDatabase, adopt: Adopt) -> None:
    legacy.add("tv_seasons", season_id="a", last_episode_assigned=4, disc_ids='["one"]')
    legacy.add("tv_seasons", season_id="b", last_episode_assigned=8, disc_ids='["two"]',
               thetvdb_series_id=78874, updated_at="2026-01-22 10:00:00")  # fmt: skip
    legacy.add("discs", disc_id="one", tv_season_id="a", drive="D:")
    legacy.add("discs", disc_id="two", tv_season_id="b", drive="E:")
    report = adopt()
    season = TVSeason.get()
    assert (season.disc_ids, season.last_episode_assigned) == (["one", "two"], 8)
    assert season.thetvdb_series_id == 78874
    assert [(lost.key, lost.into) for lost in report.lost] == [("b", "Firefly:s1")]


def test_it_enters_seasons_again_that_are_gone(legacy: LegacyDatabase, adopt: Adopt) -> None:
    legacy.add("discs")
    legacy.titles("disc", 5, 6)
    legacy.add("discs", disc_id="other", drive="E:", tv_show_name=None, tv_season_id="Lost:s2")
    report = adopt()
    firefly, lost = TVSeason.get_by_id("Firefly:s1"), TVSeason.get_by_id("Lost:s2")
    assert (firefly.last_episode_assigned, firefly.disc_ids) == (6, ["disc"])
    assert (lost.show_name, lost.season_number) == ("Lost", 2)
    assert report.added["tv_seasons"] == 2


def test_it_mends_seasons(legacy: LegacyDatabase, adopt: Adopt) -> None:
    legacy.add("tv_seasons", season_id="Lost:s3", show_name=None, season_number="three",
               last_episode_assigned=None, disc_ids="{", created_at="?",
               updated_at=None)  # fmt: skip
    adopt()
    season = TVSeason.get()
    assert (season.season_id, season.disc_ids, season.last_episode_assigned) == ("Lost:s3", [], 0)


def test_it_remembers_the_numbers_of_discs_that_are_gone(
    legacy: LegacyDatabase, adopt: Adopt
) -> None:
    legacy.add("tv_seasons", last_episode_assigned=8, disc_ids='["gone", "disc"]',
               last_disc_name="FIREFLY_S01_D2")  # fmt: skip
    legacy.add("discs")
    legacy.titles("disc", 1, 2, 3)
    report = adopt()
    season = TVSeason.get()
    assert (season.gone_last_episode, season.gone_last_disc) == (8, 2)
    assert (season.last_episode_assigned, season.disc_ids) == (8, ["disc"])
    assert report.repairs["tv_seasons", "numbered on behind discs that are gone"] == 1


def test_it_remembers_none_where_all_discs_are_there(legacy: LegacyDatabase, adopt: Adopt) -> None:
    legacy.add("tv_seasons", last_episode_assigned=3, disc_ids='["disc"]')
    legacy.add("discs", preview_status="rejected")
    legacy.titles("disc", 1, 2, 3)
    adopt()
    season = TVSeason.get()
    assert (season.gone_last_episode, season.last_episode_assigned) == (0, 0)


def test_it_holds_the_numbers_of_a_disc_that_no_one_has_decided_on(
    legacy: LegacyDatabase, adopt: Adopt
) -> None:
    legacy.add("discs", preview_status="pending")
    legacy.titles("disc", 5, 6)
    adopt()
    assert Disc.get().told_first_episode == 5


def test_it_keeps_the_episode_that_says_more(legacy: LegacyDatabase, adopt: Adopt) -> None:
    legacy.add("tv_seasons")
    legacy.add("tv_episodes", id=1, episode_name="Serenity", runtime=86)
    legacy.add("tv_episodes", id=2, episode_name="Episode 1")
    legacy.add("tv_episodes", id=3, episode_number=2, episode_name="The Train Job")
    legacy.add("tv_episodes", id=4, episode_number=2, episode_name="Train Job")
    legacy.add("tv_episodes", id=5, season_id="gone")
    report = adopt()
    found = [(episode.id, episode.episode_name) for episode in TVEpisode.select()]
    assert found == [(1, "Serenity"), (4, "Train Job")]
    assert [(lost.key, lost.into) for lost in report.lost] == [("2", "1"), ("3", "4"), ("5", None)]


def test_it_keeps_names_of_any_length(legacy: LegacyDatabase, adopt: Adopt) -> None:
    legacy.add("discs", disc_name="X" * 3000, tv_show_name="Y" * 3000, drive="/dev/" + "z" * 300)
    legacy.add("titles", name="Z" * 3000, proposed_path="p" * 3000)
    adopt()
    assert (len(Disc.get().disc_name), len(Title.get().name)) == (3000, 3000)
    assert len(TVSeason.get().show_name) == 255


def test_it_mends_discs_and_titles(legacy: LegacyDatabase, adopt: Adopt) -> None:
    legacy.add("discs", drive=None, disc_name=None, disc_type=None, detected_at="?", status="lost",
               media_type="music", preview_status=None, tv_season_id=None, tv_season_number="one",
               movie_year=-4, omdb_imdb_id="t" * 50, movie_confidence=None)  # fmt: skip
    legacy.add("titles", name=None, duration_seconds=-5, size_bytes=1e30, chapters="x",
               selected=None, is_extra=None, episode_number=-1, confidence_score=9)  # fmt: skip
    adopt()
    disc, title = Disc.get(), Title.get()
    assert (disc.drive, disc.disc_name, disc.disc_type) == ("", "", "Unknown")
    assert (disc.status, disc.media_type, disc.preview_status) == ("ejected", "unknown", "pending")
    assert (disc.movie_year, len(disc.omdb_imdb_id), disc.movie_confidence) == (0, 20, 0)
    assert (title.name, title.duration_seconds, title.size_bytes) == ("Title 1", 0, 2**63 - 1)
    assert (title.selected, title.is_extra, title.confidence_score) == (False, False, 1)
