"""A sender of films by tus that goes on after the server is killed."""

import base64
import hashlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

import requests

from tests.e2e.files.films import Film

PATIENCE_SECONDS = 60
RETRY_SECONDS = 0.05
TUS = {"Tus-Resumable": "1.0.0"}


@dataclass(frozen=True)
class Habits:
    """How a sender sends. chunk_bytes: None for all at once."""

    chunk_bytes: int | None
    has_checksums: bool
    has_sha256: bool


@dataclass(frozen=True)
class Sent:
    """A film that was sent completely."""

    film: Film
    url: str


class TusSender:
    """Sends film after film, and resumes each at the offset that HEAD returns."""

    def __init__(self, url: str, habits: Habits, make: Callable[[], Film]) -> None:
        self.url = url
        self.habits = habits
        self.make = make
        self.closing = threading.Event()
        self.sent: list[Sent] = []
        #: How often it resumed.
        self.resumed = 0
        self.failure: BaseException | None = None
        self._session = requests.Session()
        self._thread = threading.Thread(target=self._run)

    def start(self) -> None:
        self._thread.start()

    def finish(self) -> None:
        """Send the rest of the current film, and no further one."""
        self.closing.set()
        self._thread.join(PATIENCE_SECONDS)
        if self.failure is not None:
            raise self.failure
        assert not self._thread.is_alive(), "a sender does not come to its end"

    def _run(self) -> None:
        try:
            while not self.closing.is_set():
                film = self.make()
                url = self._begin(film)
                self._send(film, url)
                self.sent.append(Sent(film, url))
        except BaseException as error:
            self.failure = error
        finally:
            self._session.close()

    def _begin(self, film: Film) -> str:
        said = {"filename": film.name}
        if self.habits.has_sha256:
            said["sha256"] = film.sha256
        pairs = (f"{key} {_base64(value.encode())}" for key, value in said.items())
        headers = {"Upload-Length": str(len(film.content)), "Upload-Metadata": ",".join(pairs)}
        answer = self._insist("POST", f"{self.url}/api/uploads", headers)
        assert answer.status_code == HTTPStatus.CREATED, answer.text
        return str(answer.headers["Location"])

    def _send(self, film: Film, url: str) -> None:
        here = 0
        while here < len(film.content):
            answer = self._try("PATCH", url, *self._piece(film, here))
            if answer is None or answer.status_code == HTTPStatus.LOCKED:
                # The server may still be writing the rest of a broken request.
                found = self._offset(film, url)
                assert here <= found <= len(film.content), f"{found} bytes are there of {here}"
                here = found
                self.resumed += 1
            else:
                assert answer.status_code == HTTPStatus.NO_CONTENT, (here, answer.text)
                here = int(answer.headers["Upload-Offset"])

    def _piece(self, film: Film, here: int) -> tuple[dict[str, str], bytes]:
        piece = film.content[here:][: self.habits.chunk_bytes]
        headers = {
            "Upload-Offset": str(here),
            "Content-Type": "application/offset+octet-stream",
        }
        if self.habits.has_checksums:
            headers["Upload-Checksum"] = f"sha256 {_base64(hashlib.sha256(piece).digest())}"
        return headers, piece

    def _offset(self, film: Film, url: str) -> int:
        answer = self._insist("HEAD", url, {})
        assert answer.status_code == HTTPStatus.OK, answer
        assert answer.headers["Upload-Length"] == str(len(film.content))
        return int(answer.headers["Upload-Offset"])

    def _insist(self, method: str, url: str, headers: dict[str, str]) -> requests.Response:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (answer := self._try(method, url, headers)) is None:
            assert time.monotonic() < deadline, "the server does not come back"
            threading.Event().wait(RETRY_SECONDS)
        return answer

    def _try(
        self, method: str, url: str, headers: dict[str, str], body: bytes = b""
    ) -> requests.Response | None:
        """Return an answer; None if the server is gone."""
        try:
            return self._session.request(
                method, url, headers=TUS | headers, data=body or None, timeout=30
            )
        except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError):
            return None


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()
