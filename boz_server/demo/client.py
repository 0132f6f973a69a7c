"""A small client of the server's REST API, whose errors are single sentences."""

from typing import Any

import requests

from boz_server.errors import BozError

#: A JSON object as the server sends it.
Json = dict[str, Any]


class DemoError(BozError):
    """The demo can't continue; says why in one sentence."""


class ServerClient:
    """One server, with its key if it has one."""

    def __init__(self, base_url: str, key: str | None = None, timeout_seconds: float = 10) -> None:
        self.base_url = base_url.rstrip("/")
        self.has_key = bool(key)
        self._timeout_seconds = timeout_seconds
        self._session = requests.Session()
        # A proxy would not reach loopback, and a .netrc would replace the key.
        self._session.trust_env = False
        self._session.headers["Accept"] = "application/json"
        # A stopping server waits two seconds for connections that stay open.
        self._session.headers["Connection"] = "close"
        if key:
            self._session.headers["Authorization"] = f"Bearer {key}"

    def get(self, path: str) -> Any:
        """Return the answer of a path. Raises DemoError unless it is a success."""
        return self._ask("GET", path)

    def post(self, path: str, body: Json | None = None) -> Any:
        """Send the body, if any, and return the answer. Raises DemoError like `get`."""
        return self._ask("POST", path, body)

    def patch(self, path: str, body: Json) -> Any:
        """Send the changes and return the answer. Raises DemoError like `get`."""
        return self._ask("PATCH", path, body)

    def _ask(self, method: str, path: str, body: Json | None = None) -> Any:
        try:
            response = self._session.request(
                method, self.base_url + path, json=body, timeout=self._timeout_seconds
            )
        except requests.Timeout as error:
            raise DemoError(
                f"{self.base_url} did not answer {method} {path} within"
                f" {self._timeout_seconds:g} seconds."
            ) from error
        except requests.ConnectionError as error:
            raise DemoError(
                f"No server answers at {self.base_url}: start one first, or let"
                " 'flask demo --serve' start one for you."
            ) from error
        except (requests.RequestException, UnicodeError) as error:
            raise DemoError(f"{self.base_url} can't be asked: {error}") from error
        if not response.ok:
            raise DemoError(
                f"The server answered {method} {path} with {response.status_code}:"
                f" {_detail(response)}"
            )
        return _json(response)


def _json(response: requests.Response) -> Any:
    try:
        return response.json()
    except requests.JSONDecodeError as error:
        raise DemoError(
            f"{response.url} answered something that is not JSON: is it a Boz Ripper server?"
        ) from error


def _detail(response: requests.Response) -> str:
    """Return the problem's sentence, or the status in words if the answer is not a problem."""
    try:
        return str(response.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return f"{response.reason or 'no reason given'}."
