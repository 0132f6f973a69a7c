"""Who is using the database: any number of servers, or one restore alone.

On SQLite a server holds a shared lock on a file beside the database's. The processes it forks
inherit the lock, so it lasts until the last of them ends, however that happens. SQLite itself can't
tell: between two requests a process may have no connection. PostgreSQL knows who is connected.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from boz_server.database.connection import Database
from boz_server.disk import lock
from boz_server.errors import StartError

_OTHERS = (
    "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database()"
    " AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
)


def acquire_shared(database: Database) -> IO[bytes] | None:
    """Mark the database as in use by a server until every process has closed the returned file.

    None on PostgreSQL. Raises StartError while the database is being restored.
    """
    database.require_folder()
    if database.path is None:
        return None
    file = _lock_file(database.path.resolve())
    if not lock(file, shared=True):
        file.close()
        raise StartError("The database is being restored: start the server when that is done.")
    return file


@contextmanager
def exclusive(database: Database) -> Iterator[None]:
    """Keep servers from starting on the database. Raises StartError if one is using it."""
    if database.path is None:
        with _exclusive_on_postgres(database.peewee, database.dialect):
            yield
        return
    with _lock_file(database.path.resolve()) as file:
        if not lock(file):
            raise StartError("A server has the database open: stop it first; nothing was changed.")
        yield


def _lock_file(path: Path) -> IO[bytes]:
    """Open the file beside a database's. Only its lock counts, so it is never deleted."""
    lock_path = path.with_name(f"{path.name}.lock")
    lock_path.touch()
    return lock_path.open("rb")


@contextmanager
def _exclusive_on_postgres(database: Any, dialect: Any) -> Iterator[None]:
    # A server that starts now waits for this lock before it looks at the schema.
    with dialect.keep_schema(database):
        ((others,),) = database.execute_sql(_OTHERS).fetchall()
        if others:
            raise StartError(
                f"{others} other connections to the database are open: stop the server and all"
                " other programs that use it first; nothing was changed."
            )
        yield
