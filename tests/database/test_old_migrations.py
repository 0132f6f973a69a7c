"""The effect of each released migration on rows of the version before."""

import json
import zlib
from dataclasses import dataclass
from typing import Any

import peewee
import pytest

from boz_server.database.connection import Database
from boz_server.database.migrations import Migrations
from boz_server.database.models import (
    MODELS,
    ArchivedDisc,
    Disc,
    Job,
    LibraryEntry,
    Title,
    TVSeason,
)
from boz_server.domain.collection.search import NAMES, entry_of, key
from boz_server.domain.identification.title_facts import TitleKind
from tests.database.steps import assert_keeps_every_row, columns, filled_at

WAITING, HELD = ("pending", "queued"), ("assigned", "running")
OVER = ("completed", "failed", "cancelled")
STATES = (*WAITING, *HELD, *OVER)
#: The agent of each disc that jobs are of; None for jobs of no disc.
AGENT_OF = {"firefly": "pc", "alien": "attic", None: None}

PC = "INSERT INTO agents (agent_id, name, status, capabilities) VALUES ('pc', 'Pc', 'online', '{}')"
AT = "'2026-01-24 12:34:56'"


@dataclass(frozen=True)
class Step:
    """A migration, statements that fill the version before, and what they come to.

    new: {"table: columns": values of each row}; new columns that it does not name have the
    defaults of the models. uses: statements that use what is new.
    """

    before: str
    after: str
    old: tuple[str, ...]
    new: dict[str, list[tuple[Any, ...]]]
    uses: tuple[str, ...] = ()


