"""Every migration there is, on a database with a row in each table: up, down and up again, begun by
four processes at once, and killed at each of its statements."""

import signal
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from typing import Any

import pytest

from boz_server.database.connection import Database
from boz_server.database.migrations import BASE, Migrations
from tests.database import specimens
from tests.database.folders import OURS
from tests.database.processes import all_at_once, child, die, ended
from tests.database.steps import assert_keeps_every_row, columns, rows, schema

#: Very many processes: what they run, the tests of migrations run and measure.
#: (the version before, the migration), of each; those before the newest never change again.
OLDER = [
    pytest.param(before, after, id=after, marks=pytest.mark.thorough)
    for before, after in zip([BASE, *OURS], OURS[:-1], strict=False)
]
NEWEST = pytest.param(OURS[-2], OURS[-1], id=OURS[-1])
each_step = pytest.mark.parametrize(("before", "after"), [NEWEST, *OLDER])
ALL = (BASE, OURS[-1])
#: {migration: tables that get rows back when it is undone}.
GAINING = {"008_archived_discs": ("discs",)}


@pytest.fixture
def database(blank_url: str) -> Iterator[Database]:
    """A database without any table, on each engine in turn, with a server's waits."""
    database = Database(blank_url)
    yield database
    database.close()


def filled(database: Database, version: str) -> Database:
    """A database of that version with a row in each table."""
    if version != BASE:
        Migrations(database).upgrade(version)
        specimens.fill(database)
        assert all(rows(database, columns(database)).values())
    return database


@each_step
def test_it_keeps_every_row_up_down_and_up(database, before, after):
    there = columns(filled(database, before))
    in_use = specimens.statements(database, besides=there)  # made once the new schema is there
    assert_keeps_every_row(database, before, after, in_use, GAINING.get(after, ()))


@pytest.mark.parametrize(("before", "after"), [pytest.param(*ALL, id="all"), NEWEST, *OLDER])
def test_it_is_applied_once_by_four_processes(database, before, after):
    there = columns(filled(database, before))
    kept = rows(database, there)
    database.close()
    applied = all_at_once(4, lambda: len(Migrations(Database(database.url)).upgrade(after)))
    done = [BASE, *OURS].index(before)
    wanted = OURS[: OURS.index(after) + 1]
    assert applied == [0, 0, 0, len(wanted[done:])]
    assert Migrations(database).applied() == wanted
    assert rows(database, there) == kept


@each_step
def test_it_is_whole_or_not_there_wherever_it_is_killed(tmp_path, before, after):
    """On SQLite only: PostgreSQL's transactions are atomic anyway, and it takes ten times as
    long."""
    goes_on_when_killed(Database(f"sqlite:///{tmp_path}/boz.db"), before, after, every=1)


def test_it_does_all_or_none_where_it_is_killed(database):
    goes_on_when_killed(database, *ALL, every=30)


def goes_on_when_killed(database: Database, before: str, after: str, every: int) -> None:
    """Upgrade in one process after another, each killed this many statements later than the one
    before, until one finishes; then downgrade in the same way."""
    there = columns(filled(database, before))
    look = partial(state, database, there)
    upgrade = partial(Migrations.upgrade, target=after)
    downgrade = partial(Migrations.downgrade, target=before)
    old = look()
    upgrade(Migrations(database))
    new = look()
    downgrade(Migrations(database))
    assert look() == old != new
    killed_on_the_way(database, upgrade, look, (old, new), every)
    # The downgrade runs in the same kind of transaction: a few samples are enough.
    killed_on_the_way(database, downgrade, look, (new, old), every * 5)
    database.close()


def state(database: Database, there: dict[str, list[str]]) -> dict[str, Any]:
    """The schema, the history of migrations, and every row of those tables and columns."""
    applied = Migrations(database).applied()
    return {"applied": applied, "schema": schema(database), "rows": rows(database, there)}


def killed_on_the_way(
    database: Database,
    act: Callable[[Migrations], object],
    look: Callable[[], object],
    states: tuple[object, object],
    every: int,
) -> None:
    """Kill processes that migrate; states: before and after, one of which each process leaves."""
    for at in count(1, every):
        database.close()
        was_killed = killed_at(at, database.url, act)
        found = look()
        assert found in states
        if found == states[1]:
            assert at > 1
            return
        assert was_killed


class Failpoint:
    """Kills the process before one of its statements, or before or after a commit."""

    def __init__(self, database: Database, at: int) -> None:
        self.left = at
        self.execute_sql = database.peewee.execute_sql
        self.commit = database.peewee.commit
        database.peewee.execute_sql = self._execute_sql
        database.peewee.commit = self._commit

    def _execute_sql(self, *args: Any, **kwargs: Any) -> Any:
        self._pass()
        return self.execute_sql(*args, **kwargs)

    def _commit(self) -> Any:
        self._pass()
        done = self.commit()
        self._pass()
        return done

    def _pass(self) -> None:
        self.left -= 1
        if self.left == 0:
            die()


def killed_at(statement: int, url: str, act: Callable[[Migrations], object]) -> bool:
    """Whether a process was killed at that statement; False if it finished before."""

    def work() -> int:
        database = Database(url)
        Failpoint(database, statement)
        act(Migrations(database))
        return 0

    code = ended(child(work))
    assert code in (0, -signal.SIGKILL)
    return code != 0
