"""The services of the application that serves this request."""

from typing import cast

from flask import current_app

from boz_server.services.wiring import Services

EXTENSION = "boz_server"


def services() -> Services:
    """Return the services that create_app built."""
    return cast(Services, current_app.extensions[EXTENSION])
