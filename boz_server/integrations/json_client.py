"""What the clients of TheTVDB, OMDb and TMDb share: JSON objects, retries, one bound on it all."""

import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import orjson
import requests

from boz_server.errors import ProviderUnavailable
from boz_server.integrations.http import HEADERS, LATE, NoAnswer, Raw, exchange

#: A JSON object as a provider sends it.
Json = dict[str, Any]

#: How often a request that failed is sent again, and the wait before the first time; it doubles.
RETRIES, BACKOFF_SECONDS = 2, 0.5
#: The share of the time left that one exchange may take, so that some is left for another, but
#: no less than so many seconds.
EXCHANGE_SHARE, EXCHANGE_SECONDS = 0.6, 6.0
#: With less time left, asking is pointless.
LEAST_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer; `body` is empty where one that says no had no JSON object."""

    status: int
    body: Json

    @property
    def found(self) -> bool:
        """Whether the thing asked for is in the body."""
        return self.status == HTTPStatus.OK


class JSONClient:
    """Asks one provider, and says ProviderUnavailable to whatever is no answer.

    A `deadline` is an instant of `time.monotonic`; no call returns later, whatever the provider
    does. Addresses may have keys in them: they are in no message.
    """

    def __init__(self, name: str, base_url: str) -> None:
        self.name = name
        self.base_url = base_url.rstrip("/")

    def ask(
        self,
        method: str,
        path: str,
        *,
        deadline: float,
        params: Json | None = None,
        body: Json | None = None,
        headers: dict[str, str] | None = None,
    ) -> Reply:
        """Return the answer, be it a yes or a no; None among the params is left out.

        Answers of 5xx and 429, and broken connections, are asked again while there is time.
        """
        request = requests.Request(
            method,
            self.base_url + path,
            params=params,
            json=body,
            headers={**HEADERS, **(headers or {})},
        )
        for attempt in range(RETRIES + 1):
            wait = BACKOFF_SECONDS * 2**attempt
            try:
                raw = exchange(request, self._time_left(deadline))
            except NoAnswer as error:
                reason, passing = error.reason, error.passing
            else:
                if not _is_passing(raw.status):
                    return self._reply(raw)
                reason, passing = f"it answered {raw.status}", True
                wait = max(wait, raw.wait_seconds or 0.0)
            if not passing or attempt == RETRIES or time.monotonic() + wait >= deadline:
                break
            time.sleep(wait)
        raise ProviderUnavailable(self.name, reason)

    def refuse(self, reason: str) -> ProviderUnavailable:
        """Build the error for an answer that the provider's own client can't take."""
        return ProviderUnavailable(self.name, reason)

    def require(self, reply: Reply) -> Json:
        """Return the body of a yes; raises ProviderUnavailable for a no."""
        if reply.found:
            return reply.body
        if reply.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            raise self.refuse("it does not accept the key")
        raise self.refuse(f"it answered {reply.status}")

    def _time_left(self, deadline: float) -> float:
        left = deadline - time.monotonic()
        if left < LEAST_SECONDS:
            raise NoAnswer(LATE)
        return min(left, max(left * EXCHANGE_SHARE, EXCHANGE_SECONDS))

    def _reply(self, raw: Raw) -> Reply:
        try:
            body = orjson.loads(raw.content)
        except orjson.JSONDecodeError:
            body = None
        if isinstance(body, dict):
            return Reply(raw.status, body)
        if raw.status == HTTPStatus.OK:
            raise self.refuse("it answered something that is no JSON object")
        return Reply(raw.status, {})


def _is_passing(status: int) -> bool:
    return status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR
