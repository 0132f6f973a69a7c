"""How gunicorn runs the server; the BOZ_* variables set address, processes and threads."""

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
# Brackets separate an IPv6 address's colons from the port's.
bind = f"{f'[{_settings.host}]' if ':' in _settings.host else _settings.host}:{_settings.port}"
worker_class = "gthread"
workers = _settings.web_workers
threads = _settings.web_threads
# Agents poll every 5 seconds: keeping the connection open saves a handshake each time.
keepalive = 30
# Seconds that running requests get to finish when the server stops.
graceful_timeout = 30
# This limits a silent worker process, not a request: the process signals independently of requests.
timeout = 60
# Each process signals that it is alive through a file, and a slow disk would stall it.
worker_tmp_dir = "/dev/shm" if sys.platform == "linux" else None  # noqa: S108
# We don't use the socket, and two servers of the same user would share its path.
control_socket_disable = True


def on_starting(server: Any) -> None:
    """Prepare folders and database, once, before any process serves.

    `prepare` closes its connections, and building the application opens none, so that no SQLite or
    PostgreSQL connection crosses the fork. The in-use lock does cross it: it has to last as long as
    any process.
    """
    configure_logging(_settings)
    try:
        server.database_lock = lock_database(_settings)
        prepare(_settings)
    except BozError as error:
        sys.exit(str(error))


def post_worker_init(worker: Any) -> None:
    """Start the process's background threads when it is ready to serve."""
    worker.loops = services_of(worker.wsgi).loops
    for loop in worker.loops:
        loop.start()


def worker_exit(server: Any, worker: Any) -> None:
    """Stop the background threads with the process; another process takes over at once."""
    loops = getattr(worker, "loops", ())
    for loop in loops:
        loop.stop()
    for loop in loops:
        loop.join()
