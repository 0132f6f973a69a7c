"""The few things in which SQLite and PostgreSQL differ."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Protocol

import peewee
import psycopg
from playhouse.pool import PooledPostgresqlDatabase, PooledSqliteDatabase
from psycopg.conninfo import conninfo_to_dict

from boz_server.errors import SettingsError

#: The SQLite library that Peewee uses: a second one in this process would not see its locks.
sqlite3: Any = peewee.sqlite3  # type: ignore[attr-defined]
#: A log that has outgrown this is truncated to it.
WAL_LIMIT_BYTES = 64 * 1024 * 1024

#: Set on every SQLite connection. FULL costs about 0.3 ms a commit and survives power loss; NORMAL
#: would only survive a kill. mmap stays off: if a mapped file shrinks, SIGBUS kills the process.
SQLITE_PRAGMAS = (
    ("journal_mode", "wal"),
    ("synchronous", "full"),
    ("foreign_keys", 1),
    ("cache_size", -16000),
    ("temp_store", "memory"),
    ("mmap_size", 0),
    ("journal_size_limit", WAL_LIMIT_BYTES),
)

#: A value of the pragma `synchronous`.
_NORMAL = 1

#: All errors of the engines: Peewee's, or the driver's own while rows are fetched.
ENGINE_ERRORS: tuple[type[Exception], ...] = (
    peewee.PeeweeException,
    peewee.sqlite3.Error,  # type: ignore[attr-defined]
    psycopg.Error,
)

#: SQLite's result codes, https://www.sqlite.org/rescode.html; the low byte is the primary one.
_SQLITE_BUSY, _SQLITE_LOCKED, _SQLITE_FULL = 5, 6, 13

#: PostgreSQL's error classes that are worth a retry: connection lost or refused, too many
#: connections, serialization failure and deadlock, lock not available, server shutting down.
#: https://www.postgresql.org/docs/current/errcodes-appendix.html
_POSTGRES_PASSING = ("08", "53300", "40", "55P03", "57P0")
_POSTGRES_DISK_FULL = "53100"

#: How long a starting process waits for another one's migrations.
MIGRATION_WAIT_SECONDS = 300

#: Keys of the advisory locks for migrating and for changing the queue: arbitrary numbers.
_MIGRATION_LOCK = 0x626F7A
_QUEUE_LOCK = 0x626F7B


class Dialect(Protocol):
    """What an engine must provide."""

    #: Whether only one connection can write at a time, so that writers queue in the process first.
    one_writer: bool

    def connect(self, url: str, *, max_connections: int, wait_seconds: float) -> Any:
        """Build the pooled database; opens no connection yet."""

    def snapshot(self, database: Any) -> Any:
        """Return a transaction in which all reads see the same instant."""

    def light(self, database: Any) -> AbstractContextManager[Any]:
        """Return a write transaction that a power loss may undo, and a kill may not."""

    def lock_rows(self, query: Any) -> Any:
        """Make a SELECT in a write transaction lock its rows against other writers."""

    def skip_locked(self, query: Any) -> Any:
        """Make a SELECT skip rows that other transactions have locked, and lock its own."""

    def having_words(self, database: Any, query: Any, entry: Any, words: Sequence[str]) -> Any:
        """Narrow a SELECT on library entries to those with all of the words, or words starting so.

        entry: the model. words: only letters and digits (see domain/collection/search.py). Must run
        inside a transaction. The full-text index is searched first.
        """

    def take_turn(self, database: Any) -> None:
        """Until the transaction ends, let nobody else change the queue."""

    def migration(self, database: Any) -> AbstractContextManager[None]:
        """Return the transaction in which one process at a time changes the schema."""

    def continue_ids(self, database: Any, table: str, column: str) -> None:
        """Make the ids of new rows follow those that were inserted with explicit ids."""

    def identity(self, database: Any) -> object:
        """Return a value that is equal for all URLs of one database, and for no two databases."""

    def week_of(self, day: Any) -> Any:
        """Return the Monday of a day's week in SQL, as the text 2026-01-26."""

    def month_of(self, day: Any) -> Any:
        """Return a day's month in SQL, as the text 2026-01."""

    def is_busy(self, error: BaseException) -> bool:
        """Whether the error passes by itself, so that a retry makes sense."""

    def is_full(self, error: BaseException) -> bool:
        """Whether the error means that the disk is full."""


