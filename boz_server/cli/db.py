"""`flask db`: the database's schema, in words that Flask-Migrate's users know, and its backups."""

from pathlib import Path
from typing import Any

import click
import orjson
from flask.cli import AppGroup

from boz_server.api.context import services
from boz_server.cli.db_backup import backup, backups, restore
from boz_server.cli.db_copy import copy
from boz_server.cli.db_health import doctor, optimize, prune, stats, vacuum
from boz_server.database import schema_report
from boz_server.database.connection import in_a_sentence
from boz_server.database.dialects import ENGINE_ERRORS
from boz_server.database.migrations import BASE, HEAD, Migrations
from boz_server.errors import BozError
from boz_server.services.adoption import Adoption


class OneSentenceGroup(AppGroup):
    """Commands whose failure is one sentence on standard error and exit code 1."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BozError as error:
            raise click.ClickException(str(error)) from error
        except ENGINE_ERRORS as error:
            raise click.ClickException(in_a_sentence(error)) from error


db_group = OneSentenceGroup("db", help="The database: its schema, and backups.")
for command in (backup, backups, restore, copy, doctor, stats, vacuum, optimize, prune):
    db_group.add_command(command)


def _migrations() -> Migrations:
    database = services().database
    database.require_folder()
    return Migrations(database, before_change=services().backups.make_before_change)


@db_group.command()
def init() -> None:
    """Make the folder for migrations, where it is not there yet."""
    folder = _migrations().folder
    there = folder.is_dir()
    folder.mkdir(parents=True, exist_ok=True)
    click.echo(f"{folder} {'was there already' if there else 'made'}.")


@db_group.command()
@click.argument("name", default=HEAD)
def upgrade(name: str) -> None:
    """Apply pending migrations, up to NAME or all; all of them or none."""
    done = _migrations().upgrade(name)
    click.echo(f"Applied: {', '.join(done)}." if done else "Nothing to apply.")


@db_group.command()
@click.argument("name", required=False)
def downgrade(name: str | None) -> None:
    """Undo the newest migration, or all after NAME ("base": every one). Drops what they added."""
    click.echo(f"Undone: {', '.join(_migrations().downgrade(name))}.")


@db_group.command()
@click.option("-m", "--message", required=True, help="What it changes, in a few words.")
@click.option("--auto", is_flag=True, help="Draft it from the models; read it before use.")
def revision(message: str, auto: bool) -> None:
    """Write a new migration file."""
    name = _migrations().revision(message, auto=auto)
    if name is None:
        click.echo("The models ask for no change: nothing written.")
        return
    click.echo(f"Wrote {name}.py.")
    if auto:
        click.echo(
            "Read it before use: CHECK, DEFAULT and partial indexes are missing from a draft, and"
            " a rename reads as drop and add. 'flask db check' tells what is left."
        )


@db_group.command()
def current() -> None:
    """Say which migration the database is at."""
    applied = _migrations().applied()
    click.echo(applied[-1] if applied else f"{BASE} (no migration applied)")


@db_group.command()
def history() -> None:
    """List all migrations, oldest first, and which the database has had."""
    migrations = _migrations()
    applied = set(migrations.applied())
    for name in migrations.available():
        click.echo(f"{name} ({'applied' if name in applied else 'pending'})")


@db_group.command()
def heads() -> None:
    """Name the newest migration there is."""
    click.echo(_migrations().newest())


@db_group.command()
@click.argument("name")
def stamp(name: str) -> None:
    """Note NAME ("head", "base") as the database's version, and run nothing."""
    click.echo(f"Stamped: {_migrations().stamp(name)}.")


@db_group.command()
@click.pass_context
def check(context: click.Context) -> None:
    """Compare the database with the models; exit code 1 where they differ."""
    pending = _migrations().pending()
    found = [f"migration {name} is pending" for name in pending]
    found += schema_report.differences(services().database)
    for difference in found:
        click.echo(difference)
    click.echo(f"Differences: {len(found)}." if found else "The database fits the models.")
    context.exit(1 if found else 0)


@db_group.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object, with every lost row.")
def adopt(file: Path, as_json: bool) -> None:
    """Take over FILE, a database of the old system; ours has to be empty, or that very file."""
    wired = services()
    wired.database.require_folder()
    adoption = Adoption(wired.settings, wired.clock, wired.database)
    report, old = adoption.of_file(file)
    if as_json:
        click.echo(orjson.dumps(report.as_json() | {"old_database": str(old)}))
        return
    for line in report.lines():
        click.echo(line)
    click.echo(f"Adopted {file}; the old database is {old}.")
