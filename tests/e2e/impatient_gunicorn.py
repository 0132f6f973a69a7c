"""The server's gunicorn configuration with a tenth of the patience: ten times as many maintenance
rounds, and short waits for silent senders."""

import runpy
from pathlib import Path
from typing import Any

from boz_server.api import requests, streaming
from boz_server.services.maintenance import scheduler as maintenance
from tests.e2e.hurry import hurry

TIMES = 10
_ours = runpy.run_path(str(Path.cwd() / "gunicorn.conf.py"))
globals().update(_ours)
streaming.SILENCE_SECONDS = requests.LINGER_SECONDS = 1
maintenance.TERM_SECONDS /= TIMES
maintenance.GAP_SECONDS /= TIMES


def post_worker_init(worker: Any) -> None:
    hurry(worker, TIMES)
    _ours["post_worker_init"](worker)
