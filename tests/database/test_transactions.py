"""Transactions: exclusive when writing, of one instant when reading, undone as a whole."""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from time import monotonic

import peewee
import psycopg
import pytest
from peewee import sqlite3  # the same copy of SQLite: another one would not see its locks

from boz_server.database.connection import Database
from boz_server.database.models import Agent, TVSeason
from boz_server.errors import DatabaseBusy, StorageFull
from tests.database.conftest import WAIT_SECONDS
from tests.database.rows import agent, season


class Undo(Exception):
    """Raised by a test to leave a transaction."""


@contextmanager
def another_writer(database: Database) -> Iterator[None]:
    """Another process has locked the row "pc", or the whole SQLite file, in a transaction."""
    if database.path is None:
        with psycopg.connect(database.url) as other:
            other.execute("UPDATE agents SET name = 'Theirs'")
            yield
            other.rollback()
        return
    with closing(sqlite3.connect(database.path, isolation_level=None)) as other_file:
        other_file.execute("BEGIN IMMEDIATE")
        yield
        other_file.execute("ROLLBACK")


def rename() -> int:
    return int(Agent.update(name="Ours").execute())


def test_it_keeps_what_a_write_did(database):
    with database.write():
        agent()
    assert Agent.select().count() == 1


def test_it_undoes_all_of_a_write_that_fails(database):
    with suppress(Undo), database.write():
        agent("one")
        agent("two")
        raise Undo
    assert Agent.select().count() == 0


def test_it_does_once_before_the_commit_what_a_write_is_to_end_with(database):
    done = []

    def action(keys: Sequence[str]) -> None:
        done.append((list(keys), database.peewee.in_transaction()))

    with database.write():
        database.before_commit(action, "b")
        with database.write():
            database.before_commit(action, "a")
            database.before_commit(action, "b")
        assert done == []
    assert done == [(["a", "b"], True)]
    with database.write():
        pass
    assert len(done) == 1


def test_it_undoes_a_write_whose_end_fails(database):
    def action(_: Sequence[str]) -> None:
        raise Undo

    with suppress(Undo), database.write():
        agent()
        database.before_commit(action, "pc")
    assert Agent.select().count() == 0


def test_it_forgets_the_end_of_a_write_that_fails(database):
    done: list[Sequence[str]] = []
    with suppress(Undo), database.write():
        database.before_commit(done.append, "a")
        raise Undo
    with database.write():
        database.before_commit(done.append, "b")
    assert done == [["b"]]


def test_it_does_at_once_what_is_in_no_write(database):
    done: list[Sequence[str]] = []
    database.before_commit(done.append, "a")
    assert done == [["a"]]


def test_it_undoes_only_the_inner_write_where_the_outer_goes_on(database):
    with database.write():
        agent("outer")
        with suppress(Undo), database.write():
            agent("inner")
            raise Undo
        agent("after")
    assert {row.agent_id for row in Agent.select()} == {"outer", "after"}


def test_it_undoes_the_inner_write_with_the_outer(database):
    with suppress(Undo), database.write():
        with database.write():
            agent("inner")
        raise Undo
    assert Agent.select().count() == 0


def test_it_keeps_what_it_writes_lightly(database):
    with database.write(lightly=True), database.write(lightly=True):
        agent()
    assert Agent.select().count() == 1
    if database.path is not None:
        # Of the connection's next write, that is.
        assert database.peewee.execute_sql("PRAGMA synchronous").fetchone() == (2,)


def test_it_refuses_a_change_that_must_last_inside_a_light_write(database):
    with database.write(), database.write(lightly=True):
        agent("one")
    light, lasting = database.write(lightly=True), database.write()
    with pytest.raises(RuntimeError, match="with the power"), light, lasting:
        agent("two")
    assert Agent.select().count() == 1


def test_it_keeps_other_writers_out_from_the_start_of_a_write(sqlite):
    with (
        closing(sqlite3.connect(str(sqlite.path), timeout=0, isolation_level=None)) as other,
        sqlite.write(),  # has changed nothing yet
        pytest.raises(sqlite3.OperationalError, match="locked"),
    ):
        other.execute("BEGIN IMMEDIATE")


def test_it_lets_readers_in_during_a_write(database):
    with ThreadPoolExecutor(1) as threads, database.write():
        agent()
        assert threads.submit(Agent.select().count).result() == 0
        threads.submit(database.release).result()


