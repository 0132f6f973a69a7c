"""A whole database of the old system is adopted, with every row accounted for."""

import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boz_server.database import schema_report
from boz_server.database.connection import Database
from boz_server.database.legacy.filling import AdoptionError, adopt_into, convert
from boz_server.database.legacy.legacy_file import is_legacy, read_tables
from boz_server.database.legacy.report import Report
from boz_server.database.models import Agent, Disc, Job, Title, TVSeason
from boz_server.domain.queue.job_states import HELD
from tests.database.legacy import FIRST_FORM, LOOSE, ROWS, TABLES, LegacyDatabase
from tests.database.legacy_in_use import AGENTS, DISCS, FEW_JOBS, JOBS, STATES, fill
from tests.database.rows import NOW, agent


@pytest.fixture
def filled(tmp_path: Path) -> LegacyDatabase:
    """Such a database, of few jobs."""
    legacy = LegacyDatabase(tmp_path / "filled.db")
    fill(legacy, FEW_JOBS)
    return legacy


def test_it_accounts_for_every_row(database, tmp_path):
    filled = LegacyDatabase(tmp_path / "all.db")
    fill(filled)
    before = filled.counts()
    report = adopt_into(database, filled.path, NOW, lambda *_: False)
    assert report.found == before
    assert (before["discs"], before["jobs"]) == (DISCS, JOBS)
    assert report.unaccounted() == {}
    gone = [lost.table for lost in report.lost]
    # One title twice of each tenth disc, and one of none; of each season an episode twice.
    assert {table: gone.count(table) for table in set(gone)} == {
        "titles": DISCS // 10 + 1,
        "tv_episodes": DISCS // 8 + 2 + 1,
    }
    assert {job.job_id for job in Job.select()} == {f"job-{number}" for number in range(JOBS)}
    assert {disc.disc_id for disc in Disc.select()} == {f"disc-{number}" for number in range(DISCS)}
    assert {each.agent_id for each in Agent.select()} >= {*AGENTS, "shed", "barn"}
    assert Disc.select().where(Disc.tv_season.is_null()).count() == 0
    assert Title.select().count() == DISCS * 4
    for job in Job.select().where(Job.status.in_(list(HELD))):
        assert job.assigned_agent_id is not None
    assert schema_report.differences(database) == []


def test_it_tells_people_and_scripts_the_same(database, filled):
    report = adopt_into(database, filled.path, NOW, lambda *_: False)
    told = report.as_json()
    assert told["tables"]["titles"] == {
        "found": DISCS * 4 + DISCS // 10 + 1, "adopted": DISCS * 4, "added": 0,
        "merged": DISCS // 10, "dropped": 1,
    }  # fmt: skip
    assert len(told["lost"]) == len(report.lost)
    lines = list(report.lines())
    assert f"jobs: {FEW_JOBS} adopted, of {FEW_JOBS}." in lines
    assert "titles: dropped, as its disc is gone (1 row)." in lines
    assert len(lines) == len(set(lines))


