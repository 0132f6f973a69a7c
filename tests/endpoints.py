"""Every endpoint with what can be sent to it, read from the application: new ones are covered."""

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from flask import Flask
from werkzeug.test import TestResponse

from tests.client import Client, ok
from tests.remote import begun
from tests.support import (
    JPEG,
)

JSON = "application/json"
#: Values of fields whose schema does not say all that is asked of them.
EXAMPLES = {"thumbnails": [JPEG], "media_type": "movie", "content_hash": "0" * 32}
#: What a server refuses to show that has no Plex.
NEEDS_PLEX = "/api/files/plex/libraries"


@dataclass(frozen=True)
class Endpoint:
    """What can be sent to one method of one address."""

    method: str
    path: str
    #: Whether it reads a JSON body at all.
    reads_body: bool
    #: Values of the body's fields that it would take.
    body: dict[str, Any] = field(default_factory=dict)
    query: tuple[str, ...] = ()
    #: The address with the names of what stands in it, such as /api/jobs/{job_id}.
    template: str = ""
    required: tuple[str, ...] = ()
    needs_query: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{self.method} {self.template}"

    @property
    def variables(self) -> list[str]:
        return re.findall(r"{(\w+)}", self.template)


def known(client: Client) -> dict[str, str]:
    """Things that are there, by the names that addresses have for them."""
    client.register_agent()
    client.register_worker(capabilities={"vlc_installed": True})
    disc_id = client.detect()["disc_id"]
    client.approve(disc_id)
    client.approved_job()
    command = client.post("/api/vlc/preview", json={"agent_id": "pc", "file_path": "a"})
    return {
        "agent_id": "pc",
        "worker_id": "gpu",
        "disc_id": disc_id,
        "owner_id": disc_id,
        "job_id": client.create_job()["job_id"],
        "command_id": ok(command)["command_id"],
        "season_id": "Firefly:s1",
        "file_name": "title_0_0.jpg",
        "filename": "a.mkv",
        "upload_id": begun(client, 5),
        "media_type": "movie",
        "server": "plex",
    }


def endpoints(client: Client) -> list[Endpoint]:
    """Every endpoint that the server describes, with things that are there in its address."""
    document = ok(client.get("/api/openapi.json"))
    things = known(client)
    found = []
    for path, methods in document["paths"].items():
        address = re.sub(r"{(\w+)}", lambda match: quote(things.get(match[1], "x")), path)
        for method, described in methods.items():
            if method == "parameters":
                continue
            content = described.get("requestBody", {}).get("content", {}).get(JSON)
            schema = resolved(document, content["schema"]) if content else {}
            queries = [each for each in described.get("parameters", []) if each["in"] == "query"]
            found.append(
                Endpoint(
                    method.upper(),
                    address,
                    content is not None,
                    {
                        name: things.get(name) or example(document, name, value)
                        for name, value in schema.get("properties", {}).items()
                    },
                    tuple(each["name"] for each in queries),
                    path,
                    tuple(schema.get("required", ())),
                    {
                        each["name"]: things[each["name"]]
                        for each in queries
                        if each.get("required")
                    },
                )
            )
    assert sum(endpoint.reads_body for endpoint in found) > 10
    return found


def resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """A schema itself, where only its name stands."""
    if "$ref" not in schema:
        return schema
    return dict(document["components"]["schemas"][schema["$ref"].rpartition("/")[2]])


def example(document: dict[str, Any], name: str, schema: dict[str, Any]) -> Any:
    """A value that a field takes."""
    if name in EXAMPLES:
        return EXAMPLES[name]
    schema = resolved(document, schema.get("anyOf", [schema])[0])
    if "enum" in schema:
        return schema["enum"][-1]
    kind = schema.get("type")
    kinds = kind if isinstance(kind, list) else [kind]
    if "array" in kinds:
        return [example(document, "", schema["items"])]
    if "object" in kinds:
        inner = schema.get("properties", {}).items()
        return {key: example(document, key, value) for key, value in inner}
    if "boolean" in kinds:
        return True
    return 1 if {"integer", "number"} & set(kinds) else "x"


def assert_handled(response: TestResponse, sent: object) -> None:
    """Check that the server kept its temper; 503 is what it means where it has no worker."""
    told = f"{response.request.method} {response.request.path} {str(sent)[:200]}"
    assert response.status_code < 500 or response.status_code == 503, told
    if response.status_code >= 400:
        assert response.content_type == "application/problem+json", told
        assert response.get_json()["status"] == response.status_code, told
    response.close()


def assert_serves_on(app: Flask) -> None:
    """Check that nothing was kept that the server can't show."""
    client = app.test_client()
    for rule in app.url_map.iter_rules():
        if "GET" in (rule.methods or ()) and not rule.arguments:
            with client.get(rule.rule) as response:
                assert response.status_code == (400 if rule.rule == NEEDS_PLEX else 200), rule.rule
