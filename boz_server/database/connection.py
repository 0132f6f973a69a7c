"""The pooled database of a process: its transactions, and its threads' connections."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import peewee
from playhouse.pool import MaxConnectionsExceeded

from boz_server.database.dialects import SQLite, dialect_of
from boz_server.database.models.base import database_proxy
from boz_server.database.statements import QuickContext
from boz_server.database.write_turn import WriteTurn
from boz_server.disk import prove_writable
from boz_server.errors import BozError, DatabaseBusy, StartError, StorageFull
from boz_server.settings import Settings

#: The variable that names the server's database.
SETTING = "BOZ_DATABASE_URL"
#: How long to wait for a lock, for other writers, or for a free connection.
WAIT_SECONDS = 10.0
#: What a query raises when the database is busy, full or away: a later one may succeed.
TROUBLE = (peewee.PeeweeException, MaxConnectionsExceeded, DatabaseBusy)


class _Ending(threading.local):
    """This thread's write transaction.

    depth: how deeply it is nested. is_light: a power loss may undo it. in_queue: how deeply
    `write_queue()` is nested. keys: what to do before its commit, as {action: keys}.
    """

    def __init__(self) -> None:
        self.depth = 0
        self.is_light = False
        self.in_queue = 0
        self.keys: dict[Callable[[Sequence[str]], None], set[str]] = {}


class Database:
    """The database of all models of the process.

    A thread borrows a connection with its first query and returns it with `release()`; the
    application does that after every request and command.
    """

    def __init__(
        self,
        url: str,
        *,
        max_connections: int = 15,
        wait_seconds: float = WAIT_SECONDS,
        named: str = SETTING,
        is_shared: bool = True,
    ) -> None:
        """named: the variable or option that holds the URL, for error messages. is_shared: whether
        others may write it meanwhile."""
        self.dialect, self.url = dialect_of(url, named)
        self.named = named
        self.wait_seconds = wait_seconds
        self.peewee: Any = self.dialect.connect(
            self.url, max_connections=max_connections, wait_seconds=wait_seconds
        )
        self.peewee.context_class = QuickContext
        path = self.path
        self._turn = WriteTurn(path.resolve(), wait_seconds) if path and is_shared else None
        self._ending = _Ending()
        database_proxy.initialize(self.peewee)

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Build the database that the settings name; opens no connection yet."""
        return cls(
            settings.database_url,
            max_connections=settings.database_pool_size + settings.database_max_overflow,
        )

    @property
    def path(self) -> Path | None:
        """The database's file; None on PostgreSQL."""
        return Path(self.peewee.database) if isinstance(self.dialect, SQLite) else None

    @contextmanager
    def write(self, *, lightly: bool = False) -> Iterator[None]:
        """Run a write transaction; inside another one it becomes a part of that.

        lightly: a power loss may undo it. That is for signs of life and progress, of which the next
        report says the same; it survives a kill like any other. Raises DatabaseBusy if this
        process's other writers take too long. Errors of the engine are the driver's; `explain` puts
        them into words.
        """
        if self._turn is None:
            with self._transaction(lightly=lightly):
                yield
            return
        # Take the connection before the turn: a thread that had the turn while waiting for a
        # connection could wait for threads that have connections and wait for the turn.
        self.peewee.connect(reuse_if_open=True)
        with self._turn.taken(), self._transaction(lightly=lightly):
            yield

    @contextmanager
    def _transaction(self, *, lightly: bool) -> Iterator[None]:
        ending = self._ending
        if not ending.depth:
            ending.is_light = lightly
        elif ending.is_light and not lightly:
            raise RuntimeError("This must not be lost with the power: write it apart.")
        is_light = lightly and not ending.depth
        begin = self.dialect.light if is_light else type(self.peewee).atomic
        ending.depth += 1
        try:
            with begin(self.peewee):
                yield
                if ending.depth == 1:
                    for action, keys in ending.keys.items():
                        action(sorted(keys))
        finally:
            ending.depth -= 1
            if not ending.depth:
                ending.keys.clear()

    def before_commit(self, action: Callable[[Sequence[str]], None], key: str) -> None:
        """Run an action once at the end of the write transaction, with all keys registered for it.

        Outside a write transaction it runs at once.
        """
        if self._ending.depth:
            self._ending.keys.setdefault(action, set()).add(key)
        else:
            action([key])

    @contextmanager
    def write_queue(self, *, lightly: bool = False) -> Iterator[None]:
        """Run a write transaction in which nobody else changes the queue, or the discs behind it.

        lightly: see `write`.

        One change touches jobs, agents, workers, discs and titles in varying order, and counts the
        running jobs before it starts another. On PostgreSQL, row locks alone would let two such
        changes deadlock, or both take the last free place.
        """
        with self.write(lightly=lightly):
            self.dialect.take_turn(self.peewee)
            self._ending.in_queue += 1
            try:
                yield
            finally:
                self._ending.in_queue -= 1

    def require_queue(self) -> None:
        """Raise RuntimeError outside `write_queue()`: what follows relies on being alone."""
        if not self._ending.in_queue:
            raise RuntimeError("This changes the queue: call it inside write_queue().")

    @contextmanager
    def read(self) -> Iterator[None]:
        """Run several queries that all see the same instant."""
        with self.dialect.snapshot(self.peewee):
            yield

    def refuse_transaction(self) -> None:
        """Raise RuntimeError inside a transaction: what follows may wait for other servers."""
        if self.peewee.in_transaction():
            raise RuntimeError("Nothing may wait for another server inside a transaction.")

    def lock_row(self, model: type[peewee.Model], key: str) -> bool:
        """Keep other writers off a row until the transaction ends; False if it doesn't exist."""
        field: Any = model._meta.primary_key
        query = model.select(field).where(field == key)
        return self.dialect.lock_rows(query).first() is not None

    def keep_row(self, model: type[peewee.Model], key: str) -> None:
        """Like `lock_row`, without checking that the row exists.

        A no-op on SQLite, where there is only one writer.
        """
        if not self.dialect.one_writer:
            self.lock_row(model, key)

    def tables(self) -> set[str]:
        """Return the names of the tables, without SQLite's own and those of its full-text indexes.

        Leaves the file unchanged.
        """
        if self.path is None:
            return set(self.peewee.get_tables())
        if not self.path.is_file():
            return set()
        # Our own connections switch a file to WAL, which must not happen to another program's.
        onlooker = peewee.SqliteDatabase(f"{self.path.resolve().as_uri()}?mode=ro", uri=True)
        try:
            rows = onlooker.execute_sql(
                "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table'"
                " AND name NOT LIKE 'sqlite_%'"
            )
            return {name for (name,) in rows.fetchall()}
        finally:
            onlooker.close()

    def release(self) -> None:
        """Return this thread's connection, if it has one, to the pool."""
        if not self.peewee.is_closed():
            self.peewee.close()

    def close(self) -> None:
        """Close all connections: at the end of the process, and before a fork."""
        self.peewee.close_all()
        if self._turn is not None:
            self._turn.close()

    def require_folder(self) -> None:
        """Raise StartError unless the folder of the database's file exists and is writable."""
        if self.path is None:
            return
        folder = self.path.resolve().parent
        try:
            prove_writable(folder)
        except OSError as error:
            raise StartError(
                f"The database folder {folder} is missing or can't be written: create it for this"
                f" user, or name another file in {self.named}."
            ) from error

    def require_file(self) -> None:
        """Raise StartError if the database's file is missing, instead of creating an empty one."""
        self.require_folder()
        if self.path is not None and not self.path.is_file():
            raise StartError(
                f"There is no database at {self.path}: name the right file in {self.named}."
            )

    def explain(self, error: BaseException) -> BozError | None:
        """Say what a driver's error means for a client; None if it is a bug of ours.

        Peewee wraps the driver's error, and a full disk causes further errors on the way out of the
        transaction, so this searches the whole chain of causes.
        """
        cause: BaseException | None = error
        while cause is not None:
            if isinstance(cause, MaxConnectionsExceeded) or self.dialect.is_busy(cause):
                return DatabaseBusy()
            if self.dialect.is_full(cause):
                return StorageFull(
                    "The disk of the database is full: nothing was changed; make room and send"
                    " the request again."
                )
            cause = cause.__cause__ or cause.__context__
        return None


@contextmanager
def second_database(url: str, *, named: str = SETTING) -> Iterator[Database]:
    """Let the models use another database, which nobody else does, and afterwards the one from
    before again."""
    before = database_proxy.obj
    database = Database(url, named=named, is_shared=False)
    try:
        yield database
    finally:
        database.close()
        if before is not None:
            database_proxy.initialize(before)


def root_words(error: BaseException) -> str:
    """Return the first line of an error's root cause, without a full stop."""
    while (cause := error.__cause__ or error.__context__) is not None:
        error = cause
    first_line = (str(error) or repr(error)).splitlines()[0]
    return first_line.rstrip(".")


def in_a_sentence(error: BaseException, named: str = SETTING) -> str:
    """Say to an operator, not to a client, what caused a driver's error."""
    return f"The database that {named} names can't be used: {root_words(error)}."
