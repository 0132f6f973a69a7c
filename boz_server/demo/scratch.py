"""A temporary server for the demo, in a folder that vanishes with it."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import NoReturn

from boz_server.demo.client import DemoError, ServerClient
from boz_server.demo.screen import pause

PROJECT = Path(__file__).resolve().parents[2]
_HOST = "127.0.0.1"
_START_SECONDS = 30
_STOP_SECONDS = 10
_POLL_SECONDS = 0.1


@dataclass(frozen=True)
class ScratchServer:
    """A running gunicorn: its address, process and log."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path

    def wait(self) -> NoReturn:
        """Wait for Ctrl-C. Raises DemoError if the server ends first."""
        self.process.wait()
        raise self.ended()

    def ended(self) -> DemoError:
        """Say that the server ended by itself, with the last line of its log."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").split("\n")
        last = next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")
        return DemoError(f"The server ended by itself: {last}")


@contextmanager
def scratch_server(port: int = 0, key: str | None = None) -> Iterator[ScratchServer]:
    """Run a server on loopback until the block ends; port 0 takes a free one.

    Raises DemoError if the port is taken, or the server is not ready within 30 seconds. SIGHUP and
    SIGTERM end the block like Ctrl-C, so that neither server nor folder stays behind.
    """
    if not (PROJECT / "wsgi.py").is_file():
        raise DemoError(f"There is no server to start in {PROJECT}: run it from a checkout.")
    with tempfile.TemporaryDirectory(prefix="boz-demo-") as folder, _stopped_by_signals():
        server = _start(Path(folder), _free_port(port), key)
        try:
            _await_ready(server)
            yield server
        finally:
            _stop(server.process)


def _start(folder: Path, port: int, key: str | None) -> ScratchServer:
    log = folder / "server.log"
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "wsgi:app"],
            cwd=PROJECT,
            env=_environment(folder, port, key),
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            # Not in the terminal's process group: Ctrl-C reaches only us, and we stop the server.
            start_new_session=True,
        )
    return ScratchServer(f"http://{_HOST}:{port}", process, log)


def _environment(folder: Path, port: int, key: str | None) -> dict[str, str]:
    """Return our environment without any BOZ_ settings of a real installation."""
    environment = {name: value for name, value in os.environ.items() if name[:4] != "BOZ_"}
    environment |= {
        "BOZ_HOST": _HOST,
        "BOZ_PORT": str(port),
        "BOZ_DATABASE_URL": f"sqlite:///{folder}/boz_ripper.db",
        "BOZ_TEMP_DIR": f"{folder}/temp",
        "BOZ_OUTPUT_DIR": f"{folder}/output",
        # Its discs are made up.
        "BOZ_THEDISCDB_ENABLED": "false",
    }
    if key:
        environment["BOZ_API_KEY"] = key
    return environment


def _free_port(wanted: int) -> int:
    """Return the wanted port, or any free one for 0. Raises DemoError if it is in use.

    Otherwise we would take the /readyz of another server for ours, and use that one.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, wanted))
        except OSError as error:
            raise DemoError(f"Port {wanted} is taken: name another with --port.") from error
        port: int = probe.getsockname()[1]
        return port


def _await_ready(server: ScratchServer) -> None:
    client = ServerClient(server.url, timeout_seconds=2)
    give_up_at = time.monotonic() + _START_SECONDS
    while True:
        if server.process.poll() is not None:
            raise server.ended()
        try:
            client.get("/readyz")
        except DemoError as error:
            if time.monotonic() > give_up_at:
                raise DemoError(
                    f"The server was not ready within {_START_SECONDS} seconds: {error}"
                ) from error
            pause(_POLL_SECONDS)
        else:
            return


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        # Otherwise its workers would outlive it for a while.
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@contextmanager
def _stopped_by_signals() -> Iterator[None]:
    """Let SIGTERM and SIGHUP unwind the stack, as Ctrl-C does."""

    def unwind(number: int, _frame: FrameType | None) -> NoReturn:
        raise SystemExit(128 + number)

    signals = (signal.SIGTERM, signal.SIGHUP)
    earlier = [signal.signal(number, unwind) for number in signals]
    try:
        yield
    finally:
        for number, handler in zip(signals, earlier, strict=True):
            signal.signal(number, handler)
