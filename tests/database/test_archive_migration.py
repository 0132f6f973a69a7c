"""The step from 007 to 008: the discs' archive and the mark of ripped titles, and the way back."""

from boz_server.database.connection import Database
from boz_server.database.migrations import Migrations
from boz_server.database.models import Title
from tests.database.steps import assert_keeps_every_row

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
NEW_VALUES = (
    "INSERT INTO archived_discs (disc_id, agent_id, disc_name, disc_type, fingerprint, title_key,"
    " detected_at, archived_at, status, media_type, preview_status, record) VALUES"
    " ('old', 'pc', 'HEAT', 'DVD', 'g', 'heat', '2026-01-24 12:00:00', '2026-07-24 12:00:00',"
    " 'ejected', 'movie', 'approved', 'packed')",
)


def filled(database: Database) -> Database:
    """A database of the version before, in use."""
    Migrations(database).upgrade(BEFORE)
    for statement in IN_USE:
        database.peewee.execute_sql(statement)
    return database


def test_it_keeps_every_row_up_down_and_up(blank: Database) -> None:
    assert_keeps_every_row(filled(blank), BEFORE, ARCHIVE, NEW_VALUES)


def test_it_learns_from_finished_rips_which_titles_were_ripped(blank: Database) -> None:
    Migrations(filled(blank)).upgrade(ARCHIVE)
    ripped = {
        title.title_index: title.ripped_at
        for title in Title.select(Title.title_index, Title.ripped_at)
    }
    assert ripped[0].isoformat() == "2026-01-24T13:00:00+00:00"
    assert (ripped[1], ripped[2]) == (None, None)
