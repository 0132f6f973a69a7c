"""Commands for admins: thin doors to the same services."""

from flask import Flask

from boz_server.cli.db import db_group
from boz_server.cli.demo import demo_command


def register_commands(app: Flask) -> None:
    """Hang the commands onto `flask`."""
    app.cli.add_command(db_group)
    app.cli.add_command(demo_command)
