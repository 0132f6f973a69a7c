"""A real server: gunicorn with its processes, as an installation runs it, but that it is loaded
already (tests/test_start.py and the tests of the demo start it from nothing)."""

import multiprocessing
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any, Self, TypeVar

import requests
from gunicorn.app.wsgiapp import run

from tests.client import titles

Found = TypeVar("Found")

PROJECT = Path(__file__).parents[2]
START_SECONDS = 30
#: Above gunicorn's graceful_timeout: a process that is told to stop before it has set its signal
#: handlers does not hear it, and is ended only then.
STOP_SECONDS = 45

#: Each server is a copy of a process that has loaded everything and done nothing: a start takes a
#: third of the time.
_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(["boz_server", __name__])


def free_port() -> int:
    """Return a free port of loopback."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def until(look: Callable[[], Found | None], seconds: float) -> Found:
    """Poll until the result is true, and return it; fails after these seconds."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > deadline:
            raise AssertionError(f"nothing was found in {seconds} s by {look.__qualname__}")
        time.sleep(0.05)
    return found


def _become_gunicorn(environment: dict[str, str], log: Path, ready: Connection) -> None:
    """Do what `python -m gunicorn` does, in a process group of its own."""
    os.setsid()
    os.chdir(PROJECT)
    os.environ.clear()
    os.environ.update(environment)
    with log.open("wb") as sink:
        os.dup2(sink.fileno(), sys.stdout.fileno())
        os.dup2(sink.fileno(), sys.stderr.fileno())
    ready.close()
    sys.argv = ["gunicorn"]
    run(prog="gunicorn")


class GunicornServer:
    """A server that can be killed and started again; the data stays in its folder."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        self.database = folder / "database" / "boz.db"
        self.database.parent.mkdir(exist_ok=True)
        self.port = free_port()
        self.log = folder / f"server-{self.port}.log"
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {
            "PATH": os.environ["PATH"],
            "BOZ_HOST": "127.0.0.1",
            "BOZ_PORT": str(self.port),
            "BOZ_DATABASE_URL": f"sqlite:///{self.database}",
            "BOZ_TEMP_DIR": str(folder / "temp"),
            "BOZ_OUTPUT_DIR": str(folder / "output"),
            "BOZ_THEDISCDB_ENABLED": "false",
            **environment,
        }
        self.process: ForkServerProcess | None = None

    def made_impatient(self) -> Self:
        """Shorten the server's intervals and patience to a tenth, for tests that would only
        wait."""
        configuration = Path(__file__).with_name("impatient_gunicorn.py")
        self.environment["GUNICORN_CMD_ARGS"] = f"--config {configuration}"
        return self

    def sped_up(self, times: float) -> Self:
        """Let the server's clock, and its intervals, run that many times as fast."""
        configuration = Path(__file__).with_name("fast_gunicorn.py")
        self.environment |= {
            "GUNICORN_CMD_ARGS": f"--config {configuration}",
            "TIMES": str(times),
            "BEGAN_AT": datetime.now(UTC).isoformat(),
        }
        return self

    def launch(self) -> ForkServerProcess:
        """Start gunicorn in a process group of its own; don't wait for it."""
        told, ready = _processes.Pipe(duplex=False)
        self.process = _processes.Process(
            target=_become_gunicorn, args=(self.environment, self.log, ready)
        )
        self.process.start()
        ready.close()
        told.poll(START_SECONDS)  # until the server has closed its end, too
        told.close()
        return self.process

    def start(self) -> None:
        """Start gunicorn and wait until it serves."""
        process = self.launch()
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if not process.is_alive():
                raise AssertionError(f"the server ended: {self.errors()}")
            try:
                if requests.get(f"{self.url}/readyz", timeout=5).ok:
                    return
            except requests.ConnectionError:
                time.sleep(0.02)
        raise AssertionError(f"the server did not come up: {self.log.read_text()}")

    def kill(self) -> None:
        """kill -9 every process of the server at once."""
        assert self.process is not None
        os.killpg(self._pid(), signal.SIGKILL)
        self.process.join()

    def stop(self) -> int:
        """Ask the server to stop, and return its exit code."""
        assert self.process is not None
        self.process.terminate()
        self.process.join(STOP_SECONDS)
        assert self.process.exitcode is not None, "it did not stop"
        return self.process.exitcode

    def errors(self) -> str:
        """Wait for the end of the server; returns its log."""
        assert self.process is not None
        self.process.join(START_SECONDS)
        assert self.process.exitcode is not None, "it did not end"
        return self.log.read_text()

    def workers(self) -> list[int]:
        """The process ids of the serving processes."""
        main = self._pid()
        children = Path(f"/proc/{main}/task/{main}/children").read_text()
        return [int(pid) for pid in children.split()]

    def is_running(self) -> bool:
        """Whether the server runs."""
        return self.process is not None and self.process.is_alive()

    def _pid(self) -> int:
        assert self.process is not None
        assert self.process.pid is not None
        return self.process.pid

    def post(self, path: str, **body: Any) -> Any:
        """POST JSON; return the answer of a request that must succeed."""
        return self._ok(requests.post(self.url + path, json=body, timeout=30))

    def patch(self, path: str, **body: Any) -> Any:
        """PATCH JSON; return the answer of a request that must succeed."""
        return self._ok(requests.patch(self.url + path, json=body, timeout=30))

    def get(self, path: str) -> Any:
        """Return the answer of a request that must succeed."""
        return self._ok(requests.get(self.url + path, timeout=30))

    def detected(self, label: str, *minutes: float, **extra: Any) -> str:
        """A disc that the agent "pc" has in its drive; its id."""
        body = {"agent_id": "pc", "drive": "D:", "disc_name": label, "disc_type": "DVD disc"}
        found = self.post("/api/discs/detected", **body | {"titles": titles(*minutes)} | extra)
        return str(found["disc_id"])

    def ordered_rips(self, label: str, *minutes: float, **extra: Any) -> list[str]:
        """Rips of such a disc, which a person has approved; their ids."""
        disc_id = self.detected(label, *minutes, **extra)
        self.post(f"/api/discs/{disc_id}/preview/approve")
        return list(self.post(f"/api/discs/{disc_id}/rip")["job_ids"])

    @staticmethod
    def _ok(response: requests.Response) -> Any:
        assert response.status_code == 200, response.text
        return response.json()
