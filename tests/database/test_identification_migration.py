"""The step from 003 to 004: what is said of the discs that are there, and the way back."""

from typing import Any

import peewee
import pytest

from boz_server.database.connection import Database
from boz_server.database.migrations import Migrations
from boz_server.database.models import Disc, Title, TVEpisode
from boz_server.domain.identification.title_kinds import TitleKind
from tests.database.steps import assert_keeps_every_row, columns, filled_at

BEFORE, IDENTIFICATION = "003_provider_cache", "004_identification"

#: What stands in a database of 003: a show's disc, a film's, and one of which nothing is known.
IN_USE = (
    "INSERT INTO agents (agent_id, name, capabilities) VALUES ('pc', 'Pc', '{}')",
    "INSERT INTO tv_seasons (season_id, show_name, season_number, disc_ids)"
    " VALUES ('Grey''s Anatomy:s1', 'Grey''s Anatomy', 1, '[\"show\"]')",
    "INSERT INTO tv_episodes (season_id, episode_number, episode_name, season_number)"
    " VALUES ('Grey''s Anatomy:s1', 1, 'One', 1)",
    "INSERT INTO discs (disc_id, agent_id, drive, disc_name, fingerprint, media_type, status,"
    " preview_status, tv_show_name, tv_season_number, tv_season_id, movie_title, movie_year)"
    " VALUES ('show', 'pc', 'D:', 'GREYS_ANATOMY_S1', 'f', 'tv_show', 'ejected', 'approved',"
    " 'Grey''s Anatomy', 1, 'Grey''s Anatomy:s1', NULL, NULL),"
    " ('film', 'pc', 'E:', 'SPIDER_MAN', 'g', 'movie', 'detected', 'approved', NULL, NULL, NULL,"
    " 'Spider-Man: Far (From) Home!', 2019),"
    " ('blank', 'pc', 'F:', 'X', 'h', 'unknown', 'detected', 'pending', NULL, NULL, NULL, NULL,"
    " NULL)",
    "INSERT INTO titles (disc_id, title_index, name, duration_seconds, size_bytes, selected,"
    " is_extra, proposed_filename, episode_number, thumbnail_timestamps)"
    " VALUES ('show', 0, 'T', 2580, 0, TRUE, FALSE, 'a.mkv', 1, '[]'),"
    " ('show', 1, 'T', 180, 0, FALSE, TRUE, 'b.mkv', NULL, '[60]'),"
    " ('film', 0, 'T', 7000, 0, TRUE, FALSE, 'c.mkv', NULL, '[]'),"
    " ('blank', 0, 'T', 60, 0, FALSE, FALSE, NULL, NULL, '[]')",
    "INSERT INTO jobs (job_id, job_type, status, disc_id, title_index, thumbnail_timestamps)"
    " VALUES ('rip', 'rip', 'completed', 'show', 0, '[]')",
)

#: Values in all of the new columns.
NEW_VALUES = (
    "UPDATE discs SET title_key = 'x', disc_number = 2, identification = '{\"confidence\": 1}',"
    " candidates = '[{}]', lookup_due = TRUE, is_told = TRUE, told_first_episode = 3",
    "UPDATE titles SET kind = 'double_episode', note = 'n', last_episode_number = 2,"
    " source_file = 's', segment_map = '1', output_file = 'o'",
    "UPDATE tv_episodes SET is_listed = TRUE",
)


@pytest.fixture
def in_use(blank: Database) -> Database:
    """A database of 003 with discs."""
    return filled_at(BEFORE, blank, IN_USE)


def values(database: Database, table: str, *names: str) -> list[tuple[Any, ...]]:
    cursor = database.peewee.execute_sql(f"SELECT {', '.join(names)} FROM {table}")  # noqa: S608
    return sorted(cursor.fetchall())


def test_it_says_what_the_titles_are(in_use: Database) -> None:
    Migrations(in_use).upgrade(IDENTIFICATION)
    assert values(in_use, "titles", "disc_id", "title_index", "kind") == [
        ("blank", 0, None), ("film", 0, "feature"), ("show", 0, "episode"), ("show", 1, "extra")
    ]  # fmt: skip


def test_it_gives_discs_the_key_of_their_show_or_film(in_use: Database) -> None:
    Migrations(in_use).upgrade(IDENTIFICATION)
    assert values(in_use, "discs", "disc_id", "title_key") == [
        ("blank", ""), ("film", "spidermanfarfromhome"), ("show", "greysanatomy")
    ]  # fmt: skip


def test_it_gives_every_other_new_column_its_default(in_use: Database) -> None:
    before = columns(in_use)
    Migrations(in_use).upgrade(IDENTIFICATION)
    for model, told_otherwise in ((Disc, {"title_key"}), (Title, {"kind"}), (TVEpisode, set())):
        new = set(columns(in_use)[model._meta.table_name]) - set(before[model._meta.table_name])
        names = sorted(new - told_otherwise)
        assert names
        for row in model.select(*(getattr(model, name) for name in names)):
            assert {name: getattr(row, name) for name in names} == {
                name: getattr(model(), name) for name in names
            }


def test_it_keeps_every_row_on_the_way_up_down_and_up_again(in_use: Database) -> None:
    assert_keeps_every_row(in_use, BEFORE, IDENTIFICATION, NEW_VALUES)


@pytest.mark.parametrize("kind", list(TitleKind))
def test_it_takes_every_kind_of_title(in_use: Database, kind: TitleKind) -> None:
    Migrations(in_use).upgrade(IDENTIFICATION)
    assert Title.update(kind=kind).execute() == 4


def test_it_takes_no_other_kind(in_use: Database) -> None:
    Migrations(in_use).upgrade(IDENTIFICATION)
    with pytest.raises(peewee.IntegrityError):
        in_use.peewee.execute_sql("UPDATE titles SET kind = 'bonus'")


def test_it_rebuilds_no_table_on_sqlite(sqlite: Database) -> None:
    def places() -> list[tuple[Any, ...]]:
        return sqlite.peewee.execute_sql(
            "SELECT name, rootpage FROM sqlite_master WHERE type = 'table'"
            " AND name IN ('discs', 'titles', 'tv_episodes') ORDER BY name"
        ).fetchall()

    Migrations(sqlite).downgrade(BEFORE)
    before = places()
    assert len(before) == 3
    Migrations(sqlite).upgrade(IDENTIFICATION)
    assert places() == before
    Migrations(sqlite).downgrade(BEFORE)
    assert places() == before
