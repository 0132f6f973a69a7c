"""`flask db shell`: SQL by hand."""

import os

import click
from flask.cli import with_appcontext

from boz_server.api.context import services
from boz_server.database import shell as shells


@click.command()
@click.option("--write", is_flag=True, help="Allow statements that change the database.")
@with_appcontext
def shell(write: bool) -> None:
    """Open sqlite3 or psql on the database, for reading; the server may be running.

    Statements can also be piped in; the exit code is the program's.
    """
    database = services().context.database
    database.require_file()
    command, environment = shells.command(database, write=write)
    os.execvpe(command[0], command, environment)  # noqa: S606 - the engine's own program
