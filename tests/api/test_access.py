"""Who may call: anyone while no key is set, else those who send it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from boz_server import create_app
from boz_server.api.context import EXTENSION
from tests.client import Client, ok
from tests.support import assert_problem

#: The check comes before any query: one engine will do.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

KEY = "correct horse battery staple"
RIGHT = {"Authorization": f"Bearer {KEY}"}
AGENT = {"agent_id": "pc", "name": "Pc"}

Guard = Callable[..., Client]


@pytest.fixture
def guarded(settings, clock) -> Iterator[Guard]:
    """Makes clients of a server with a key."""
    apps: list[Flask] = []

    def make(key: str = KEY, **extra: Any) -> Client:
        apps.append(create_app(replace(settings, api_key=key, **extra), clock))
        return apps[-1].test_client()

    yield make
    for app in apps:
        app.extensions[EXTENSION].context.database.close()


def every_address(client: Client) -> Iterator[tuple[str, str]]:
    """Each method and path that the server has, with some id where one belongs."""
    for rule in client.application.url_map.iter_rules():
        values = dict.fromkeys(rule.arguments, "some-id")
        _, path = rule.build(values) or (None, None)
        assert path is not None
        for method in (rule.methods or set()) - {"OPTIONS"}:
            yield method, path


def test_it_lets_anyone_in_while_no_key_is_set(client):
    assert ok(client.get("/api/agents")) == []
    ok(client.post("/api/agents/register", json=AGENT, headers={"Authorization": "Bearer any"}))


def test_it_lets_in_whoever_sends_the_key(guarded):
    client = guarded()
    ok(client.post("/api/agents/register", json=AGENT, headers=RIGHT))
    assert len(ok(client.get("/api/agents", headers=RIGHT))) == 1


def test_it_keeps_everyone_else_out_of_every_address(guarded):
    client = guarded()
    seen = set()
    for method, path in every_address(client):
        response = client.open(path, method=method)
        if response.status_code != 401:
            assert response.status_code == 200, path
            seen.add(path)
    assert seen == {"/health", "/livez", "/readyz"}


def test_it_says_which_key_it_wants(guarded):
    response = guarded().get("/api/agents")
    assert_problem(response, 401, "Authorization: Bearer")
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert KEY not in response.text


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "Bearer",
        "Bearer ",
        KEY,
        f"bearer {KEY}x",
        f"Bearer {KEY}x",
        f"Bearer {KEY[:-1]}",
        f"Bearer {KEY.upper()}",
        f"Bearer  {KEY}",
        f"Basic {KEY}",
        "Bearer \xe4\xf6\xfc",
        "Bearer None",
    ],
)
def test_it_takes_no_similar_key_for_its_own(guarded, sent):
    client = guarded()
    assert_problem(client.get("/api/agents", headers={"Authorization": sent}), 401)


def test_it_reads_the_scheme_in_any_case(guarded):
    assert ok(guarded().get("/api/agents", headers={"Authorization": f"bEARER {KEY}"})) == []


def test_it_takes_a_key_of_any_letters(guarded):
    key = "schlüssel-鍵"
    sent = f"Bearer {key}".encode().decode("latin-1")
    assert ok(guarded(key).get("/api/agents", headers={"Authorization": sent})) == []
    assert_problem(guarded(key).get("/api/agents", headers=RIGHT), 401)


def test_it_changes_nothing_for_one_without_the_key(guarded):
    client = guarded()
    assert_problem(client.post("/api/agents/register", json=AGENT), 401)
    assert ok(client.get("/api/agents", headers=RIGHT)) == []


def test_it_does_not_tell_a_stranger_which_addresses_there_are(guarded):
    client = guarded()
    assert_problem(client.get("/api/nothing"), 401)
    assert_problem(client.put("/api/agents"), 401)


def test_it_takes_no_lookalike_for_an_open_address(guarded):
    client = guarded()
    for path in ("/health/", "/healthz", "//health", "/livez/../api/agents", "/api/agents?/health"):
        assert client.get(path).status_code in (308, 401), path
    assert client.post("/api/jobs?path=/health", json={}).status_code == 401


def test_it_lets_anyone_read_where_reads_are_public(guarded):
    client = guarded(public_reads=True)
    assert ok(client.get("/api/agents")) == []
    assert client.head("/api/jobs").status_code == 200
    assert client.get("/dashboard").status_code == 200


def test_it_keeps_strangers_from_writing_where_reads_are_public(guarded):
    client = guarded(public_reads=True)
    for method, path in every_address(client):
        if method not in ("GET", "HEAD"):
            assert client.open(path, method=method).status_code == 401, path
    ok(client.post("/api/agents/register", json=AGENT, headers=RIGHT))
    override = {"X-HTTP-Method-Override": "POST"}
    assert client.get("/api/agents/register", headers=override).status_code == 404


def test_it_hands_no_ones_commands_to_strangers_where_reads_are_public(guarded):
    client = guarded(public_reads=True)
    for method in ("GET", "HEAD"):
        assert client.open("/api/vlc/commands/pc", method=method).status_code == 401
    assert ok(client.get("/api/vlc/commands/pc", headers=RIGHT)) == {"commands": []}


def test_it_opens_nothing_by_public_reads_alone(settings, clock):
    app = create_app(replace(settings, public_reads=True), clock)
    ok(app.test_client().post("/api/agents/register", json=AGENT))
    app.extensions[EXTENSION].context.database.close()
