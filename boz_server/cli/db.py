"""`flask db`: the database's schema, backups, health and moves."""

from typing import Any

import click
from flask.cli import AppGroup

from boz_server.cli import db_schema
from boz_server.cli.db_adopt import adopt
from boz_server.cli.db_backup import backup, backups, restore
from boz_server.cli.db_copy import copy
from boz_server.cli.db_health import doctor, optimize, prune, stats, vacuum
from boz_server.cli.db_shell import shell
from boz_server.database.connection import in_a_sentence
from boz_server.database.dialects import ENGINE_ERRORS
from boz_server.errors import BozError


class OneSentenceGroup(AppGroup):
    """Commands that fail with one sentence on standard error and exit code 1."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BozError as error:
            raise click.ClickException(str(error)) from error
        except ENGINE_ERRORS as error:
            raise click.ClickException(in_a_sentence(error)) from error


db_group = OneSentenceGroup("db", help="The database: its schema, backups, health, and moves.")
for command in (
    *db_schema.commands,
    *(adopt, copy, shell),
    *(backup, backups, restore),
    *(doctor, optimize, prune, stats, vacuum),
):
    db_group.add_command(command)