@pytest.mark.parametrize("alembic", [False, True])
def test_it_adopts_the_first_form_there_was(database, filled, alembic):
    filled.run(FIRST_FORM)
    if alembic:
        filled.run("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
    report = adopt_into(database, filled.path, NOW, lambda *_: False)
    assert report.found["vlc_commands"] == 0
    assert report.ignored == []
    assert (Disc.select().count(), Job.select().count()) == (DISCS, FEW_JOBS)
    assert not any("movie" in what or "thumbnail" in what for _, what in report.repairs)


def test_it_names_what_it_has_no_place_for(database, filled):
    filled.run("CREATE TABLE notes (text TEXT); ALTER TABLE jobs ADD COLUMN mood TEXT;")
    report = adopt_into(database, filled.path, NOW, lambda *_: False)
    assert report.ignored == ["jobs.mood", "notes"]


def test_it_adopts_an_empty_database(database, tmp_path):
    legacy = LegacyDatabase(tmp_path / "empty.db")
    report = adopt_into(database, legacy.path, NOW, lambda *_: False)
    assert set(report.found.values()) == {0}


def test_it_migrates_a_blank_database_first(blank, filled):
    adopt_into(blank, filled.path, NOW, lambda *_: False)
    assert Job.select().count() == FEW_JOBS
    assert schema_report.differences(blank) == []


def test_it_refuses_a_database_in_use(database, filled):
    agent("own")
    with pytest.raises(AdoptionError, match="has agents already: name an empty one"):
        adopt_into(database, filled.path, NOW, lambda *_: False)
    assert [each.agent_id for each in Agent.select()] == ["own"]


def test_it_writes_nothing_where_a_row_is_unaccounted_for(database, filled, monkeypatch):
    monkeypatch.setattr(Report, "drop", lambda *_: None)
    with pytest.raises(AdoptionError, match=r"unaccounted for .*'titles': 1"):
        adopt_into(database, filled.path, NOW, lambda *_: False)
    assert not Job.select().exists()
    assert not TVSeason.select().exists()


@pytest.mark.parametrize(
    ("change", "is_one"),
    [
        ("", True),
        ("CREATE TABLE alembic_version (version_num TEXT)", True),
        (FIRST_FORM, True),
        ("CREATE TABLE migratehistory (id INTEGER)", False),
        ("DROP TABLE jobs", False),
        ("ALTER TABLE discs RENAME COLUMN drive TO bay", False),
    ],
)
def test_it_recognises_the_old_system_by_its_tables(tmp_path, change, is_one):
    legacy = LegacyDatabase(tmp_path / "some.db", TABLES + change)
    before = legacy.path.read_bytes()
    assert is_legacy(legacy.path) is is_one
    assert legacy.path.read_bytes() == before


def test_it_takes_nothing_else_for_one(tmp_path, sqlite):
    (tmp_path / "empty").touch()
    (tmp_path / "diary").write_text("Dear diary, " * 100)
    assert sqlite.path is not None
    for path in (tmp_path, tmp_path / "empty", tmp_path / "diary", tmp_path / "none", sqlite.path):
        assert not is_legacy(path)


ANYTHING = (
    st.none()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats()
    | st.text(max_size=20)
    | st.binary(max_size=8)
    | st.sampled_from(["pc", "disc", "Firefly:s1", "running", "rip", "[]", "{}", *STATES])
)


def garbage(table: str) -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
    """A row any of whose columns holds anything, but for the key that SQLite sees to itself."""
    columns = st.fixed_dictionaries({}, optional=dict.fromkeys(ROWS[table], ANYTHING))
    return columns.map(lambda row: (table, row))


def insert(connection: sqlite3.Connection, table: str, columns: dict[str, Any]) -> None:
    """Enter a row, unless its key is taken."""
    row = ROWS[table] | columns
    marks = ", ".join("?" * len(row))
    connection.execute(
        f"INSERT OR IGNORE INTO {table} ({', '.join(row)}) VALUES ({marks})",  # noqa: S608
        list(row.values()),
    )


@settings(deadline=None, max_examples=50)
@given(rows=st.lists(st.sampled_from(sorted(ROWS)).flatmap(garbage), max_size=12))
def test_it_accounts_for_rows_of_garbage(sqlite_template, rows):
    with TemporaryDirectory() as folder:
        legacy = LegacyDatabase(Path(folder, "garbage.db"), LOOSE)
        with closing(sqlite3.connect(legacy.path)) as connection, connection:
            for table, columns in rows:
                insert(connection, table, columns)
        target = Path(folder, "boz.db")
        target.write_bytes(sqlite_template.read_bytes())
        database = Database(f"sqlite:///{target}")
        try:
            report = adopt_into(database, legacy.path, NOW, lambda *_: False)
        finally:
            database.close()
    assert report.unaccounted() == {}


def test_it_makes_the_same_of_the_same_rows(filled):
    def made() -> tuple[Any, ...]:
        report = Report()
        tables = convert(read_tables(filled.path, report), report, NOW, lambda *_: False)
        return tables.jobs, tables.discs, tables.titles, tables.seasons, list(report.lines())

    assert made() == made()