QUEUE = Step(
    "001_initial_schema",
    "002_queue",
    (
        PC,
        "INSERT INTO agents (agent_id, name, capabilities) VALUES ('attic', 'Attic', '{}')",
        "INSERT INTO workers (worker_id, worker_type, hostname, capabilities, current_jobs)"
        " VALUES ('gpu', 'remote', 'gpu', '{}', '[\"running-alien\"]')",
        "INSERT INTO discs (disc_id, agent_id, drive, disc_name, fingerprint) VALUES"
        " ('firefly', 'pc', 'D:', 'FIREFLY_D1', 'f'), ('alien', 'attic', 'D:', 'ALIEN', 'a')",
        "INSERT INTO titles (disc_id, title_index, name, duration_seconds, size_bytes,"
        " thumbnail_timestamps) VALUES ('firefly', 0, 'Title', 2580, 0, '[]')",
        *(
            "INSERT INTO jobs (job_id, status, disc_id, title_index, input_file, job_type,"  # noqa: S608
            " assigned_worker_id, thumbnail_timestamps, progress) VALUES"
            f" ('{status}-{disc}', '{status}', NULLIF('{disc}', 'None'), {number},"
            " 'C:\\rips\\title.mkv', 'rip', 'gpu', '[60, 120]', 12.5)"
            for number, status in enumerate(STATES)
            for disc in AGENT_OF
        ),
        "UPDATE agents SET current_job_id = 'running-firefly' WHERE agent_id = 'pc'",
    ),
    {
        # Jobs that a machine has are in their first attempt; open ones are tied to the disc's
        # agent, and those that are over stay as they were.
        "jobs: job_id attempt for_agent_id": [
            (f"{status}-{disc}", int(status in HELD), None if status in OVER else agent_id)
            for status in STATES
            for disc, agent_id in AGENT_OF.items()
        ],
        "workers: worker_id": [("gpu",)],
    },
    (
        "INSERT INTO job_events (job_id, at, to_status, actor, attempt)"  # noqa: S608
        f" VALUES ('running-firefly', {AT}, 'running', 'agent:pc', 1)",
        f"INSERT INTO leases (name, renewed_at) VALUES ('maintenance', {AT})",  # noqa: S608
        "INSERT INTO maintenance_runs (step, started_at, duration_seconds)"  # noqa: S608
        f" VALUES ('rescue', {AT}, 0.1)",
        "INSERT INTO idempotency_keys (endpoint, key, body_hash, answer, created_at)"  # noqa: S608
        f" VALUES ('POST /api/jobs', 'k', 'h', '{{}}', {AT})",
        "UPDATE jobs SET attempt = 7, failures = 6, lease_token = 't', for_worker_id = 'gpu',"  # noqa: S608
        f" for_agent_id = 'pc', is_announced = FALSE, scheduled_at = {AT}",
        f"UPDATE workers SET consecutive_failures = 3, paused_at = {AT}",  # noqa: S608
    ),
)
IDENTIFICATION = Step(
    "003_provider_cache",
    "004_identification",
    (
        PC,
        "INSERT INTO tv_seasons (season_id, show_name, season_number, disc_ids)"
        " VALUES ('Grey''s Anatomy:s1', 'Grey''s Anatomy', 1, '[\"show\"]')",
        "INSERT INTO tv_episodes (season_id, episode_number, episode_name, season_number)"
        " VALUES ('Grey''s Anatomy:s1', 1, 'One', 1)",
        "INSERT INTO discs (disc_id, agent_id, drive, disc_name, fingerprint, media_type, status,"
        " preview_status, tv_show_name, tv_season_number, tv_season_id, movie_title, movie_year)"
        " VALUES ('show', 'pc', 'D:', 'GREYS_ANATOMY_S1', 'f', 'tv_show', 'ejected', 'approved',"
        " 'Grey''s Anatomy', 1, 'Grey''s Anatomy:s1', NULL, NULL),"
        " ('film', 'pc', 'E:', 'SPIDER_MAN', 'g', 'movie', 'detected', 'approved', NULL, NULL,"
        " NULL, 'Spider-Man: Far (From) Home!', 2019), ('blank', 'pc', 'F:', 'X', 'h', 'unknown',"
        " 'detected', 'pending', NULL, NULL, NULL, NULL, NULL)",
        "INSERT INTO titles (disc_id, title_index, name, duration_seconds, size_bytes, selected,"
        " is_extra, proposed_filename, episode_number, thumbnail_timestamps)"
        " VALUES ('show', 0, 'T', 2580, 0, TRUE, FALSE, 'a.mkv', 1, '[]'),"
        " ('show', 1, 'T', 180, 0, FALSE, TRUE, 'b.mkv', NULL, '[60]'),"
        " ('film', 0, 'T', 7000, 0, TRUE, FALSE, 'c.mkv', NULL, '[]'),"
        " ('blank', 0, 'T', 60, 0, FALSE, FALSE, NULL, NULL, '[]')",
        "INSERT INTO jobs (job_id, job_type, status, disc_id, title_index, thumbnail_timestamps)"
        " VALUES ('rip', 'rip', 'completed', 'show', 0, '[]')",
    ),
    {
        "titles: disc_id title_index kind": [
            ("blank", 0, None),
            ("film", 0, "feature"),
            ("show", 0, "episode"),
            ("show", 1, "extra"),
        ],
        "discs: disc_id title_key": [
            ("blank", ""),
            ("film", "spidermanfarfromhome"),
            ("show", "greysanatomy"),
        ],
        "tv_episodes: episode_name": [("One",)],
    },
    (
        "UPDATE discs SET title_key = 'x', disc_number = 2, lookup_due = TRUE, is_told = TRUE,"
        " identification = '{\"confidence\": 1}', candidates = '[{}]', told_first_episode = 3",
        "UPDATE titles SET kind = 'double_episode', note = 'n', last_episode_number = 2,"
        " source_file = 's', segment_map = '1', output_file = 'o'",
        "UPDATE tv_episodes SET is_listed = TRUE",
    ),
)
FILES = Step(
    "004_identification",
    "005_files",
    (
        # Two jobs for one file, which no earlier version forbade, and one without a file.
        "INSERT INTO jobs (job_id, job_type, status, input_file, output_name,"
        " thumbnail_timestamps) VALUES ('one', 'organize', 'queued', '/out/a.mkv', 'a', '[]'),"
        " ('two', 'organize', 'queued', '/out/a.mkv', 'a', '[]'),"
        " ('rip', 'rip', 'completed', NULL, NULL, '[]')",
    ),
    {
        "jobs: library_path filing_as input_upload_id is_named_by_person": [
            (None, None, None, False)
        ]
        * 3
    },
)
OUTBOX = Step("005_files", "006_outbox", (PC,), {"outbox: key": []})
GONE_DISCS = Step(
    "006_outbox",
    "007_gone_discs",
    (
        "INSERT INTO tv_seasons (season_id, show_name, season_number, last_episode_assigned,"
        " disc_ids) VALUES ('Firefly:s1', 'Firefly', 1, 8, '[]')",
    ),
    {"tv_seasons: gone_last_episode gone_last_disc": [(0, 0)]},
)
ARCHIVE = Step(
    "007_gone_discs",
    "008_archived_discs",
    (
        PC,
        "INSERT INTO discs (disc_id, agent_id, drive, disc_name, fingerprint)"
        " VALUES ('disc', 'pc', 'D:', 'ALIEN', 'f')",
        "INSERT INTO titles (disc_id, title_index, name, duration_seconds, size_bytes,"
        " thumbnail_timestamps) VALUES ('disc', 0, 'a', 1, 0, '[]'), ('disc', 1, 'b', 1, 0, '[]'),"
        " ('disc', 2, 'c', 1, 0, '[]')",
        "INSERT INTO jobs (job_id, job_type, status, disc_id, title_index, thumbnail_timestamps,"  # noqa: S608
        f" created_at, completed_at) VALUES ('done', 'rip', 'completed', 'disc', 0, '[]', {AT},"
        f" '2026-01-24 13:00:00'), ('bad', 'rip', 'failed', 'disc', 1, '[]', {AT}, {AT}),"
        f" ('two', 'transcode', 'completed', 'disc', 2, '[]', {AT}, NULL)",
    ),
    # Finished rips tell which titles were ripped.
    {
        "titles: title_index ripped_at": [
            (0, "2026-01-24 13:00:00+00:00"),
            (1, None),
            (2, None),
        ]
    },
)
LIBRARY = Step(
    "008_archived_discs",
    "010_library_entries",
    (
        PC,
        "INSERT INTO tv_seasons (season_id, show_name, season_number, disc_ids)"
        " VALUES ('Grey''s Café:s1', 'Grey''s Café', 1, '[]')",
        "INSERT INTO discs (disc_id, agent_id, drive, disc_name, fingerprint, media_type, status,"
        " detected_at, tv_show_name, tv_season_number, tv_season_id, disc_number, movie_title,"
        " movie_year)"
        " VALUES ('show', 'pc', 'D:', 'GREYS_S1', 'f', 'tv_show', 'ejected',"
        " '2026-01-24 10:00:00', 'Grey''s Café', 1, 'Grey''s Café:s1', 3, NULL, NULL),"
        " ('film', 'pc', 'E:', 'SOLARIS', 'g', 'movie', 'ejected', '2026-01-24 10:00:00.25', NULL,"
        " NULL, NULL, NULL, 'Solaris', 1972),"
        " ('blank', 'pc', 'F:', '???', 'h', 'unknown', 'ejected', '2026-01-24 10:00:00.000001',"
        " NULL, NULL, NULL, NULL, NULL, NULL)",
        "INSERT INTO titles (disc_id, title_index, name, duration_seconds, size_bytes,"
        " episode_title, thumbnail_timestamps)"
        " VALUES ('show', 1, 'T', 2580, 0, 'Zweite Straße', '[]'),"
        " ('show', 0, 'T', 2580, 0, 'First', '[]'), ('show', 2, 'T', 2580, 0, NULL, '[]')",
    ),
    {"tv_seasons: show_key": [(key("Grey's Café"),)]},
    (
        "INSERT INTO library_entries (disc_id, detected_at, media_type, show_key, sort_title,"
        " text) VALUES ('new', '2026-01-24 10:00:00.000000', 'movie', '', 'a', 'a b')",
        "UPDATE library_entries SET text = 'x y' WHERE disc_id = 'film'",
        "DELETE FROM library_entries WHERE disc_id = 'show'",
    ),
)
UPLOAD_FAILED = Step(
    "010_library_entries",
    "011_upload_failed",
    tuple(
        "INSERT INTO jobs (job_id, job_type, status, thumbnail_timestamps, completed_at, error)"  # noqa: S608
        f" VALUES ('{job_id}', 'transcode', '{status}', '[]', {AT}, {error})"
        for job_id, status, error in (
            ("lost", "completed", "'Upload failed: no route to host'"),
            ("loud", "failed", "'THE UPLOAD TIMED OUT'"),
            ("bad", "failed", "'HandBrake exited with 3'"),
            ("good", "completed", "NULL"),
        )
    ),
    {
        "jobs: job_id upload_failed": [
            ("bad", False),
            ("good", False),
            ("lost", True),
            ("loud", True),
        ]
    },
    ("UPDATE jobs SET upload_failed = TRUE WHERE job_id = 'good'",),
)
MOVING_JOBS = Step(
    "011_upload_failed",
    "012_moving_jobs",
    (
        PC,
        "INSERT INTO jobs (job_id, job_type, status, thumbnail_timestamps, output_name)"
        " VALUES ('job', 'transcode', 'running', '[]', 'Alien (1979)')",
    ),
    {
        "jobs: moved_at handed_out_at stalled_at stood_at": [(None,) * 4],
        "jobs: failing_at elsewhere_until": [(None,) * 2],
        "jobs: output_name library_name file_key": [("Alien (1979)", None, "alien (1979)")],
        "agents: succeeded_by": [(None,)],
        "discs: ejected_at chosen_at": [],
        "workers: failing_since": [],
        "job_failures: job_id": [],
    },
)
CONTENT_HASH = Step("012_moving_jobs", "013_content_hash", (PC,), {"discs: content_hash": []}, ())
STEPS = (
    QUEUE,
    IDENTIFICATION,
    FILES,
    OUTBOX,
    GONE_DISCS,
    ARCHIVE,
    LIBRARY,
    UPLOAD_FAILED,
    MOVING_JOBS,
    CONTENT_HASH,
)


