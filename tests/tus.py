"""Speaks the tus protocol with the application: https://tus.io/protocols/resumable-upload."""

import base64
import hashlib
import os
from typing import Any

from werkzeug.test import TestResponse

from tests.client import Client

FILM = os.urandom(200_000)
BYTES = "application/offset+octet-stream"
TUS = {"Tus-Resumable": "1.0.0"}


def b64(value: str | bytes) -> str:
    return base64.b64encode(value.encode() if isinstance(value, str) else value).decode()


def metadata(**said: str) -> str:
    return ",".join(f"{key} {b64(value)}" for key, value in said.items())


def begin(client: Client, size: int | str = len(FILM), **headers: Any) -> TestResponse:
    """Create an upload; headers: with "_" for "-"."""
    said = {"Upload-Length": str(size), "Upload-Metadata": metadata(filename="Heat (1995).mkv")}
    said |= {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post("/api/uploads", headers=TUS | said, data=headers.pop("data", b""))


def begun(client: Client, size: int = len(FILM), **headers: Any) -> str:
    """Create an upload; returns its path."""
    response = begin(client, size, **headers)
    assert response.status_code == 201, response.text
    return str(response.headers["Location"]).removeprefix("http://localhost")


def send(
    client: Client, path: str, content: bytes, offset: int | str = 0, **headers: str
) -> TestResponse:
    said = {"Upload-Offset": str(offset), "Content-Type": BYTES}
    said |= {name.replace("_", "-"): value for name, value in headers.items()}
    return client.patch(path, data=content, headers=TUS | said)


def offset(client: Client, path: str) -> int:
    return int(client.head(path, headers=TUS).headers["Upload-Offset"])


def checksum(content: bytes, algorithm: str = "sha1") -> str:
    return f"{algorithm} {b64(hashlib.new(algorithm, content).digest())}"
