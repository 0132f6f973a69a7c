"""Shorter intervals for the server of a test, for the configurations of its gunicorn."""

from dataclasses import replace
from typing import Any

from boz_server.api.context import services_of


def hurry(worker: Any, times: float) -> None:
    """Let what a gunicorn worker does regularly come that many times as often."""
    services = services_of(worker.wsgi)
    services.maintenance.steps = [
        replace(step, period_seconds=step.period_seconds / times)
        for step in services.maintenance.steps
    ]
    for loop in services.loops:
        loop.pause_seconds /= times
