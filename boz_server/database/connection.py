"""The one pooled database of a process: transactions, and connections lent to threads."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import peewee
from playhouse.pool import MaxConnectionsExceeded

from boz_server.database.dialects import SQLite, dialect_of
from boz_server.database.models.base import database_proxy
from boz_server.database.quick_context import QuickContext
from boz_server.disk import prove_writable
from boz_server.errors import BozError, DatabaseBusy, StartError, StorageFull
from boz_server.settings import Settings

#: What names the server's database.
SETTING = "BOZ_DATABASE_URL"
#: How long a statement, a writer's turn or a free connection is waited for.
WAIT_SECONDS = 10.0


class _Ending(threading.local):
    """This thread's write transaction: how deep it is nested, whether it may change the queue, and
    what to do before its commit: {action: keys}."""

    def __init__(self) -> None:
        self.depth = 0
        self.in_queue = 0
        self.keys: dict[Callable[[Sequence[str]], None], set[str]] = {}


class Database:
    """All models of the process live in this database.

    A thread borrows a connection with its first query and gives it back with `release()`; the
    application does that at the end of every request and command.
    """

    def __init__(
        self,
        url: str,
        *,
        max_connections: int = 15,
        wait_seconds: float = WAIT_SECONDS,
        named: str = SETTING,
    ) -> None:
        """named: where a person wrote the URL, for what errors say."""
        self.dialect, self.url = dialect_of(url, named)
        self.named = named
        self.wait_seconds = wait_seconds
        self.peewee: Any = self.dialect.connect(
            self.url, max_connections=max_connections, wait_seconds=wait_seconds
        )
        self.peewee.context_class = QuickContext
        # Writers of one process queue here, not in SQLite's sleep-and-retry loop, whose
        # waits grow: see docs/schema.md for the figures.
        self._turn = threading.RLock()
        self._ending = _Ending()
        database_proxy.initialize(self.peewee)

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Build the database that the settings name; no connection is opened yet."""
        return cls(
            settings.database_url,
            max_connections=settings.database_pool_size + settings.database_max_overflow,
        )

    @property
    def path(self) -> Path | None:
        """The database's file; None where the engine is a server."""
        return Path(self.peewee.database) if isinstance(self.dialect, SQLite) else None

    @contextmanager
    def write(self) -> Iterator[None]:
        """Run a transaction that may change things; inside another one, a part of it.

        Raises DatabaseBusy when this process's other writers leave no turn within the wait; what
        the engine itself refuses is the driver's error, for `explain` to put into words.
        """
        if not self.dialect.one_writer:
            with self._transaction():
                yield
            return
        # The connection first: whoever waited for one during its turn would wait for those
        # that have one and wait for their turn.
        self.peewee.connect(reuse_if_open=True)
        if not self._turn.acquire(timeout=self.wait_seconds):
            raise DatabaseBusy
        try:
            with self._transaction():
                yield
        finally:
            self._turn.release()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        ending = self._ending
        ending.depth += 1
        try:
            with self.peewee.atomic():
                yield
                if ending.depth == 1:
                    for action, keys in ending.keys.items():
                        action(sorted(keys))
        finally:
            ending.depth -= 1
            if not ending.depth:
                ending.keys.clear()

    def before_commit(self, action: Callable[[Sequence[str]], None], key: str) -> None:
        """Have something done at the end of the write transaction, within it: once, for all keys
        that it was asked for. At once where there is none."""
        if self._ending.depth:
            self._ending.keys.setdefault(action, set()).add(key)
        else:
            action([key])

    @contextmanager
    def write_queue(self) -> Iterator[None]:
        """Run a write transaction in which no one else changes the queue, or the discs it is
        filled from.

        One change touches jobs, agents, workers, discs and titles, in an order that differs from
        case to case, and reads how many jobs run before it starts another: on PostgreSQL, row
        locks alone would let two of them wait for each other, or both take the last free place.
        """
        with self.write():
            self.dialect.take_turn(self.peewee)
            self._ending.in_queue += 1
            try:
                yield
            finally:
                self._ending.in_queue -= 1

    def require_queue(self) -> None:
        """Raise RuntimeError outside of `write_queue()`: what follows relies on being alone."""
        if not self._ending.in_queue:
            raise RuntimeError("This changes the queue: call it inside write_queue().")

    @contextmanager
    def read(self) -> Iterator[None]:
        """Run several queries that all see the same instant."""
        with self.dialect.snapshot(self.peewee):
            yield

    def refuse_transaction(self) -> None:
        """Raise RuntimeError inside a transaction: what follows may wait long for others."""
        if self.peewee.in_transaction():
            raise RuntimeError("Nothing may wait for another server inside a transaction.")

    def lock_row(self, model: type[peewee.Model], key: str) -> bool:
        """Keep other writers off a row until the transaction ends. False when there is none."""
        field: Any = model._meta.primary_key
        query = model.select(field).where(field == key)
        return self.dialect.lock_rows(query).first() is not None

    def keep_row(self, model: type[peewee.Model], key: str) -> None:
        """Do the same where no one asks whether there is one: nothing, if whoever writes is alone
        anyway."""
        if not self.dialect.one_writer:
            self.lock_row(model, key)

    def tables(self) -> set[str]:
        """Name the tables that are there, but for SQLite's own and those of its indexes of words;
        asking changes nothing about the file."""
        if self.path is None:
            return set(self.peewee.get_tables())
        if not self.path.is_file():
            return set()
        # Our own connections turn a file to WAL, which must not happen to someone else's.
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
        """Give this thread's connection, if it has one, back to the pool."""
        if not self.peewee.is_closed():
            self.peewee.close()

    def close(self) -> None:
        """Close every connection: at the end of the process, and before a fork."""
        self.peewee.close_all()

    def require_folder(self) -> None:
        """Raise StartError unless the folder of the database's file is there and writable."""
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
        """Raise StartError where the database's file is missing, instead of making an empty one."""
        self.require_folder()
        if self.path is not None and not self.path.is_file():
            raise StartError(
                f"There is no database at {self.path}: name the right file in {self.named}."
            )

    def explain(self, error: BaseException) -> BozError | None:
        """Say what a driver's error means for a client; None when it is a fault of ours.

        Peewee wraps the driver's error, and a full disk surfaces as yet another error on the
        way out of the transaction: the cause is looked for down the whole chain.
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
    """Let the models use another database, and afterwards the one from before again."""
    before = database_proxy.obj
    database = Database(url, named=named)
    try:
        yield database
    finally:
        database.close()
        if before is not None:
            database_proxy.initialize(before)


def root_words(error: BaseException) -> str:
    """Return the words of the error that another one goes back to, without a full stop."""
    while (cause := error.__cause__ or error.__context__) is not None:
        error = cause
    first_line = (str(error) or repr(error)).splitlines()[0]
    return first_line.rstrip(".")


def in_a_sentence(error: BaseException, named: str = SETTING) -> str:
    """Say for an operator, not for a client, what a driver's error goes back to."""
    return f"The database that {named} names can't be used: {root_words(error)}."
