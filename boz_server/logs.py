"""Log lines for people or as JSON, each with the id of its request."""

import json
import logging
from contextvars import ContextVar
from datetime import UTC, datetime

from boz_server.settings import LogFormat, Settings

#: The request id of lines outside any request.
OUTSIDE = "-"

#: Id of the request that this thread is serving.
request_id: ContextVar[str] = ContextVar("request_id", default=OUTSIDE)

#: Attributes of every LogRecord; all others came in through `extra`.
_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}

#: Disc labels and paths come from outside: none may start a new line or control a terminal.
_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0))}


def configure_logging(settings: Settings) -> None:
    """Send the log to standard error, with the format and level of the settings."""
    handler = logging.StreamHandler()
    handler.setFormatter(
        JsonFormatter() if settings.log_format is LogFormat.JSON else TextFormatter()
    )
    level = logging.DEBUG if settings.debug else settings.log_level.upper()
    logging.getLogger("boz_server").setLevel(level)
    # Peewee logs each statement, parameters included, at DEBUG.
    logging.getLogger("peewee").setLevel(
        logging.DEBUG if settings.database_echo else logging.WARNING
    )
    # Its warnings quote addresses, some of which contain a provider's key.
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    root = logging.getLogger()
    root.handlers = [handler]


def _fields(record: logging.LogRecord) -> dict[str, object]:
    return {key: value for key, value in record.__dict__.items() if key not in _STANDARD}


class TextFormatter(logging.Formatter):
    """`2026-01-24 12:34:56.123 INFO boz_server.x [request id] sentence key=value`."""

    def format(self, record: logging.LogRecord) -> str:
        when = datetime.fromtimestamp(record.created, UTC).isoformat(" ", "milliseconds")[:23]
        line = f"{when} {record.levelname} {record.name} [{request_id.get()}] {record.getMessage()}"
        line += "".join(f" {key}={value}" for key, value in _fields(record).items())
        line = line.translate(_CONTROLS)
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class JsonFormatter(logging.Formatter):
    """One JSON object per line: time, level, logger, request_id, message, fields, exception."""

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "request_id": request_id.get(),
            "message": record.getMessage(),
            **_fields(record),
        }
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        # Not orjson, which rejects file names that are not UTF-8.
        return json.dumps(entry, default=str)
