"""Commands for admins, on the same services as the API."""

from flask import Flask

from boz_server.cli.db import db_group
from boz_server.cli.demo import demo_command


def register_commands(app: Flask) -> None:
    """Add the commands to `flask`."""
    app.cli.add_command(db_group)
    app.cli.add_command(demo_command)
