"""`flask db doctor`: what is wrong with the database, and what to do."""

from dataclasses import asdict

import click
from flask.cli import with_appcontext

from boz_server.api.context import services
from boz_server.cli.output import json_option, say_list
from boz_server.database.findings import Severity
from boz_server.database.migrations import Migrations
from boz_server.doctor import examine


@click.command()
@json_option
@click.pass_context
@with_appcontext
def doctor(context: click.Context, as_json: bool) -> None:
    """Examine the database; exit code 1 where something is wrong. The server may run meanwhile."""
    services().database.require_file()
    found = list(examine(services(), Migrations(services().database)))
    lines = [
        f"{one.severity}: {one.check}: {one.detail}{f' {one.fix}' if one.fix else ''}"
        for one in found
    ]
    say_list(lines, [asdict(one) for one in found], as_json=as_json)
    context.exit(1 if any(one.severity is Severity.ERROR for one in found) else 0)