@pytest.fixture(params=STEPS, ids=lambda step: step.after)
def step(request: pytest.FixtureRequest) -> Step:
    found: Step = request.param
    return found


def old(database: Database, step: Step) -> Database:
    """A database of the version before the step, in use."""
    return filled_at(step.before, database, step.old)


def upgraded(database: Database, step: Step) -> Database:
    """The same after the step."""
    Migrations(old(database, step)).upgrade(step.after)
    return database


def test_it_fills_every_new_column(blank, step):
    before = columns(old(blank, step))
    Migrations(blank).upgrade(step.after)
    after = columns(blank)
    filled: dict[str, set[str]] = {}
    for what, expected in step.new.items():
        table, names = what.split(": ")
        filled[table] = set(names.split())
        found = [
            tuple(str(value) if name.endswith("_at") and value else value
                  for name, value in zip(names.split(), row, strict=True))
            for row in of_model(table, names.split())
        ]  # fmt: skip
        assert sorted(found, key=str) == sorted(expected, key=str)
    for table, names_before in before.items():
        new = sorted(set(after[table]) - set(names_before) - filled.get(table, set()))
        defaults = [getattr(model_of(table)(), name) for name in new]
        for row in of_model(table, new) if new else ():
            assert [*row] == defaults


def model_of(table: str) -> Any:
    (found,) = [model for model in MODELS if model._meta.table_name == table]
    return found


