"""`flask db copy`: copies all rows to another database, to move there."""

from dataclasses import asdict

import click

from boz_server.api.context import context
from boz_server.cli.output import Result, reported
from boz_server.database import transfer


@click.command()
@click.option(
    transfer.OPTION,
    "url",
    required=True,
    metavar="URL",
    help="The empty database, as BOZ_DATABASE_URL would name it.",
)
@reported
def copy(url: str) -> Result:
    """Copy all rows to an empty database, of either engine, and compare them.

    The copy is of the moment when it begins: to move there, stop the server first.
    """
    copied = transfer.copy(context().database, url)
    rows = sum(one.rows for one in copied)
    return Result(
        f"Copied: {rows} rows of {len(copied)} tables, and each table's count and checksum are the"
        " same. What the server has written since it began is not among them.",
        {"rows": rows, "tables": [asdict(one) for one in copied]},
    )
