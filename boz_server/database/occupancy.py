"""Who has the database: any number of servers together, or one restore alone.

SQLite's servers hold a lock on a file beside the database's; the processes that a server forks
inherit it, so it ends with the last of them, however that ends. A server's own processes can't be
told by SQLite: between two requests they may have no connection. PostgreSQL knows who is connected.
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


def occupy(database: Database) -> IO[bytes] | None:
    """Have the database as a server, until the file that is returned is closed in every process
    that has it; None on PostgreSQL. Raises StartError while it is being restored."""
    database.require_folder()
    if database.path is None:
        return None
    file = _lock_file(database.path.resolve())
    if not lock(file, shared=True):
        file.close()
        raise StartError("The database is being restored: start the server when that is done.")
    return file


@contextmanager
def alone(database: Database) -> Iterator[None]:
    """Have the database alone, and keep servers from starting on it. Raises StartError while one
    has it."""
    if database.path is None:
        with _alone_on_postgres(database.peewee, database.dialect):
            yield
        return
    with _lock_file(database.path.resolve()) as file:
        if not lock(file):
            raise StartError("A server has the database open: stop it first; nothing was changed.")
        yield


def _lock_file(path: Path) -> IO[bytes]:
    """Open the file beside a database's; only its lock counts, so it stays when it is not held."""
    lock_path = path.with_name(f"{path.name}.lock")
    lock_path.touch()
    return lock_path.open("rb")


@contextmanager
def _alone_on_postgres(database: Any, dialect: Any) -> Iterator[None]:
    # A server that starts meanwhile waits for this lock before it looks at the schema.
    with dialect.keep_schema(database):
        ((others,),) = database.execute_sql(_OTHERS).fetchall()
        if others:
            raise StartError(
                f"{others} other connections to the database are open: stop the server, and whoever"
                " else uses it, first; nothing was changed."
            )
        yield