def of_model(table: str, names: list[str]) -> list[tuple[Any, ...]]:
    """Columns of all rows, as our models read them; no others, which later versions may add."""
    model = model_of(table)
    return list(model.select(*(getattr(model, name) for name in names)).tuples())


def test_it_keeps_every_row_up_down_and_up(blank, step):
    assert_keeps_every_row(old(blank, step), step.before, step.after, step.uses)


@pytest.mark.parametrize(
    ("step", "tables"),
    [(QUEUE, ("jobs", "workers")), (IDENTIFICATION, ("discs", "titles", "tv_episodes"))],
    ids=["002", "004"],
)
def test_it_rebuilds_no_table_on_sqlite(sqlite, step, tables):
    def places() -> dict[str, int]:
        cursor = sqlite.peewee.execute_sql("SELECT name, rootpage FROM sqlite_master")
        return {name: page for name, page in cursor.fetchall() if name in tables}

    Migrations(sqlite).downgrade(step.before)
    before = places()
    assert len(before) == len(tables)
    Migrations(sqlite).upgrade(step.after)
    assert places() == before
    Migrations(sqlite).downgrade(step.before)
    assert places() == before


def test_004_takes_every_kind_of_title_and_no_other(blank):
    upgraded(blank, IDENTIFICATION)
    for kind in TitleKind:
        assert Title.update(kind=kind).execute() == 4
    with pytest.raises(peewee.IntegrityError):
        blank.peewee.execute_sql("UPDATE titles SET kind = 'bonus'")


