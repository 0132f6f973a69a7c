"""Helpers of the tests: a clock, checks, and factories that reach a state by real requests."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from flask import Flask
from werkzeug.test import TestResponse

from boz_server.api.context import EXTENSION
from boz_server.database.models import MODELS, Disc
from boz_server.services.discs import detection
from boz_server.services.discs.detection import ReportedDisc
from boz_server.services.wiring import Services, build_services

Answer = TypeVar("Answer")

JPEG = (
    "/9j/4AAQSkZJRgABAQEAYABgAAD/2wBDAAgGBgcGBQgHBwcJCQgKDBQNDAsLDBkSEw8UHRofHh0aHBwgJC4nICIs"
    "IxwcKDcpLDAxNDQ0Hyc5PTgyPC4zNDL/wAALCAABAAEBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAACf/EABQQAQAA"
    "AAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8AVN//2Q=="
)
#: So long after it left its drive, a disc is a new one when it is put in again.
NEW_DISC_SECONDS = 25 * 3600


class FakeClock:
    """A clock that a test moves by hand."""

    def __init__(self) -> None:
        self.time = datetime(2026, 1, 24, 12, 34, 56, 123456, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    def advance(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


def assert_problem(
    response: TestResponse, status: int, mentions: str = "", field: str | None = None
) -> None:
    """Check that an answer is a problem whose detail mentions something, at a field if named."""
    assert response.status_code == status, response.text
    assert response.content_type == "application/problem+json"
    body = response.get_json()
    assert body["status"] == status
    assert {"type", "title", "detail", "instance"} <= body.keys()
    assert mentions in body["detail"]
    if field is not None:
        assert field in body["errors"], body["errors"]


def restart(app: Flask, **changes: Any) -> Services:
    """Build the services anew on the same database, as a restart with other settings does."""
    context = app.extensions[EXTENSION].context
    new = build_services(replace(context.settings, **changes), context.database, context.clock)
    app.extensions[EXTENSION] = new
    return new


@contextmanager
def unchanged(services: Services) -> Iterator[None]:
    """Check that whatever happens meanwhile leaves the database as it was."""
    before = _rows(services)
    yield
    assert _rows(services) == before


def _rows(services: Services) -> dict[str, list[str]]:
    tables = [model._meta.table_name for model in MODELS]
    select = services.context.database.peewee.execute_sql
    return {
        table: sorted(map(repr, select(f"SELECT * FROM {table}").fetchall()))  # noqa: S608
        for table in tables
    }


def at_once(*calls: Callable[[], Answer]) -> list[Answer]:
    """Make calls in threads that start at the same moment; returns their answers in order."""
    start = threading.Barrier(len(calls))

    def run(call: Callable[[], Answer]) -> Answer:
        start.wait(10)
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def file_names(disc: dict[str, Any]) -> list[str]:
    """The proposed file names of a disc's selected titles."""
    return [title["proposed_filename"] for title in disc["titles"] if title["selected"]]


def put_in(services: Services, report: ReportedDisc) -> Disc:
    """Take an agent's report of a disc, as the API does."""
    disc = detection.look_up(services.context, services.metadata, report)
    return detection.enter(services.context, disc)


def episodes(disc: dict[str, Any]) -> list[int | None]:
    """The episode numbers of a disc's selected titles."""
    return [title["episode_number"] for title in disc["titles"] if title["selected"]]
