"""The server's gunicorn configuration, with the number of statements in each answer's header.

Counts what SQLite runs for a request, except BEGIN, COMMIT and the like. The server must get one
request at a time.
"""

import runpy
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from bench.load.client import STATEMENTS
from boz_server.database.dialects import sqlite3

#: A trigger's statements begin with "--".
NOT_COUNTED = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "PRAGMA", "--")

_ours = runpy.run_path(str(Path.cwd() / "gunicorn.conf.py"))
globals().update(_ours)
_connect = sqlite3.connect
#: Background threads, whose statements belong to no request.
_loops: set[threading.Thread] = set()
_statements: list[str] = []


def _traced(*args: Any, **options: Any) -> Any:
    connection = _connect(*args, **options)
    connection.set_trace_callback(_note)
    return connection


def _note(statement: str) -> None:
    if not statement.startswith(NOT_COUNTED) and threading.current_thread() not in _loops:
        _statements.append(statement)


def _counting(app: Callable[..., Iterable[bytes]]) -> Callable[..., Iterator[bytes]]:
    def counted(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
        started: list[Any] = []
        _statements.clear()
        answer = app(environ, lambda *head: started.extend(head))
        body = list(answer)
        if hasattr(answer, "close"):
            answer.close()
        status, headers, *_ = started
        start_response(status, [*headers, (STATEMENTS, str(len(_statements)))])
        return iter(body)

    return counted


def post_worker_init(worker: Any) -> None:
    """Start the process as ever, then count."""
    sqlite3.connect = _traced
    before = set(threading.enumerate())
    _ours["post_worker_init"](worker)
    _loops.update(set(threading.enumerate()) - before)
    worker.wsgi = _counting(worker.wsgi)
