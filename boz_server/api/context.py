"""The services of the current application."""

from typing import cast

from flask import Flask, current_app

from boz_server.context import Context
from boz_server.services.wiring import Services

EXTENSION = "boz_server"


def services() -> Services:
    """Return the services of the application that serves this request."""
    return services_of(current_app)


def context() -> Context:
    """Return the settings, clock, database and stores of those services."""
    return services().context


def services_of(app: Flask) -> Services:
    """Return the services that create_app built for an application."""
    return cast(Services, app.extensions[EXTENSION])
