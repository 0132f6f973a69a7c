"""The servers that the bench measures: gunicorn with our configuration, on loopback."""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.load.client import Address
from tests.e2e.gunicorn_server import PROJECT, free_port

HOST = "127.0.0.1"
#: Copying or pruning a million jobs would disturb the measurement; agents hold many jobs at once.
SETTINGS = {
    "BOZ_HOST": HOST,
    "BOZ_THEDISCDB_ENABLED": "false",
    "BOZ_MIN_FREE_BYTES": "0",
    "BOZ_BACKUP_INTERVAL_HOURS": "0",
    "BOZ_RETENTION_JOBS_DAYS": "0",
    "BOZ_RETENTION_DISCS_DAYS": "0",
    "BOZ_MAX_CONCURRENT_TRANSCODES": "1000",
}
_START_SECONDS = 60
_STOP_SECONDS = 40


@dataclass(frozen=True)
class Server:
    """A running gunicorn. start_seconds: from its start to the first answer of /livez."""

    process: subprocess.Popen[bytes]
    address: Address
    log: Path
    start_seconds: float

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Return the JSON of a request that must succeed."""
        return json.loads(self.answer(method, path, body)[0])

    def answer(self, method: str, path: str, body: Any = None) -> tuple[bytes, Any]:
        """Return the body and headers of a request that must succeed."""
        data = None if body is None else json.dumps(body)
        with closing(http.client.HTTPConnection(*self.address, timeout=60)) as connection:
            connection.request(method, path, data, {"Content-Type": "application/json"})
            response = connection.getresponse()
            content = response.read()
        if response.status >= 300:  # noqa: PLR2004
            raise SystemExit(
                f"{self.log.read_text()}\n{method} {path} answered {response.status}: {content!r}"
            )
        return content, response.headers

    def memory_mib(self) -> float:
        """Return the resident memory of its largest process, except gunicorn's own."""
        main = self.process.pid
        children = Path(f"/proc/{main}/task/{main}/children").read_text().split()
        return max(_resident_kib(int(pid)) for pid in children) / 1024


@contextmanager
def running(folder: Path, database_url: str, configuration: Path | None = None) -> Iterator[Server]:
    """Run a server until the block ends. configuration: of gunicorn; None for the project's own."""
    port = free_port()
    log = folder / "server.log"
    command = [sys.executable, "-m", "gunicorn"]
    if configuration is not None:
        command += ["--config", str(configuration)]
    began = time.perf_counter()
    with log.open("ab") as sink:
        process = subprocess.Popen(  # noqa: S603
            command,
            cwd=PROJECT,
            env=_environment(folder, database_url, port),
            stdout=sink,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _await_answer(process, (HOST, port), log)
        yield Server(process, (HOST, port), log, time.perf_counter() - began)
    finally:
        _stop(process)


def _environment(folder: Path, database_url: str, port: int) -> dict[str, str]:
    """Return our environment; of its settings only those that decide how fast the server is."""
    kept = {"BOZ_WEB_WORKERS", "BOZ_WEB_THREADS", "BOZ_DATABASE_POOL_SIZE"}
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("BOZ_") or name in kept
    }
    return (
        inherited
        | SETTINGS
        | {
            "BOZ_PORT": str(port),
            "BOZ_DATABASE_URL": database_url,
            "BOZ_TEMP_DIR": str(folder / "temp"),
            "BOZ_OUTPUT_DIR": str(folder / "output"),
        }
    )


def _await_answer(process: subprocess.Popen[bytes], address: Address, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with closing(http.client.HTTPConnection(*address, timeout=5)) as connection:
            try:
                connection.request("GET", "/livez")
                if connection.getresponse().status == http.HTTPStatus.OK:
                    return
            except OSError:
                time.sleep(0.005)
    raise SystemExit(f"The server did not start:\n{log.read_text()}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _resident_kib(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0