def test_006_takes_a_key_once(blank):
    upgraded(blank, OUTBOX)
    message = (
        "INSERT INTO outbox (kind, key, payload, entered_at, due_at, latest_due_at, last_error)"  # noqa: S608
        f" VALUES ('plex', 'plex:a', '{{}}', {AT}, {AT}, {AT}, 'down')"
    )
    blank.peewee.execute_sql(message)
    with pytest.raises(peewee.IntegrityError):
        blank.peewee.execute_sql(message)


def archive(database: Database, record: Any, **row: Any) -> None:
    """Enter a disc into the archive of a database of 008."""
    values = {
        "disc_id": "old", "agent_id": "pc", "disc_type": "DVD", "fingerprint": "o",
        "archived_at": "2026-07-24 12:00:00.000000", "preview_status": "approved",
        "record": zlib.compress(json.dumps(record).encode()), **row,
    }  # fmt: skip
    marks = ", ".join([database.peewee.param] * len(values))
    database.peewee.execute_sql(
        f"INSERT INTO archived_discs ({', '.join(values)}) VALUES ({marks})",  # noqa: S608
        list(values.values()),
    )


def test_008_brings_the_discs_of_the_archive_back_on_the_way_down(blank):
    upgraded(blank, ARCHIVE)
    blank.peewee.execute_sql("UPDATE jobs SET disc_id = NULL WHERE job_id = 'two'")
    record = {
        "disc": {"drive": "E:", "disc_number": 2, "candidates": [{"title": "Heat"}],
                 "is_told": True},
        "titles": [
            {"title_index": 0, "name": "Title 1", "duration_seconds": 60, "size_bytes": 0},
            {"title_index": 1, "name": "Title 2", "duration_seconds": 61, "size_bytes": 0,
             "selected": True, "kind": "feature", "ripped_at": "2026-01-24T13:00:00+00:00"},
        ],
        "jobs": ["two"],
    }  # fmt: skip
    archive(blank, record, disc_name="HEAT", title_key="heat", status="completed",
            media_type="movie", movie_title="Heat",
            detected_at="2026-01-24 12:00:00.000000")  # fmt: skip
    Migrations(blank).downgrade(ARCHIVE.before)
    names = ["disc_id", "disc_name", "drive", "status", "movie_title", "disc_number", "candidates",
             "is_told", "detected_at"]  # fmt: skip
    (*disc, detected_at) = next(row for row in of_model("discs", names) if row[0] == "old")
    assert disc == ["old", "HEAT", "E:", "ejected", "Heat", 2, [{"title": "Heat"}], True]
    assert detected_at.isoformat() == "2026-01-24T12:00:00+00:00"
    titles = of_model("titles", ["disc_id", "title_index", "name", "selected", "kind"])
    assert sorted(row[1:] for row in titles if row[0] == "old") == [
        (0, "Title 1", False, None),
        (1, "Title 2", True, "feature"),
    ]
    assert Job.select(Job.disc).where(Job.job_id == "two").get().disc_id == "old"


