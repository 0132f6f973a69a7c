"""Migrates the schema with peewee-migrate's router, under a lock, all or nothing.

By itself peewee-migrate lets two processes apply the same migration, and with SQLite's foreign keys
on it deletes the children of rebuilt tables. So every change runs in one transaction, which is also
the lock (see dialects.py) and in which pending migrations are determined. An interrupted upgrade
leaves the schema unchanged.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from peewee_migrate import Router

from boz_server.database.connection import Database
from boz_server.database.models import MODELS
from boz_server.errors import BozError, StartError

#: The server's migrations, in a folder beside the package.
MIGRATIONS_FOLDER = Path(__file__).parents[2] / "migrations"
HISTORY_TABLE = "migratehistory"
BASE = "base"
HEAD = "head"


class MigrationError(BozError):
    """A `flask db` command can't be carried out; says what to do."""


class Migrations:
    """The migrations in a folder, and those applied to a database."""

    def __init__(
        self,
        database: Database,
        folder: Path = MIGRATIONS_FOLDER,
        *,
        before_change: Callable[[], object] = lambda: None,
    ) -> None:
        """before_change: called before an existing schema is changed; if it raises, nothing is."""
        self.database = database
        self.folder = folder
        self.before_change = before_change

    def available(self) -> list[str]:
        """Return the names of all migrations in the folder, oldest first."""
        return sorted(file.stem for file in self.folder.glob("[0-9][0-9][0-9]_*.py"))

    def newest(self) -> str:
        """Return the name of the newest migration. Raises StartError if the folder has none."""
        if not self.available():
            raise StartError(f"No migration is in {self.folder}: install the server anew.")
        return self.available()[-1]

    def applied(self) -> list[str]:
        """Return the names of the applied migrations, oldest first; creates no table."""
        if not self.database.peewee.table_exists(HISTORY_TABLE):
            return []
        rows = self.database.peewee.execute_sql(f"SELECT name FROM {HISTORY_TABLE} ORDER BY id")  # noqa: S608
        return [name for (name,) in rows.fetchall()]

    def pending(self) -> list[str]:
        """Return the names of the migrations that the database still needs, oldest first."""
        done = set(self.applied())
        return [name for name in self.available() if name not in done]

    def require_current(self) -> None:
        """Raise StartError, with the command to run, unless the schema is this server's."""
        self.newest()  # raises without any migrations: otherwise none would be pending
        self._refuse_foreign()
        self._refuse_newer()
        pending = self.pending()
        if pending:
            raise StartError(
                f"The database lacks {len(pending)} of this server's migrations (next:"
                f" {pending[0]}): run 'flask db upgrade', or set BOZ_AUTO_MIGRATE=true."
            )

    def upgrade(self, target: str = HEAD) -> list[str]:
        """Apply pending migrations up to `target`, all or none. Returns their names."""
        last = self._resolve(target)
        self._refuse_foreign()
        self._refuse_newer()
        applied = self.applied()
        if last in applied:
            # Without the lock: on a large file its check of all foreign keys takes seconds.
            return []
        if applied:
            self.before_change()
        with self._changing() as router:
            self._refuse_newer()
            if last in self.applied():
                return []
            return list(router.run(last))

    def downgrade(self, target: str | None = None) -> list[str]:
        """Undo the newest migration, or all after `target` ("base": all of them).

        Returns the names of those undone, newest first.
        """
        keep = BASE if target == BASE else target and self._resolve(target)
        self._refuse_newer()
        if self.applied():
            self.before_change()
        with self._changing() as router:
            self._refuse_newer()
            done = self.applied()
            if keep not in (None, BASE) and keep not in done:
                raise MigrationError(f"The database has not had {keep}: see 'flask db current'.")
            if keep is None:
                undo = done[-1:]
            else:
                undo = done if keep == BASE else done[done.index(keep) + 1 :]
            if not undo:
                raise MigrationError("There is nothing to undo.")
            for _ in undo:
                router.rollback()
            return undo[::-1]

    def stamp(self, target: str) -> str:
        """Record `target` as the database's version, and run nothing. Returns its name."""
        names = self.available()
        name = BASE if target == BASE else self._resolve(target)
        wanted = [] if name == BASE else names[: names.index(name) + 1]
        with self._changing() as router:
            router.clear_history()
            for item in wanted:
                router.model.create(name=item)
        return name

    def revision(self, message: str, *, auto: bool = False) -> str | None:
        """Write a new migration file. Returns its name; None if --auto found no change."""
        slug = "_".join(filter(None, "".join(c if c.isalnum() else " " for c in message).split()))
        with self._changing() as router:
            return router.create(slug.lower() or "change", auto=list(MODELS) if auto else False)

    @contextmanager
    def _changing(self) -> Iterator["_Router"]:
        with self.database.dialect.migration(self.database.peewee):
            yield _Router(
                self.database.peewee, migrate_dir=self.folder, logger=logging.getLogger(__name__)
            )

    def _resolve(self, target: str) -> str:
        """Return the migration with that name, or the only one that starts with it."""
        if target == HEAD:
            return self.newest()
        found = [name for name in self.available() if name.startswith(target)]
        if len(found) != 1 and target not in found:
            raise MigrationError(
                f"No single migration is named {target!r}: 'flask db history' lists them."
            )
        return target if target in found else found[0]

    def _refuse_newer(self) -> None:
        unknown = [name for name in self.applied() if name not in self.available()]
        if unknown:
            raise StartError(
                f"The database is newer than this server (it has had {unknown[-1]}): start the"
                " newer server, or run 'flask db downgrade' with it first."
            )

    def _refuse_foreign(self) -> None:
        """Raise StartError if another program has made tables with our names.

        Our CREATE TABLE IF NOT EXISTS would accept them. Needs no lock: our own tables appear and
        disappear in one transaction with their history.
        """
        there = self.database.tables()
        if HISTORY_TABLE in there and self.applied():
            return
        taken = sorted({model._meta.table_name for model in MODELS} & there)
        if taken:
            raise StartError(
                f"The database has a table {taken[0]!r} that this server did not make: name"
                " another database in BOZ_DATABASE_URL, and keep this one; one of the old system"
                " is taken over by 'flask db adopt FILE'."
            )


class _Router(Router):
    """peewee-migrate's router, whose own `clear` also deletes the migration files."""

    def clear_history(self) -> None:
        self.model.delete().execute()
