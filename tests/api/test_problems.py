"""Whatever goes wrong is answered as a problem, in words, and without the server's own."""

import io
import logging
import re
from typing import NoReturn

import pytest
from werkzeug.test import TestResponse

from tests.client import Client, ok
from tests.support import assert_problem

#: These answers never come from the database: one engine will do.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

JSON = "application/json"


def test_it_answers_404_to_an_unknown_address(client):
    response = client.get("/api/nothing?x=1")
    assert_problem(response, 404, "openapi.json")
    assert response.get_json() == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "There is nothing at this address: see /api/openapi.json.",
        "instance": "/api/nothing",
    }


def test_it_names_the_kind_of_its_own_problems(client):
    body = client.get("/api/agents/nobody").get_json()
    assert body["type"] == "urn:boz-ripper:problem:agent-not-found"
    assert body["instance"] == "/api/agents/nobody"


def test_it_answers_405_with_the_methods_there_are(client):
    response = client.put("/api/jobs")
    assert_problem(response, 405, "Allow")
    assert set(response.headers["Allow"].split(", ")) >= {"GET", "POST"}


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"{]",
        b"{'a': 1}",
        b"\xff\xfe{",
        b'{"agent_id": NaN}',
        b'{"agent_id": Infinity}',
        b'{"agent_id": "\\ud800"}',
        b'{"agent_id": 1e999}',
        b'{"agent_id": "a",}',
        b"[" * 100_000,
        b'{"a":' * 2000 + b"1" + b"}" * 2000,
    ],
)
def test_it_answers_400_to_what_is_no_json(client, body):
    response = client.post("/api/agents/register", data=body, content_type=JSON)
    assert_problem(response, 400, "well-formed JSON")


@pytest.mark.parametrize("body", ["[]", '"text"', "5", "null", "true"])
def test_it_answers_422_to_json_that_is_no_object(client, body):
    client.refused(422, field="body").post("/api/agents/register", data=body, content_type=JSON)


def test_it_names_the_fields_that_are_wrong(client):
    response = client.post("/api/agents/register", json={"capabilities": {"can_rip": "perhaps"}})
    assert_problem(response, 422, "(and 2 more, see errors)")
    assert response.get_json()["errors"] == {
        "agent_id": ["Missing data for required field."],
        "name": ["Missing data for required field."],
        "capabilities.can_rip": ["Not a valid boolean."],
    }


def test_it_names_fields_by_their_place_in_a_list(client):
    body = {"agent_id": "pc", "drive": "D:", "disc_name": "X", "titles": [{"index": "first"}]}
    response = client.post("/api/discs/detected", json=body)
    assert_problem(response, 422, field="titles.0.index")
    assert_problem(response, 422, field="titles.0.duration_seconds")


def test_it_answers_413_to_a_body_that_is_too_large(client, services):
    body = b" " * (services.context.settings.max_json_bytes + 1)
    client.refused(413, "BOZ_MAX_JSON_BYTES").post("/api/jobs", data=body, content_type=JSON)


def chunked(client: Client, path: str, body: bytes) -> TestResponse:
    """Send a body without saying beforehand how long it is."""
    return client.post(
        path,
        input_stream=io.BytesIO(body),
        content_type=JSON,
        headers={"Transfer-Encoding": "chunked"},
        environ_overrides={"wsgi.input_terminated": True},
    )


def test_it_answers_413_to_a_large_body_of_unknown_length(client, services):
    """The server would take it for complete where the limit cuts it off after a whole object."""
    limit = services.context.settings.max_json_bytes
    agent = b'{"agent_id": "pc", "name": "Pc"}'
    response = chunked(client, "/api/agents/register", agent.ljust(limit + 1))
    assert_problem(response, 413, "BOZ_MAX_JSON_BYTES")
    assert ok(client.get("/api/agents")) == []
    assert ok(chunked(client, "/api/agents/register", agent.ljust(limit)))["name"] == "Pc"


def test_it_answers_413_where_no_body_is_asked_for(client, services):
    client.register_agent()
    body = b" " * (services.context.settings.max_json_bytes + 1)
    response = client.post("/api/agents/pc/heartbeat", data=body, content_type=JSON)
    assert_problem(response, 413, "BOZ_MAX_JSON_BYTES")


def test_it_hides_its_faults_and_logs_them(client, services, monkeypatch, caplog):
    def fail(*_: object) -> NoReturn:
        raise KeyError("secret of /data/boz.db")

    monkeypatch.setattr(services.agents, "get", fail)
    response = client.get("/api/agents/pc")
    assert_problem(response, 500, "X-Request-ID")
    assert "secret" not in response.text
    assert "KeyError" not in response.text
    (record,) = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert record.getMessage() == "Fault at GET /api/agents/pc"
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], KeyError)


def test_it_serves_on_after_a_fault(client, services, monkeypatch):
    def fail(*_: object, **__: object) -> NoReturn:
        raise RuntimeError

    with monkeypatch.context() as patched:
        patched.setattr(services.context.stores.agents, "refresh_work", fail)
        body = {"agent_id": "pc", "name": "Pc"}
        assert_problem(client.post("/api/agents/register", json=body), 500)
    assert ok(client.get("/api/agents")) == []  # it was entered before the fault, and taken back
    ok(client.post("/api/agents/register", json=body))


@pytest.mark.parametrize("path", ["/api/agents", "/api/agents/nobody", "/api/nothing", "/livez"])
def test_it_gives_every_request_an_id_of_its_own(client, path):
    ids = [client.get(path).headers["X-Request-ID"] for _ in range(2)]
    assert ids[0] != ids[1]
    assert all(re.fullmatch("[0-9a-f]{32}", each) for each in ids)


def test_it_keeps_the_id_that_a_proxy_gave(client):
    for given in ("a", "req-7.b_C", "x" * 64):
        response = client.get("/livez", headers={"X-Request-ID": given})
        assert response.headers["X-Request-ID"] == given


def test_it_takes_no_strange_id(client):
    for given in ("", "x" * 65, "a b", "a;b", "<script>", "\xe4", "a,b"):
        response = client.get("/livez", headers={"X-Request-ID": given})
        assert re.fullmatch("[0-9a-f]{32}", response.headers["X-Request-ID"]), given