class SQLite:
    """SQLite in WAL mode: one writer at a time, readers never wait."""

    one_writer = True

    def connect(self, url: str, *, max_connections: int, wait_seconds: float) -> Any:
        return _PatientPool(
            url.removeprefix("sqlite:///"),
            # The pool's `timeout` is not SQLite's, so the wait is set twice.
            pragmas=(("busy_timeout", int(wait_seconds * 1000)), *SQLITE_PRAGMAS),
            # Unless it takes the write lock at its start, a transaction that reads before it writes
            # can fail at once with SQLITE_BUSY_SNAPSHOT, whatever the timeout.
            lock_type="IMMEDIATE",
            timeout=wait_seconds,
            check_same_thread=False,
            returning_clause=True,
            max_connections=max_connections,
        )

    def snapshot(self, database: Any) -> Any:
        return database.atomic("DEFERRED")

    @contextmanager
    def light(self, database: Any) -> Iterator[None]:
        connection = database.connection()
        ((usual,),) = connection.execute("PRAGMA synchronous").fetchall()
        # The commit is in the file, but not synced: the next full one is synced with it.
        connection.execute(f"PRAGMA synchronous = {min(usual, _NORMAL)}")
        try:
            with database.atomic():
                yield
        finally:
            connection.execute(f"PRAGMA synchronous = {usual}")

    def lock_rows(self, query: Any) -> Any:
        return query  # BEGIN IMMEDIATE keeps all other writers out.

    def skip_locked(self, query: Any) -> Any:
        return query

    def having_words(self, database: Any, query: Any, entry: Any, words: Sequence[str]) -> Any:
        # Only by rowid: otherwise SQLite may walk an index on the type or the order.
        hits_first = peewee.NodeList((entry, peewee.SQL("NOT INDEXED")))
        of_words = "IN (SELECT rowid FROM library_search WHERE library_search MATCH ?)"
        asked = " AND ".join(f'"{word}" *' for word in words)
        return query.from_(hits_first).where(
            peewee.NodeList((entry.id, peewee.SQL(of_words, (asked,))))
        )

    def take_turn(self, database: Any) -> None:
        """Nothing to do: there is only one writer."""

    @contextmanager
    def migration(self, database: Any) -> Iterator[None]:
        # With foreign keys on, rebuilding a parent table silently deletes all children that have
        # ON DELETE CASCADE; and the pragma has no effect inside a transaction.
        database.execute_sql("PRAGMA foreign_keys = 0")
        database.execute_sql(f"PRAGMA busy_timeout = {MIGRATION_WAIT_SECONDS * 1000}")
        try:
            with database.atomic("IMMEDIATE"):  # other processes wait here
                yield
                broken = database.execute_sql("PRAGMA foreign_key_check").fetchall()
                if broken:
                    raise peewee.IntegrityError(f"rows refer to missing ones: {broken[:5]}")
        finally:
            # A connection with its own settings must not go back to the pool.
            database.manual_close()

    def continue_ids(self, database: Any, table: str, column: str) -> None:
        """Nothing to do: a new row gets the highest id plus one."""

    def identity(self, database: Any) -> object:
        path = Path(database.database).resolve()
        if not path.exists():
            return path
        found = path.stat()  # the file may have several names
        return found.st_dev, found.st_ino

    def week_of(self, day: Any) -> Any:
        return peewee.fn.DATE(day, "weekday 0", "-6 days").coerce(False)

    def month_of(self, day: Any) -> Any:
        return peewee.fn.SUBSTR(day, 1, 7).coerce(False)

    def is_busy(self, error: BaseException) -> bool:
        return self._code(error) in (_SQLITE_BUSY, _SQLITE_LOCKED)

    def is_full(self, error: BaseException) -> bool:
        return self._code(error) == _SQLITE_FULL

    @staticmethod
    def _code(error: BaseException) -> int:
        return getattr(error, "sqlite_errorcode", 0) & 0xFF


class _PatientPool(PooledSqliteDatabase):
    """A pool whose connections wait while another one switches a new file to WAL.

    SQLite fails then at once, whatever the timeout, so servers that start together on a new file
    would fail.
    """

    def __init__(self, *args: Any, timeout: float, **kwargs: Any) -> None:
        super().__init__(*args, timeout=timeout, **kwargs)
        self.wait_seconds = timeout

    def connect(self, reuse_if_open: bool = False) -> bool:
        deadline = monotonic() + self.wait_seconds
        while True:
            try:
                return super().connect(reuse_if_open)
            except peewee.OperationalError as error:
                busy = error.__context__ is not None and SQLite().is_busy(error.__context__)
                if not busy or monotonic() > deadline:
                    raise
            sleep(0.01)


