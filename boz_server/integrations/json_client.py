"""The client that TheTVDB, OMDb and TMDb share: JSON objects, retries, one time limit."""

import time
from dataclasses import dataclass
from http import HTTPStatus

import orjson

from boz_server.errors import ProviderUnavailable
from boz_server.integrations.http import Answer, Json, NoAnswer, send

#: How often a failed request is sent again, and the wait before the first time; it doubles.
RETRIES, BACKOFF_SECONDS = 2, 0.5
#: The share of the remaining time that one request may take, to leave some for another, but no
#: less than these seconds.
REQUEST_SHARE, REQUEST_SECONDS = 0.6, 2.5


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer; `body` is empty if an error status came without a JSON object."""

    status: int
    body: Json

    @property
    def found(self) -> bool:
        """Whether the thing asked for is in the body."""
        return self.status == HTTPStatus.OK


class JSONClient:
    """Asks one provider, and raises ProviderUnavailable if the answer can't be used.

    A `deadline` is an instant of `time.monotonic`; no call returns later, whatever the provider
    does. Addresses may hold keys, so no message quotes them.
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
        """Return the answer, whatever its status; params that are None are left out.

        While there is time, 5xx and 429 answers and broken connections are tried again.
        """
        for attempt in range(RETRIES + 1):
            left = deadline - time.monotonic()
            seconds = min(left, max(left * REQUEST_SHARE, REQUEST_SECONDS))
            wait = BACKOFF_SECONDS * 2**attempt
            try:
                answer = send(
                    method, self.base_url + path, seconds, headers=headers, params=params, body=body
                )
            except NoAnswer as error:
                reason, passing = error.reason, error.passing
            else:
                if not _is_passing(answer.status):
                    return self._reply(answer)
                reason, passing = f"it answered {answer.status}", True
                wait = max(wait, answer.wait_seconds or 0.0)
            if not passing or attempt == RETRIES or time.monotonic() + wait >= deadline:
                break
            time.sleep(wait)
        raise ProviderUnavailable(self.name, reason)

    def refuse(self, reason: str) -> ProviderUnavailable:
        """Build the error for an answer that can't be used."""
        return ProviderUnavailable(self.name, reason)

    def require(self, reply: Reply) -> Json:
        """Return the body of a 200; raises ProviderUnavailable for any other status."""
        if reply.found:
            return reply.body
        if reply.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            raise self.refuse("it does not accept the key")
        raise self.refuse(f"it answered {reply.status}")

    def _reply(self, answer: Answer) -> Reply:
        try:
            body = orjson.loads(answer.content)
        except orjson.JSONDecodeError:
            body = None
        if isinstance(body, dict):
            return Reply(answer.status, body)
        if answer.status == HTTPStatus.OK:
            raise self.refuse("it answered something that is no JSON object")
        return Reply(answer.status, {})


def _is_passing(status: int) -> bool:
    return status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR
