"""`flask db adopt`: the way here from the system that was before."""

from pathlib import Path

import click
from flask.cli import with_appcontext

from boz_server.api.context import services
from boz_server.cli.output import json_option, say
from boz_server.database.legacy.adoption import Adoption


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@json_option
@with_appcontext
def adopt(file: Path, as_json: bool) -> None:
    """Take over FILE, a database of the old system; ours has to be empty, or that very file.

    JSON has every row that was lost.
    """
    wired = services()
    wired.context.database.require_folder()
    report, old = Adoption(
        wired.context.settings, wired.context.clock, wired.context.database
    ).of_file(file)
    say(
        "\n".join([*report.lines(), f"Adopted {file}; the old database is {old}."]),
        report.as_json() | {"old_database": str(old)},
        as_json=as_json,
    )
