"""The server's gunicorn configuration for the bare view, which has no database and no loops."""

import runpy
from pathlib import Path

globals().update(runpy.run_path(str(Path.cwd() / "gunicorn.conf.py")))
wsgi_app = "bench.load.bare:app"
del on_starting, post_worker_init, worker_exit  # type: ignore[name-defined]  # noqa: F821
