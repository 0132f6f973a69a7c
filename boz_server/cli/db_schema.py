"""`flask db upgrade` and the like: the schema, with the commands of Flask-Migrate."""

from functools import partial

import click
from flask.cli import with_appcontext

from boz_server.api.context import context
from boz_server.cli.output import json_option, say, say_list
from boz_server.database import schema_report
from boz_server.database.migrations import BASE, HEAD, Migrations
from boz_server.services.maintenance.backups import make_before_change


def _migrations() -> Migrations:
    context().database.require_folder()
    return Migrations(context().database, before_change=partial(make_before_change, context()))


@click.command()
@json_option
@with_appcontext
def init(as_json: bool) -> None:
    """Create the folder for migrations, if it does not exist."""
    folder = _migrations().folder
    there = folder.is_dir()
    folder.mkdir(parents=True, exist_ok=True)
    say(
        f"{folder} {'was there already' if there else 'made'}.",
        {"folder": str(folder), "made": not there},
        as_json=as_json,
    )


@click.command()
@click.argument("name", default=HEAD)
@json_option
@with_appcontext
def upgrade(name: str, as_json: bool) -> None:
    """Apply pending migrations, up to NAME or all of them; all or none."""
    done = _migrations().upgrade(name)
    line = f"Applied: {', '.join(done)}." if done else "Nothing to apply."
    say(line, {"applied": done}, as_json=as_json)


@click.command()
@click.argument("name", required=False)
@json_option
@with_appcontext
def downgrade(name: str | None, as_json: bool) -> None:
    """Undo the newest migration, or all after NAME ("base": all). Drops what they added."""
    undone = _migrations().downgrade(name)
    say(f"Undone: {', '.join(undone)}.", {"undone": undone}, as_json=as_json)


@click.command()
@click.option("-m", "--message", required=True, help="What it changes, in a few words.")
@click.option("--auto", is_flag=True, help="Draft it from the models; read it before use.")
@json_option
@with_appcontext
def revision(message: str, auto: bool, as_json: bool) -> None:
    """Write a new migration file."""
    name = _migrations().revision(message, auto=auto)
    lines = [
        "The models ask for no change: nothing written." if name is None else f"Wrote {name}.py."
    ]
    if auto and name is not None:
        lines.append(
            "Read it before use: CHECK, DEFAULT and partial indexes are missing from a draft, and"
            " a rename reads as drop and add. 'flask db check' tells what is left."
        )
    say("\n".join(lines), {"name": name}, as_json=as_json)


@click.command()
@json_option
@with_appcontext
def current(as_json: bool) -> None:
    """Say which migration the database is at."""
    applied = _migrations().applied()
    name = applied[-1] if applied else None
    say(name or f"{BASE} (no migration applied)", {"name": name}, as_json=as_json)


@click.command()
@json_option
@with_appcontext
def history(as_json: bool) -> None:
    """List all migrations, oldest first, and which are applied."""
    migrations = _migrations()
    applied = set(migrations.applied())
    found = {name: name in applied for name in migrations.available()}
    say_list(
        [f"{name} ({'applied' if done else 'pending'})" for name, done in found.items()],
        [{"name": name, "applied": done} for name, done in found.items()],
        as_json=as_json,
    )


@click.command()
@json_option
@with_appcontext
def heads(as_json: bool) -> None:
    """Name the newest migration."""
    name = _migrations().newest()
    say(name, {"name": name}, as_json=as_json)


@click.command()
@click.argument("name")
@json_option
@with_appcontext
def stamp(name: str, as_json: bool) -> None:
    """Record NAME ("head", "base") as the database's version, and run nothing."""
    noted = _migrations().stamp(name)
    say(f"Stamped: {noted}.", {"name": None if noted == BASE else noted}, as_json=as_json)


@click.command()
@json_option
@click.pass_context
@with_appcontext
def check(command: click.Context, as_json: bool) -> None:
    """Compare the database with the models; exit code 1 if they differ."""
    pending = _migrations().pending()
    found = [f"migration {name} is pending" for name in pending]
    found += schema_report.differences(context().database)
    last = f"Differences: {len(found)}." if found else "The database fits the models."
    say("\n".join([*found, last]), {"differences": found}, as_json=as_json)
    command.exit(1 if found else 0)


commands = (init, upgrade, downgrade, revision, current, history, heads, stamp, check)
