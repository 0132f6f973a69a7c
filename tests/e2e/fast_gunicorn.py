"""The server's gunicorn configuration with a clock that runs TIMES as fast, and with that many
times as many maintenance rounds: what takes it hours takes minutes."""

import os
import runpy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from boz_server.clock import Clock
from boz_server.services.maintenance import scheduler as maintenance
from boz_server.services.uploads import part_files
from tests.e2e.hurry import hurry

TIMES = float(os.environ["TIMES"])
#: All of a test's servers tell the same time, also those that start after a kill.
BEGAN_AT = datetime.fromisoformat(os.environ["BEGAN_AT"])
_ours = runpy.run_path(str(Path.cwd() / "gunicorn.conf.py"))
globals().update(_ours)
# Leaders follow each other as on a slow machine: what takes real time can't be made faster.
maintenance.TERM_SECONDS = TIMES
maintenance.GAP_SECONDS = 2 * TIMES
# The times of files are the machine's own: none is as old as it seems.
part_files.ABANDONED_SECONDS = 10**9
Clock.now = lambda self: BEGAN_AT + (datetime.now(UTC) - BEGAN_AT) * TIMES  # type: ignore[method-assign]


def post_worker_init(worker: Any) -> None:
    hurry(worker, TIMES)
    _ours["post_worker_init"](worker)
