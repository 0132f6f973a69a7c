"""How the server runs under gunicorn; the BOZ_* variables say where and how large."""

import sys
from typing import Any

from boz_server.api.context import services_of
from boz_server.errors import BozError
from boz_server.logs import configure_logging
from boz_server.settings import Settings
from boz_server.start import lock_database, prepare

try:
    _settings = Settings.from_env()
except BozError as error:
    sys.exit(str(error))

wsgi_app = "wsgi:app"
# An IPv6 address goes into brackets, to tell its colons from the port's.
bind = f"{f'[{_settings.host}]' if ':' in _settings.host else _settings.host}:{_settings.port}"
worker_class = "gthread"
workers = _settings.web_workers
threads = _settings.web_threads
# Agents poll every 5 seconds: a connection that outlives the pause saves a handshake each time.
keepalive = 30
# Seconds that requests under way get at a stop.
graceful_timeout = 30
# Liveness of a worker process, not of a request: its threads beat apart from their requests.
timeout = 60
# The processes' sign of life is a file; on a disk that is slow it would stall them.
worker_tmp_dir = "/dev/shm" if sys.platform == "linux" else None  # noqa: S108
# Nothing of ours speaks to it, and two servers of one user would share its path.
control_socket_disable = True


def on_starting(server: Any) -> None:
    """Get folders and database ready, once, before any process serves.

    It closes its connections, and building the application opens none: nothing of SQLite or
    PostgreSQL is carried over the fork. The lock that keeps restores off the database is: it is
    to last as long as any process.
    """
    configure_logging(_settings)
    try:
        server.database_lock = lock_database(_settings)
        prepare(_settings)
    except BozError as error:
        sys.exit(str(error))


def post_worker_init(worker: Any) -> None:
    """Begin what a process does beside requests, once it is about to serve."""
    worker.loops = services_of(worker.wsgi).loops
    for loop in worker.loops:
        loop.start()


def worker_exit(server: Any, worker: Any) -> None:
    """End it with the process; another one takes over its duties at once."""
    loops = getattr(worker, "loops", ())
    for loop in loops:
        loop.stop()
    for loop in loops:
        loop.join()
