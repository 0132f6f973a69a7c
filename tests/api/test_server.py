"""The server itself: which it is, how it is, and what it says of its API."""

import re
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest

from boz_server.database.migrations import Migrations
from boz_server.services.library.nas import LibraryShare
from boz_server.services.maintenance import backups
from boz_server.services.wiring import Services
from boz_server.settings import Settings
from boz_server.version import VERSION
from tests.client import Client, ok
from tests.support import assert_problem

BANNER = {"name": "Boz Ripper Server", "version": VERSION, "status": "running"}
#: What Firefox and Chromium send.
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
MOUNTS = """\
22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
31 22 0:26 / /mnt/the\\040nas rw,relatime shared:1 - cifs //nas/media rw
32 22 0:27 /sub /mnt/nas-other rw - tmpfs tmpfs rw
"""


@pytest.mark.parametrize("accept", ["application/json", "*/*", "", "text/*;q=0.1, */*"])
def test_it_tells_api_clients_who_it_is(client, accept):
    assert ok(client.get("/", headers={"Accept": accept})) == BANNER


def test_it_tells_a_client_who_it_is_that_says_nothing(client):
    assert ok(client.get("/")) == BANNER


def test_it_takes_a_browser_to_the_dashboard(client):
    response = client.get("/", headers={"Accept": BROWSER})
    assert (response.status_code, response.location) == (302, "/dashboard")
    assert client.get(response.location).mimetype == "text/html"


def test_it_sums_itself_up(client, services):
    client.register_agent()
    client.register_agent("den")
    client.register_worker(capabilities={"nvenc": True})
    client.create_job()
    health = ok(client.get("/health"))
    assert health.pop("storage")["warning"] is None
    assert health == {
        "status": "healthy",
        "version": VERSION,
        "agents": 2,
        "workers": ok(client.get("/api/workers/stats")),
        "queue": ok(client.get("/api/jobs/stats")),
        "nas": {
            "enabled": False,
            "mounted": False,
            "mount_path": str(services.context.settings.nas_mount),
            "movie_path": "Movies",
            "tv_path": "TV Shows",
            "plex": {"enabled": False},
        },
    }


def test_it_sees_what_is_mounted_by_the_kernels_list(tmp_path):
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS)

    def mounted(folder: str, mounts: Path = mounts) -> bool:
        share = LibraryShare(Settings(nas_mount=Path(folder)), mounts)
        return bool(share.describe()["mounted"])

    assert mounted("/mnt/the nas")
    assert not mounted("/mnt/the")
    assert not mounted("/mnt/nas")
    assert not mounted("/mnt/the nas", tmp_path / "no Linux")


def test_it_is_alive_and_ready(client):
    assert ok(client.get("/livez")) == {"status": "ok"}
    ready = ok(client.get("/readyz"))
    assert (ready["status"], ready["warnings"]) == ("ok", [])
    assert ready["storage"]["free_bytes"] > 0


def test_it_tells_how_old_the_latest_backup_is(client, services, clock, postgres_programs):
    assert ok(client.get("/readyz"))["backup"] == {"taken_at": None, "age_seconds": None}
    backups.make(services.context)
    clock.advance(3600)
    assert ok(client.get("/readyz"))["backup"] == {
        "taken_at": "2026-01-24T12:34:56.000000Z",
        "age_seconds": 3600.123456,
    }


def test_it_is_not_ready_while_migrations_are_pending(client, services, monkeypatch):
    monkeypatch.setattr(
        Migrations, "available", lambda _: [*services_migrations(services), "999_later"]
    )
    assert_problem(client.get("/readyz"), 503, "flask db upgrade")
    assert ok(client.get("/livez")) == {"status": "ok"}


def services_migrations(services: Services) -> list[str]:
    """The migrations that the database has had."""
    return Migrations(services.context.database).applied()


def test_it_is_not_ready_for_the_database_of_a_later_server(client, monkeypatch):
    monkeypatch.setattr(Migrations, "available", lambda _: [])
    assert_problem(client.get("/readyz"), 503)


def openapi(client: Client) -> dict[str, Any]:
    return dict(ok(client.get("/api/openapi.json")))


def test_it_describes_every_endpoint_of_the_api(app, client):
    described = {
        (method.upper(), path)
        for path, methods in openapi(client)["paths"].items()
        for method in methods
        if method not in ("parameters", "options")
    }
    served = {
        (method, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        if rule.endpoint != "static" and not rule.endpoint.startswith(("dashboard.", "api-docs."))
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert described == served
    assert {
        ("POST", "/api/jobs/{job_id}/approve"),
        ("POST", "/api/jobs/{job_id}/retry"),
        ("POST", "/api/jobs/{job_id}/priority"),
        ("POST", "/api/jobs/{job_id}/bump"),
        ("GET", "/api/jobs/{job_id}/events"),
        ("GET", "/api/system/maintenance"),
    } <= served


def test_it_describes_bodies_and_answers(client):
    document = openapi(client)
    assert document["openapi"].startswith("3.")
    approve = document["paths"]["/api/jobs/{job_id}/approve"]["post"]
    assert approve["summary"]
    reference = approve["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    schema = document["components"]["schemas"][reference.rpartition("/")[2]]
    assert set(schema["required"]) == {"worker_id", "preset"}
    assert {"200", "422"} <= approve["responses"].keys()


def test_it_refers_only_to_schemas_that_it_describes(client):
    text = client.get("/api/openapi.json").text
    schemas = openapi(client)["components"]["schemas"]
    assert set(re.findall(r'"#/components/schemas/(\w+)"', text)) <= schemas.keys()


def test_it_describes_what_is_no_json(client):
    document = openapi(client)
    for name in ("DEFAULT_ERROR", HTTPStatus(422).name):
        content = document["components"]["responses"][name]["content"]
        assert content == {
            "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
        }
    upload = document["paths"]["/api/files/upload"]["post"]["requestBody"]
    schema = upload["content"]["multipart/form-data"]["schema"]
    assert (schema["properties"].keys(), schema["required"]) == ({"file", "name"}, ["file"])
    shown = document["paths"]["/api/thumbnails/{owner_id}/{file_name}"]["get"]["responses"]["200"]
    assert shown["content"].keys() == {"image/jpeg"}


def test_it_describes_the_key(client):
    document = openapi(client)
    ((name, scheme),) = document["components"]["securitySchemes"].items()
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
    assert {name: []} in document["security"]
