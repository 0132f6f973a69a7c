"""The client of the household's own servers: it asks once; the outbox does the retrying."""

import time
from http import HTTPStatus
from typing import Any

import orjson

from boz_server.errors import RecipientUnavailable
from boz_server.integrations.http import Answer, Json, NoAnswer, send

NO_JSON = "it answered something that is no JSON of its kind"


class ServerClient:
    """Asks one server, and raises RecipientUnavailable unless it says yes.

    url_setting, key_setting: the variables that hold the address and the key, for messages. A
    `deadline` is an instant of `time.monotonic`; no call returns later. No message quotes the
    address or the key.
    """

    def __init__(
        self,
        name: str,
        base_url: str,
        headers: dict[str, str],
        *,
        url_setting: str,
        key_setting: str,
    ) -> None:
        self.name = name
        self.base_url = base_url.rstrip("/")
        self.url_setting = url_setting
        self.key_setting = key_setting
        self._headers = headers

    def read(self, path: str, deadline: float) -> Any:
        """Return the JSON at a path."""
        try:
            return orjson.loads(self._ask("GET", path, deadline).content)
        except orjson.JSONDecodeError:
            # Raised outside, because its context would quote the answer.
            found = self.refuse(f"{NO_JSON}: see {self.url_setting}")
        raise found

    def tell(
        self,
        method: str,
        path: str,
        deadline: float,
        *,
        params: Json | None = None,
        body: Json | None = None,
        missing: str | None = None,
    ) -> None:
        """Send a request whose answer needs no body. missing: what a 404 means here."""
        answer = self._ask(method, path, deadline, params=params, body=body, missing=missing)
        # A page for people, such as a proxy's login form, is not a yes.
        if answer.content.lstrip()[:14].lower().startswith((b"<!doctype html", b"<html")):
            raise self.refuse(f"it answered with a web page: see {self.url_setting}")

    def refuse(self, reason: str, wait_seconds: float | None = None) -> RecipientUnavailable:
        """Build the error for an answer that is not a yes."""
        return RecipientUnavailable(self.name, reason, wait_seconds)

    def _ask(
        self,
        method: str,
        path: str,
        deadline: float,
        *,
        params: Json | None = None,
        body: Json | None = None,
        missing: str | None = None,
    ) -> Answer:
        url, left = self.base_url + path, deadline - time.monotonic()
        try:
            answer = send(method, url, left, headers=self._headers, params=params, body=body)
        except NoAnswer as error:
            # Raised outside, because its context would quote the address.
            refused = self.refuse(f"{error.reason} ({self.url_setting})")
        else:
            if HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
                return answer
            refused = self.refuse(self._meaning(answer.status, missing), answer.wait_seconds)
        raise refused

    def _meaning(self, status: int, missing: str | None) -> str:
        """Say what an error status means."""
        if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            return f"it answered {status}, as it does not accept {self.key_setting}"
        if status == HTTPStatus.NOT_FOUND:
            return missing or f"it answered 404, as if {self.url_setting} were not its address"
        if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
            return f"it answered {status}, to ask elsewhere: put that address in {self.url_setting}"
        return f"it answered {status}"
