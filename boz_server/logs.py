"""Log lines: for people or as JSON, each with the id of the request it belongs to."""

import json
import logging
from contextvars import ContextVar
from datetime import UTC, datetime

from boz_server.settings import LogFormat, Settings

#: What stands in a line that belongs to no request.
OUTSIDE = "-"

#: Id of the request that this thread serves.
request_id: ContextVar[str] = ContextVar("request_id", default=OUTSIDE)

#: What every LogRecord has; all else on a record came in through `extra`.
_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}

#: Labels and paths come from outside: none may begin a line of its own or steer a terminal.
_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0))}


def configure_logging(settings: Settings) -> None:
    """Send the log to standard error in the format and from the level that the settings say."""
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
    # Its warnings quote addresses, and in some of them there is a provider's key.
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
    """One JSON object a line: time, level, logger, request_id, message, fields, exception."""

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
        # Not orjson, which refuses what a line may well hold: file names that are no UTF-8.
        return json.dumps(entry, default=str)