class PostgreSQL:
    """PostgreSQL with psycopg 3."""

    one_writer = False

    def connect(self, url: str, *, max_connections: int, wait_seconds: float) -> Any:
        return PooledPostgresqlDatabase(
            url,
            prefer_psycopg3=True,
            field_types={"DATETIME": "TIMESTAMPTZ"},
            options=f"-c lock_timeout={int(wait_seconds * 1000)} -c timezone=UTC",
            connect_timeout=max(1, int(wait_seconds)),
            max_connections=max_connections,
            timeout=wait_seconds,
        )

    def snapshot(self, database: Any) -> Any:
        return database.atomic("REPEATABLE READ")

    @contextmanager
    def light(self, database: Any) -> Iterator[None]:
        with database.atomic():
            database.execute_sql("SET LOCAL synchronous_commit = off")
            yield

    def lock_rows(self, query: Any) -> Any:
        return query.for_update()

    def skip_locked(self, query: Any) -> Any:
        return query.for_update("FOR UPDATE SKIP LOCKED")

    def having_words(self, database: Any, query: Any, entry: Any, words: Sequence[str]) -> Any:
        # The planner thinks that splitting a text is free, and would do it for every row.
        database.execute_sql("SET LOCAL enable_seqscan = off")
        # Neither side applies PostgreSQL's own rules for words.
        of_words = (
            "= ANY (ARRAY (SELECT id FROM library_entries"
            " WHERE array_to_tsvector(string_to_array(text, ' ')) @@ CAST(%s AS tsquery)))"
        )
        asked = " & ".join(f"'{word}':*" for word in words)
        return query.where(peewee.NodeList((entry.id, peewee.SQL(of_words, (asked,)))))

    def take_turn(self, database: Any) -> None:
        database.execute_sql("SELECT pg_advisory_xact_lock(%s)", (_QUEUE_LOCK,))

    @contextmanager
    def migration(self, database: Any) -> Iterator[None]:
        with database.atomic():
            database.execute_sql(f"SET LOCAL lock_timeout = '{MIGRATION_WAIT_SECONDS}s'")
            database.execute_sql("SELECT pg_advisory_xact_lock(%s)", (_MIGRATION_LOCK,))
            yield

    def continue_ids(self, database: Any, table: str, column: str) -> None:
        database.execute_sql(
            f"SELECT setval(pg_get_serial_sequence('{table}', '{column}'),"  # noqa: S608
            f" (SELECT COALESCE(MAX({column}), 0) + 1 FROM {table}), false)"
        )

    def identity(self, database: Any) -> object:
        # Only superusers can read a server's id; its start time in microseconds will do.
        query = "SELECT pg_postmaster_start_time(), oid FROM pg_database"
        found = database.execute_sql(f"{query} WHERE datname = current_database()")
        return found.fetchone()

    def week_of(self, day: Any) -> Any:
        return peewee.fn.TO_CHAR(peewee.fn.DATE_TRUNC("week", day), "YYYY-MM-DD").coerce(False)

    def month_of(self, day: Any) -> Any:
        return peewee.fn.TO_CHAR(day, "YYYY-MM").coerce(False)

    @contextmanager
    def keep_schema(self, database: Any) -> Iterator[None]:
        """Keep other processes' migrations waiting, over several transactions of this thread."""
        database.execute_sql("SELECT pg_advisory_lock(%s)", (_MIGRATION_LOCK,))
        try:
            yield
        finally:
            database.execute_sql("SELECT pg_advisory_unlock(%s)", (_MIGRATION_LOCK,))

    def is_busy(self, error: BaseException) -> bool:
        state = getattr(error, "sqlstate", None)
        # A refused or lost connection has no SQLSTATE.
        lost = state is None and isinstance(error, psycopg.OperationalError)
        return lost or (state or "").startswith(_POSTGRES_PASSING)

    def is_full(self, error: BaseException) -> bool:
        return getattr(error, "sqlstate", None) == _POSTGRES_DISK_FULL


def dialect_of(url: str, named: str) -> tuple[Dialect, str]:
    """Return the dialect of a database URL, and the URL without the name of a Python driver.

    Existing installations have `sqlite+aiosqlite:////path` and `postgresql+asyncpg://…`: the part
    after the plus is ignored. named: the variable or option that holds the URL, for error messages.
    Raises SettingsError.
    """
    scheme, _, rest = url.partition("://")
    engine = scheme.split("+")[0].lower()
    if engine == "sqlite":
        # A database in memory would vanish with the process, and each connection has its own.
        if not rest.startswith("/") or rest.endswith("/") or rest == "/:memory:":
            raise SettingsError(
                f"{named} must name a file, as in sqlite:////path/to/file.db (four slashes"
                " before an absolute path)."
            )
        return SQLite(), f"sqlite://{rest}"
    if engine in ("postgresql", "postgres") and rest:
        try:
            conninfo_to_dict(f"postgresql://{rest}")
        except psycopg.ProgrammingError:
            # libpq's message quotes the faulty part, which may be the password.
            raise SettingsError(
                f"{named} is no address of a PostgreSQL database that can be read: write"
                " %25 for a % in the password, and only options that libpq knows behind a ?."
            ) from None
        return PostgreSQL(), f"postgresql://{rest}"
    raise SettingsError(
        f"{named} must read sqlite:////path/to/file.db or postgresql://user:password@host/name."
    )
