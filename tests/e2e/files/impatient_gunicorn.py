"""The server's own configuration for gunicorn, with less patience for senders that are silent."""

import runpy
from pathlib import Path

from boz_server.api import bodies

globals().update(runpy.run_path(str(Path.cwd() / "gunicorn.conf.py")))
bodies.SILENCE_SECONDS = 1
