"""Asks the household's own servers: once, within a bound; the outbox is who asks again."""

import time
from http import HTTPStatus
from typing import Any

import orjson
import requests

from boz_server.errors import RecipientUnavailable
from boz_server.integrations.http import HEADERS, LATE, NoAnswer, Raw, exchange
from boz_server.integrations.json_client import LEAST_SECONDS

NO_JSON = "it answered something that is no JSON of its kind"


class ServerClient:
    """Asks one server, and says RecipientUnavailable to whatever is no yes.

    url_setting, key_setting: the variables that a wrong address or key stands in, for messages.
    A `deadline` is an instant of `time.monotonic`; no call returns later. Neither the address nor
    the key is in any message.
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
            # Its context would quote the answer.
            found = self.refuse(f"{NO_JSON}: see {self.url_setting}")
        raise found

    def tell(
        self,
        method: str,
        path: str,
        deadline: float,
        *,
        params: dict[str, Any] | None = None,
        body: dict[str, Any] | None = None,
        missing: str | None = None,
    ) -> None:
        """Have something done, whatever the answer's body. missing: what a 404 means here."""
        raw = self._ask(method, path, deadline, missing, params=params, json=body)
        # A page for people, such as a proxy's to log in, is no yes.
        if raw.content.lstrip()[:14].lower().startswith((b"<!doctype html", b"<html")):
            raise self.refuse(f"it answered with a web page: see {self.url_setting}")

    def refuse(self, reason: str, wait_seconds: float | None = None) -> RecipientUnavailable:
        """Build the error for an answer that is no yes."""
        return RecipientUnavailable(self.name, reason, wait_seconds)

    def _ask(
        self,
        method: str,
        path: str,
        deadline: float,
        missing: str | None = None,
        **content: Any,
    ) -> Raw:
        headers = {**HEADERS, **self._headers}
        request = requests.Request(method, self.base_url + path, headers=headers, **content)
        left = deadline - time.monotonic()
        reason = LATE
        if left >= LEAST_SECONDS:
            try:
                raw = exchange(request, left)
            except NoAnswer as error:
                reason = error.reason
            else:
                if HTTPStatus.OK <= raw.status < HTTPStatus.MULTIPLE_CHOICES:
                    return raw
                raise self.refuse(self._no(raw.status, missing), raw.wait_seconds)
        raise self.refuse(f"{reason} ({self.url_setting})")

    def _no(self, status: int, missing: str | None) -> str:
        """Say what an answer means that is no yes."""
        if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            return f"it answered {status}, as it does not accept {self.key_setting}"
        if status == HTTPStatus.NOT_FOUND:
            return missing or f"it answered 404, as if {self.url_setting} were not its address"
        if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
            return f"it answered {status}, to ask elsewhere: put that address in {self.url_setting}"
        return f"it answered {status}"
