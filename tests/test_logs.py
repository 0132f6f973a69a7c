"""Log lines: one an event, for people or as JSON, whatever is in them."""

import io
import json
import logging
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from boz_server.logs import JsonFormatter, TextFormatter, configure_logging, request_id
from boz_server.settings import LogFormat, LogLevel, Settings

MOMENT = datetime(2026, 1, 24, 12, 34, 56, 123456, tzinfo=UTC)
NAMES = ("boz_server", "peewee")


@pytest.fixture(autouse=True)
def levels_as_they_were() -> Iterator[None]:
    """Keep a test that sets levels from setting them for the next one."""
    levels = {name: logging.getLogger(name).level for name in NAMES}
    yield
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


@pytest.fixture
def in_request() -> Iterator[None]:
    """A request that is under way."""
    token = request_id.set("abc-123")
    yield
    request_id.reset(token)


def record(message: str = "Disc reported", *args: Any, **extra: Any) -> logging.LogRecord:
    """A record as the product logs it."""
    made = logging.getLogger("boz_server.x").makeRecord(
        "boz_server.x", logging.INFO, __file__, 1, message, args, extra.pop("exc_info", None),
        extra=extra,
    )  # fmt: skip
    made.created = MOMENT.timestamp()
    return made


def failure() -> Any:
    """What sys.exc_info() has of an error."""
    try:
        raise ValueError("broken")
    except ValueError:
        return sys.exc_info()


def as_json(made: logging.LogRecord) -> dict[str, Any]:
    """The one JSON object of a line."""
    line = JsonFormatter().format(made)
    assert "\n" not in line
    return dict(json.loads(line))


@pytest.mark.usefixtures("in_request")
def test_it_writes_a_line_for_people():
    line = TextFormatter().format(record("Disc %s reported", "FIREFLY", job_id="j", tries=2))
    assert line == (
        "2026-01-24 12:34:56.123 INFO boz_server.x [abc-123] Disc FIREFLY reported job_id=j tries=2"
    )


def test_it_marks_a_line_outside_a_request():
    assert " [-] Disc reported" in TextFormatter().format(record())


def test_it_writes_the_traceback_below_the_line():
    first, *rest = TextFormatter().format(record(exc_info=failure())).splitlines()
    assert first.endswith("Disc reported")
    assert rest[0].startswith("Traceback")
    assert rest[-1] == "ValueError: broken"


@pytest.mark.parametrize("control", ["\n", "\r", "\x1b", "\x00", "\x7f", "\x85", "\x9b"])
def test_it_lets_no_text_begin_a_line_or_steer_a_terminal(control):
    line = TextFormatter().format(record("Path %s", f"a{control}b", label=f"c{control}d"))
    assert control not in line
    assert f"a\\x{ord(control):02x}b" in line
    assert f"c\\x{ord(control):02x}d" in line


@pytest.mark.usefixtures("in_request")
def test_it_writes_a_json_object_a_line():
    assert as_json(record("Disc %s reported", "FIREFLY", job_id="j", tries=2)) == {
        "time": "2026-01-24T12:34:56.123456+00:00",
        "level": "info",
        "logger": "boz_server.x",
        "request_id": "abc-123",
        "message": "Disc FIREFLY reported",
        "job_id": "j",
        "tries": 2,
    }


def test_it_puts_the_traceback_into_the_json():
    assert as_json(record(exc_info=failure()))["exception"].endswith("ValueError: broken")


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (Path("/data"), "/data"),
        (MOMENT, "2026-01-24 12:34:56.123456+00:00"),
        ({1: "one"}, {"1": "one"}),
        (2**70, 2**70),
        ("Amélie\nfilm", "Amélie\nfilm"),
        ("caf\udce9.mkv", "caf\udce9.mkv"),  # a file name that is no UTF-8, as Python has it
    ],
)
def test_it_loses_no_line_over_a_value(value, written):
    assert as_json(record(value=value))["value"] == written


def logged(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The lines that reach standard error."""
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    configure_logging(settings)
    for name in NAMES:
        for level in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR):
            logging.getLogger(name).log(level, "%s", logging.getLevelName(level))
    return [" ".join(line.split()[2:4]) for line in stream.getvalue().splitlines()]


PEEWEE = ["WARNING peewee", "ERROR peewee"]


@pytest.mark.parametrize(
    ("changes", "levels"),
    [
        ({}, ["INFO", "WARNING", "ERROR"]),
        ({"log_level": LogLevel.ERROR}, ["ERROR"]),
        ({"log_level": LogLevel.DEBUG}, ["DEBUG", "INFO", "WARNING", "ERROR"]),
        ({"log_level": LogLevel.ERROR, "debug": True}, ["DEBUG", "INFO", "WARNING", "ERROR"]),
    ],
)
def test_it_logs_from_the_level_that_was_asked_for(monkeypatch, changes, levels):
    expected = [f"{level} boz_server" for level in levels] + PEEWEE
    assert logged(replace(Settings(), **changes), monkeypatch) == expected


def test_it_logs_statements_only_where_that_was_asked_for(monkeypatch):
    lines = logged(Settings(database_echo=True), monkeypatch)
    assert lines[3:] == ["DEBUG peewee", "INFO peewee", *PEEWEE]


def test_it_logs_each_line_once_however_often_it_is_configured(monkeypatch):
    configure_logging(Settings())
    assert len(logged(Settings(), monkeypatch)) == 3 + len(PEEWEE)


def test_it_writes_the_format_that_was_asked_for(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    configure_logging(Settings(log_format=LogFormat.JSON))
    logging.getLogger("boz_server.x").warning("Hello", extra={"disc_id": "d"})
    assert json.loads(stream.getvalue())["disc_id"] == "d"


def test_it_logs_no_address_that_may_have_a_key(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    configure_logging(Settings(debug=True))
    for level in (logging.DEBUG, logging.WARNING):
        logging.getLogger("urllib3.connectionpool").log(level, "GET /?apikey=hunter2")
    assert stream.getvalue() == ""