def test_it_reads_one_instant_while_others_write(database):
    with ThreadPoolExecutor(1) as threads:
        with database.read():
            assert Agent.select().count() == 0
            threads.submit(agent).result()
            assert Agent.select().count() == 0
        assert Agent.select().count() == 1
        threads.submit(database.release).result()


def test_it_reads_its_own_changes_inside_a_write(database):
    with database.write():
        agent()
        with database.read():
            assert Agent.select().count() == 1
    assert Agent.select().count() == 1


def test_it_lets_every_writer_of_several_threads_succeed(database_url):
    database = Database(database_url, max_connections=4)
    season()

    def number_on() -> None:
        for _ in range(25):
            with database.write():  # reads, then writes: a lost update would show
                found = database.dialect.lock_rows(TVSeason.select()).get()
                TVSeason.update(last_episode_assigned=found.last_episode_assigned + 1).execute()
        database.release()

    with ThreadPoolExecutor(4) as threads:
        for done in [threads.submit(number_on) for _ in range(4)]:
            done.result()
    assert TVSeason.get().last_episode_assigned == 100
    database.close()


def test_it_says_busy_within_its_bound_where_another_process_writes(database):
    agent()
    with another_writer(database):
        start = monotonic()
        with pytest.raises(peewee.OperationalError) as refused, database.write():
            rename()
        waited = monotonic() - start
    assert WAIT_SECONDS / 2 < waited < 2
    assert isinstance(database.explain(refused.value), DatabaseBusy)
    assert Agent.get().name == "Pc"


def test_it_writes_again_once_the_other_process_is_done(database):
    agent()
    with another_writer(database), pytest.raises(peewee.OperationalError), database.write():
        rename()
    with database.write():
        assert rename() == 1
    assert Agent.get().name == "Ours"


def test_it_says_busy_within_its_bound_where_another_thread_writes(sqlite):
    def ask() -> float:
        start = monotonic()
        with pytest.raises(DatabaseBusy), sqlite.write():
            pass
        return monotonic() - start

    with ThreadPoolExecutor(1) as threads, sqlite.write():
        assert WAIT_SECONDS <= threads.submit(ask).result() < 2
    with sqlite.write():
        agent()


def test_it_waits_for_a_connection_before_its_turn_to_write(sqlite_template, monkeypatch):
    database = Database(f"sqlite:///{sqlite_template}", max_connections=1)
    database.peewee.connection()
    connect, asked = database.peewee.connect, threading.Event()

    def tell_and_connect(reuse_if_open: bool = False) -> bool:
        if threading.current_thread() is not threading.main_thread():
            asked.set()
        return bool(connect(reuse_if_open))

    def write() -> None:
        with database.write():
            database.peewee.execute_sql("SELECT 1")
        database.release()

    monkeypatch.setattr(database.peewee, "connect", tell_and_connect)
    with ThreadPoolExecutor(1) as threads:
        other = threads.submit(write)
        assert asked.wait(timeout=10)
        write()  # has the connection that the other one waits for
        other.result()
    database.close()


def test_it_says_full_and_changes_nothing_where_the_disk_is_full(sqlite):
    pages = sqlite.peewee.execute_sql("PRAGMA page_count").fetchone()[0]
    sqlite.peewee.execute_sql(f"PRAGMA max_page_count = {pages}")

    def write() -> None:
        with sqlite.write():
            agent("small")
            agent("large", name="x" * 100_000)

    with pytest.raises(peewee.OperationalError) as refused:
        write()
    assert isinstance(sqlite.explain(refused.value), StorageFull)
    assert Agent.select().count() == 0


def test_it_writes_again_once_there_is_room(sqlite):
    sqlite.peewee.execute_sql("PRAGMA max_page_count = 1")
    with pytest.raises(peewee.OperationalError), sqlite.write():
        agent("large", name="x" * 100_000)
    sqlite.peewee.execute_sql("PRAGMA max_page_count = 1000000")
    with sqlite.write():
        agent("large", name="x" * 100_000)
    assert Agent.select().count() == 1


def test_it_calls_a_broken_rule_neither_busy_nor_full(database):
    agent()
    with pytest.raises(peewee.IntegrityError) as refused, database.write():
        agent()
    assert database.explain(refused.value) is None
