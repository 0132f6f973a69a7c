"""Folders of migrations: the server's own, and some that only tests have."""

import shutil
from pathlib import Path

from boz_server.database.migrations import MIGRATIONS_FOLDER

#: Names of the server's own migrations, oldest first. Tests add theirs after them: 901, 902.
OURS = sorted(file.stem for file in MIGRATIONS_FOLDER.glob("[0-9]*.py"))

#: Adds a table, rows and a column, and can be undone.
SHELVES = """
import peewee as pw

def migrate(migrator, database, *, fake=False):
    migrator.sql("CREATE TABLE shelves (name TEXT)")
    migrator.sql("INSERT INTO shelves VALUES ('top')")
    migrator.sql("UPDATE agents SET name = 'Changed'")
    migrator.add_fields("agents", shelf=pw.TextField(null=True))

def rollback(migrator, database, *, fake=False):
    migrator.remove_fields("agents", "shelf")
    migrator.sql("DROP TABLE shelves")
"""

#: Makes a migration fail at its last step, after all of the above.
BREAKS = """
with_shelves = migrate

def migrate(migrator, database, *, fake=False):
    with_shelves(migrator, database, fake=fake)
    migrator.sql("INSERT INTO nowhere VALUES (1)")
"""

NOTHING = """
def migrate(migrator, database, *, fake=False):
    pass

def rollback(migrator, database, *, fake=False):
    pass
"""


def folder_with(path: Path, **migrations: str) -> Path:
    """Return a folder with the server's migrations followed by these, as `m901_name=source`."""
    folder = path / "migrations"
    shutil.copytree(
        MIGRATIONS_FOLDER, folder, dirs_exist_ok=True, ignore=lambda *_: ["__pycache__"]
    )
    for name, source in migrations.items():
        (folder / f"{name.removeprefix('m')}.py").write_text(source)
    return folder
