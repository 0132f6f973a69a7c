"""The step to 010: discs that are there can be found."""

import zlib
from typing import Any

import pytest

from boz_server.database.connection import Database
from boz_server.database.migrations import Migrations
from boz_server.database.models import ArchivedDisc, Disc, LibraryEntry, Title, TVSeason
from boz_server.domain.collection.search import NAMES, entry_of
from boz_server.domain.identification.search_words import key
from tests.database.steps import filled_at

BEFORE, LIBRARY = "008_archived_discs", "010_library_entries"

IN_USE = (
    "INSERT INTO agents (agent_id, name, capabilities) VALUES ('pc', 'Pc', '{}')",
    "INSERT INTO tv_seasons (season_id, show_name, season_number, disc_ids)"
    " VALUES ('Grey''s Café:s1', 'Grey''s Café', 1, '[]')",
    "INSERT INTO discs (disc_id, agent_id, drive, disc_name, fingerprint, media_type, status,"
    " detected_at, tv_show_name, tv_season_number, tv_season_id, disc_number, movie_title,"
    " movie_year)"
    " VALUES ('show', 'pc', 'D:', 'GREYS_S1', 'f', 'tv_show', 'ejected',"
    " '2026-01-24 10:00:00', 'Grey''s Café', 1, 'Grey''s Café:s1', 3, NULL, NULL),"
    " ('film', 'pc', 'E:', 'SOLARIS', 'g', 'movie', 'ejected', '2026-01-24 10:00:00.25', NULL,"
    " NULL, NULL, NULL, 'Solaris', 1972),"
    " ('blank', 'pc', 'F:', '???', 'h', 'unknown', 'ejected', '2026-01-24 10:00:00.000001', NULL,"
    " NULL, NULL, NULL, NULL, NULL)",
    "INSERT INTO titles (disc_id, title_index, name, duration_seconds, size_bytes,"
    " episode_title, thumbnail_timestamps)"
    " VALUES ('show', 1, 'T', 2580, 0, 'Zweite Straße', '[]'),"
    " ('show', 0, 'T', 2580, 0, 'First', '[]'),"
    " ('show', 2, 'T', 2580, 0, NULL, '[]')",
)
ARCHIVED = (
    "INSERT INTO archived_discs (disc_id, agent_id, disc_name, disc_type, fingerprint, title_key,"
    " detected_at, archived_at, status, media_type, preview_status, tv_show_name,"
    " tv_season_number, tv_season_id, record)"
    " VALUES ('old', 'pc', 'GREYS_S1_D1', 'DVD', 'o', 'greys', '2025-01-24 10:00:00.000000',"
    " '2026-01-24 10:00:00.000000', 'ejected', 'tv_show', 'approved',"
    " 'Grey''s Café', 1, 'Grey''s Café:s1', {mark})"
)
RECORD = (
    b'{"disc": {"drive": "D:", "disc_number": 1},'
    b' "titles": [{"title_index": 0, "episode_title": "Pilot"}, {"title_index": 1}]}'
)
USES_IT = (
    "INSERT INTO library_entries (disc_id, detected_at, media_type, show_key, sort_title, text)"
    " VALUES ('new', '2026-01-24 10:00:00.000000', 'movie', '', 'a', 'a b')",
    "UPDATE library_entries SET text = 'x y' WHERE disc_id = 'film'",
    "DELETE FROM library_entries WHERE disc_id = 'show'",
)


@pytest.fixture
def in_use(blank: Database) -> Database:
    """A database of the version before, with discs."""
    filled_at(BEFORE, blank, IN_USE)
    archived = ARCHIVED.format(mark=blank.peewee.param)
    blank.peewee.execute_sql(archived, (zlib.compress(RECORD),))
    return blank


def found(database: Database, *words: str) -> list[str]:
    query = database.dialect.having_words(
        database.peewee, LibraryEntry.select(LibraryEntry.disc_id), LibraryEntry, words
    )
    return sorted(disc_id for (disc_id,) in query.tuples())


def entries() -> dict[str, dict[str, Any]]:
    rows: Any = LibraryEntry.select().dicts()
    return {row["disc_id"]: {name: row[name] for name in row if name != "id"} for row in rows}


def test_it_enters_the_discs_that_are_there(in_use: Database) -> None:
    Migrations(in_use).upgrade(LIBRARY)
    expected = {}
    for disc in Disc.select():
        titles = Title.select().where(Title.disc == disc.disc_id).order_by(Title.title_index)
        names = [title.episode_title for title in titles]
        expected[disc.disc_id] = entry_of(disc.__data__, names)
    old = ArchivedDisc.get()
    columns = dict.fromkeys(NAMES) | old.__data__ | {"disc_number": 1}
    expected["old"] = entry_of(columns, ["Pilot", None])
    assert entries() == expected
    assert expected["old"]["sort_title"] == "greys cafe 0001 0001"
    assert expected["show"]["text"] == "greys s1 cafe s01 first zweite strasse"


def test_it_finds_them(in_use: Database) -> None:
    Migrations(in_use).upgrade(LIBRARY)
    assert found(in_use, "grey") == found(in_use, "gr", "caf") == ["old", "show"]
    assert found(in_use, "zweite", "strass") == ["show"]
    assert found(in_use, "pilot") == ["old"]
    assert found(in_use, "ilot") == []


def test_it_finds_what_was_changed_since(in_use: Database) -> None:
    Migrations(in_use).upgrade(LIBRARY)
    for statement in USES_IT:
        in_use.peewee.execute_sql(statement)
    assert found(in_use, "a") == ["new"]
    assert found(in_use, "y") == ["film"]
    assert found(in_use, "solaris") == []
    assert found(in_use, "grey") == ["old"]


def test_it_writes_instants_in_one_way(in_use: Database) -> None:
    Migrations(in_use).upgrade(LIBRARY)
    if in_use.path is not None:
        lengths = in_use.peewee.execute_sql("SELECT LENGTH(detected_at) FROM library_entries")
        assert {length for (length,) in lengths.fetchall()} == {26}
        newest = LibraryEntry.select().order_by(LibraryEntry.detected_at.desc())
        assert [entry.disc_id for entry in newest] == ["film", "blank", "show", "old"]


def test_it_folds_the_shows_of_seasons(in_use: Database) -> None:
    Migrations(in_use).upgrade(LIBRARY)
    season = TVSeason.get()
    assert season.show_key == key(season.show_name) == "greys cafe"


def test_it_enters_more_discs_than_one_statement_takes(in_use: Database) -> None:
    in_use.peewee.execute_sql(
        "INSERT INTO discs (disc_id, agent_id, drive, disc_name, fingerprint, status)"
        " WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1200)"
        " SELECT 'many' || i, 'pc', 'D:', 'DISC_' || i, 'f' || i, 'ejected' FROM n"
    )
    Migrations(in_use).upgrade(LIBRARY)
    assert LibraryEntry.select().count() == 1204
    assert found(in_use, "disc", "1200") == ["many1200"]
