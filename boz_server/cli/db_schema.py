"""`flask db upgrade` and the like: the schema, with the commands of Flask-Migrate."""

from functools import partial

import click

from boz_server.api.context import context
from boz_server.cli.output import Result, reported
from boz_server.database import schema_report
from boz_server.database.migrations import BASE, HEAD, Migrations
from boz_server.services.maintenance.backups import make_before_change


def _migrations() -> Migrations:
    context().database.require_folder()
    return Migrations(context().database, before_change=partial(make_before_change, context()))


@click.command()
@reported
def init() -> Result:
    """Create the folder for migrations, if it does not exist."""
    folder = _migrations().folder
    there = folder.is_dir()
    folder.mkdir(parents=True, exist_ok=True)
    line = f"{folder} {'was there already' if there else 'made'}."
    return Result(line, {"folder": str(folder), "made": not there})


@click.command()
@click.argument("name", default=HEAD)
@reported
def upgrade(name: str) -> Result:
    """Apply pending migrations, up to NAME or all of them; all or none."""
    done = _migrations().upgrade(name)
    line = f"Applied: {', '.join(done)}." if done else "Nothing to apply."
    return Result(line, {"applied": done})


@click.command()
@click.argument("name", required=False)
@reported
def downgrade(name: str | None) -> Result:
    """Undo the newest migration, or all after NAME ("base": all). Drops what they added."""
    undone = _migrations().downgrade(name)
    return Result(f"Undone: {', '.join(undone)}.", {"undone": undone})


@click.command()
@click.option("-m", "--message", required=True, help="What it changes, in a few words.")
@click.option("--auto", is_flag=True, help="Draft it from the models; read it before use.")
@reported
def revision(message: str, auto: bool) -> Result:
    """Write a new migration file."""
    name = _migrations().revision(message, auto=auto)
    if name is None:
        return Result("The models ask for no change: nothing written.", {"name": None})
    lines = [f"Wrote {name}.py."]
    if auto:
        lines.append(
            "Read it before use: CHECK, DEFAULT and partial indexes are missing from a draft, and"
            " a rename reads as drop and add. 'flask db check' tells what is left."
        )
    return Result(lines, {"name": name})


@click.command()
@reported
def current() -> Result:
    """Say which migration the database is at."""
    applied = _migrations().applied()
    name = applied[-1] if applied else None
    return Result(name or f"{BASE} (no migration applied)", {"name": name})


@click.command()
@reported
def history() -> Result:
    """List all migrations, oldest first, and which are applied."""
    migrations = _migrations()
    applied = set(migrations.applied())
    found = {name: name in applied for name in migrations.available()}
    return Result(
        [f"{name} ({'applied' if done else 'pending'})" for name, done in found.items()],
        [{"name": name, "applied": done} for name, done in found.items()],
    )


@click.command()
@reported
def heads() -> Result:
    """Name the newest migration."""
    name = _migrations().newest()
    return Result(name, {"name": name})


@click.command()
@click.argument("name")
@reported
def stamp(name: str) -> Result:
    """Record NAME ("head", "base") as the database's version, and run nothing."""
    noted = _migrations().stamp(name)
    return Result(f"Stamped: {noted}.", {"name": None if noted == BASE else noted})


@click.command()
@reported
def check() -> Result:
    """Compare the database with the models; exit code 1 if they differ."""
    pending = _migrations().pending()
    found = [f"migration {name} is pending" for name in pending]
    found += schema_report.differences(context().database)
    last = f"Differences: {len(found)}." if found else "The database fits the models."
    return Result([*found, last], {"differences": found}, failed=bool(found))


commands = (init, upgrade, downgrade, revision, current, history, heads, stamp, check)
