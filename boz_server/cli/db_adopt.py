"""`flask db adopt`: takes over the old system's database."""

from pathlib import Path

import click

from boz_server.api.context import context
from boz_server.cli.output import Result, reported
from boz_server.database.legacy.adoption import adopt_file
from boz_server.services.discs.thumbnails import store_of


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@reported
def adopt(file: Path) -> Result:
    """Take over FILE, a database of the old system; ours must be empty, or that very file.

    The JSON lists every row that was lost.
    """
    database, now = context().database, context().clock.now()
    database.require_folder()
    report, old = adopt_file(database, file, now, store_of(context()).has)
    return Result(
        [*report.lines(), f"Adopted {file}; the old database is {old}."],
        report.as_json() | {"old_database": str(old)},
    )
