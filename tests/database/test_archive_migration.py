"""The step from 007 to 008: the discs' archive and the mark of ripped titles, and the way back."""

import json
import zlib

from boz_server.database.connection import Database
from boz_server.database.migrations import Migrations
from boz_server.database.models import Disc, Job, Title
from tests.database.steps import assert_keeps_every_row, filled_at

BEFORE, ARCHIVE = "007_gone_discs", "008_archived_discs"

IN_USE = (
    "INSERT INTO agents (agent_id, name, status, capabilities) VALUES ('pc', 'PC', 'online', '{}')",
    "INSERT INTO discs (disc_id, agent_id, drive, disc_name, fingerprint)"
    " VALUES ('disc', 'pc', 'D:', 'ALIEN', 'f')",
    "INSERT INTO titles (disc_id, title_index, name, duration_seconds, size_bytes,"
    " thumbnail_timestamps) VALUES ('disc', 0, 'a', 1, 0, '[]'), ('disc', 1, 'b', 1, 0, '[]'),"
    " ('disc', 2, 'c', 1, 0, '[]')",
    "INSERT INTO jobs (job_id, job_type, status, disc_id, title_index, thumbnail_timestamps,"
    " created_at, completed_at) VALUES"
    " ('done', 'rip', 'completed', 'disc', 0, '[]', '2026-01-24 12:00:00', '2026-01-24 13:00:00'),"
    " ('bad', 'rip', 'failed', 'disc', 1, '[]', '2026-01-24 12:00:00', '2026-01-24 13:00:00'),"
    " ('two', 'transcode', 'completed', 'disc', 2, '[]', '2026-01-24 12:00:00', NULL)",
)
ARCHIVED = (
    "INSERT INTO archived_discs (disc_id, agent_id, disc_name, disc_type, fingerprint, title_key,"
    " detected_at, archived_at, status, media_type, preview_status, movie_title, record)"
    " VALUES ('old', 'pc', 'HEAT', 'DVD', 'g', 'heat', '2026-01-24 12:00:00.000000',"
    " '2026-07-24 12:00:00', 'completed', 'movie', 'approved', 'Heat', {})"
)
RECORD = {
    "disc": {"drive": "E:", "disc_number": 2, "candidates": [{"title": "Heat"}], "is_told": True},
    "titles": [
        {"title_index": 0, "name": "Title 1", "duration_seconds": 60, "size_bytes": 0},
        {"title_index": 1, "name": "Title 2", "duration_seconds": 61, "size_bytes": 0,
         "selected": True, "kind": "feature", "ripped_at": "2026-01-24T13:00:00+00:00"},
    ],
    "jobs": ["two"],
}  # fmt: skip


def filled(database: Database) -> Database:
    """A database of the version before, in use."""
    return filled_at(BEFORE, database, IN_USE)


def test_it_keeps_every_row_up_down_and_up(blank: Database) -> None:
    assert_keeps_every_row(filled(blank), BEFORE, ARCHIVE, [])


def test_it_brings_the_discs_of_the_archive_back_on_the_way_down(blank: Database) -> None:
    Migrations(filled(blank)).upgrade(ARCHIVE)
    blank.peewee.execute_sql("UPDATE jobs SET disc_id = NULL WHERE job_id = 'two'")
    blank.peewee.execute_sql(
        ARCHIVED.format(blank.peewee.param), (zlib.compress(json.dumps(RECORD).encode()),)
    )
    Migrations(blank).downgrade(BEFORE)
    columns = (Disc.disc_name, Disc.drive, Disc.status, Disc.movie_title, Disc.disc_number)
    disc = (
        Disc.select(*columns, Disc.candidates, Disc.is_told, Disc.detected_at)
        .where(Disc.disc_id == "old")
        .get()
    )
    assert [getattr(disc, column.name) for column in columns] == [
        "HEAT", "E:", "ejected", "Heat", 2
    ]  # fmt: skip
    assert (disc.candidates, disc.is_told) == ([{"title": "Heat"}], True)
    assert disc.detected_at.isoformat() == "2026-01-24T12:00:00+00:00"
    titles = Title.select(Title.title_index, Title.name, Title.selected, Title.kind).where(
        Title.disc == "old"
    )
    assert list(titles.order_by(Title.title_index).tuples()) == [
        (0, "Title 1", False, None), (1, "Title 2", True, "feature")
    ]  # fmt: skip
    assert Job.select(Job.disc).where(Job.job_id == "two").get().disc_id == "old"


def test_it_learns_from_finished_rips_which_titles_were_ripped(blank: Database) -> None:
    Migrations(filled(blank)).upgrade(ARCHIVE)
    ripped = {
        title.title_index: title.ripped_at
        for title in Title.select(Title.title_index, Title.ripped_at)
    }
    assert ripped[0].isoformat() == "2026-01-24T13:00:00+00:00"
    assert (ripped[1], ripped[2]) == (None, None)