@pytest.fixture
def library(blank: Database) -> Database:
    """A database of 010, with discs that were there before, one of them in the archive."""
    record = {
        "disc": {"drive": "D:", "disc_number": 1},
        "titles": [{"title_index": 0, "episode_title": "Pilot"}, {"title_index": 1}],
    }
    archive(old(blank, LIBRARY), record, disc_name="GREYS_S1_D1", title_key="greys",
            status="ejected", media_type="tv_show", tv_show_name="Grey's Café",
            tv_season_number=1, tv_season_id="Grey's Café:s1",
            detected_at="2025-01-24 10:00:00.000000")  # fmt: skip
    Migrations(blank).upgrade(LIBRARY.after)
    return blank


def found(database: Database, *words: str) -> list[str]:
    query = database.dialect.having_words(
        database.peewee, LibraryEntry.select(LibraryEntry.disc_id), LibraryEntry, words
    )
    return sorted(disc_id for (disc_id,) in query.tuples())


def test_010_enters_the_discs_that_are_there(library):
    expected = {}
    for disc in Disc.select(*(getattr(Disc, name) for name in NAMES)):
        titles = Title.select().where(Title.disc == disc.disc_id).order_by(Title.title_index)
        names = [title.episode_title for title in titles]
        expected[disc.disc_id] = entry_of(disc.__data__, names)
    of_archive = dict.fromkeys(NAMES) | ArchivedDisc.get().__data__ | {"disc_number": 1}
    expected["old"] = entry_of(of_archive, ["Pilot", None])
    rows: Any = LibraryEntry.select().dicts()
    entries = {row["disc_id"]: {name: row[name] for name in row if name != "id"} for row in rows}
    assert entries == expected
    assert expected["old"]["sort_title"] == "greys cafe 0001 0001"
    assert expected["show"]["text"] == "greys s1 cafe s01 first zweite strasse"
    season = TVSeason.get()
    assert season.show_key == key(season.show_name) == "greys cafe"


def test_010_finds_discs_and_what_was_changed_since(library):
    assert found(library, "grey") == found(library, "gr", "caf") == ["old", "show"]
    assert found(library, "zweite", "strass") == ["show"]
    assert found(library, "pilot") == ["old"]
    assert found(library, "ilot") == []
    for statement in LIBRARY.uses:
        library.peewee.execute_sql(statement)
    assert found(library, "a") == ["new"]
    assert found(library, "y") == ["film"]
    assert found(library, "solaris") == []
    assert found(library, "grey") == ["old"]


def test_010_writes_instants_in_one_way(library):
    if library.path is not None:
        lengths = library.peewee.execute_sql("SELECT LENGTH(detected_at) FROM library_entries")
        assert {length for (length,) in lengths.fetchall()} == {26}
    newest = LibraryEntry.select().order_by(LibraryEntry.detected_at.desc())
    assert [entry.disc_id for entry in newest] == ["film", "blank", "show", "old"]


def test_010_enters_more_discs_than_one_statement_takes(blank):
    old(blank, LIBRARY).peewee.execute_sql(
        "INSERT INTO discs (disc_id, agent_id, drive, disc_name, fingerprint, status)"
        " WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1200)"
        " SELECT 'many' || i, 'pc', 'D:', 'DISC_' || i, 'f' || i, 'ejected' FROM n"
    )
    Migrations(blank).upgrade(LIBRARY.after)
    assert LibraryEntry.select().count() == 1203
    assert found(blank, "disc", "1200") == ["many1200"]
