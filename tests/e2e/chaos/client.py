"""Requests that are sent again until there is an answer, as machines do."""

import time
from http import HTTPStatus
from typing import Any

import requests

from tests.e2e.chaos.ledger import Answer
from tests.e2e.chaos.stage import Stage

#: How long one request is retried.
PATIENCE_SECONDS = 60
#: For connecting, and for reading an answer.
TIMEOUTS = (5, 30)
RETRY_SECONDS = 0.02


class Client:
    """One participant's connection."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.session = requests.Session()

    def close(self) -> None:
        self.session.close()

    def get(self, path: str) -> Any:
        """Return the answer to a GET, which must succeed."""
        return self.must("GET", path)

    def must(self, method: str, path: str, body: Any = None, key: str | None = None) -> Any:
        """Return the answer to a request that must succeed."""
        answer = self.ask(method, path, body, key)
        assert answer.ok, f"{method} {path} {body}: {answer}"
        return answer.body

    def ask(self, method: str, path: str, body: Any = None, key: str | None = None) -> Answer:
        """Return the answer to a request that may be refused; key: its Idempotency-Key."""
        headers = {"Idempotency-Key": key} if key else {}
        return self._send(method, path, json=body, headers=headers)

    def upload(self, name: str, content: bytes) -> Any:
        """Send a file; returns the answer, None if its job was given to another machine."""
        self.stage.ledger.sent_files.append(content)
        answer = self._send(
            "POST", "/api/files/upload", files={"file": (name, content)}, data={"name": name}
        )
        if answer.status == HTTPStatus.CONFLICT:
            return None
        assert answer.ok, answer
        return answer.body

    def _send(self, method: str, path: str, **options: Any) -> Answer:
        tries, first_sent_at = 0, time.monotonic()
        while True:
            tries += 1
            found = self._try(method, path, options)
            now = time.monotonic()
            if found is not None:
                self.stage.ledger.tries.append(tries)
                return Answer(found.status_code, found.json(), tries, first_sent_at, now)
            assert now < first_sent_at + PATIENCE_SECONDS, f"no answer to {method} {path}"
            self.stage.pause(RETRY_SECONDS)

    def _try(self, method: str, path: str, options: dict[str, Any]) -> requests.Response | None:
        """Return an answer; None if the server is gone or too busy."""
        try:
            with self.stage.under_way.one_more(method, path):
                found = self.session.request(
                    method, self.stage.url + path, timeout=TIMEOUTS, **options
                )
        except requests.RequestException:
            return None
        if found.status_code == HTTPStatus.SERVICE_UNAVAILABLE:
            return None
        assert found.status_code < HTTPStatus.INTERNAL_SERVER_ERROR, (
            f"{method} {path} was answered {found.status_code}: {found.text}"
        )
        return found
