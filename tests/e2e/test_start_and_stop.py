"""How the server starts, refuses to start, and stops."""

import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path

import requests

from tests.e2e.gunicorn_server import START_SECONDS, GunicornServer


def refusal(server: GunicornServer) -> str:
    """The last line of a server that ends instead of serving."""
    process = server.launch()
    errors = server.errors()
    assert process.exitcode != 0
    assert "Traceback" not in errors
    return errors.strip().splitlines()[-1]


def test_it_migrates_a_new_database_and_stops_cleanly(server):
    server.start()
    assert server.get("/readyz")["status"] == "ok"
    assert server.stop() == 0


def test_it_answers_from_every_process(server):
    server.environment["BOZ_WEB_WORKERS"] = "3"
    server.start()
    # They boot one after the other; the first may answer before the last is ready.
    deadline = time.monotonic() + START_SECONDS
    while len(server.workers()) < 3 and time.monotonic() < deadline:
        server.get("/livez")
    assert len(server.workers()) == 3


def test_it_carries_no_connection_over_the_fork(server):
    server.start()
    server.get("/health")
    assert server.process is not None
    held = [link.resolve() for link in Path(f"/proc/{server.process.pid}/fd").iterdir()]
    name = server.database.name
    ours = {path.name for path in held if path.name.startswith(name)}
    assert ours == {f"{name}.lock"}  # which is not a connection, and is meant to be open


def test_it_replaces_a_serving_process_that_dies(server):
    server.environment["BOZ_WEB_WORKERS"] = "1"
    server.start()
    server.post("/api/agents/register", agent_id="pc", name="PC")
    (worker,) = server.workers()
    subprocess.run(["kill", "-9", str(worker)], check=True)  # noqa: S603, S607 - our own server
    retrying = requests.Session()
    retrying.mount("http://", requests.adapters.HTTPAdapter(max_retries=20))
    answer = retrying.get(f"{server.url}/api/agents/pc", timeout=START_SECONDS)
    assert answer.json()["agent_id"] == "pc"
    assert server.workers() != [worker]


def test_it_names_the_folder_and_the_variable_when_the_folder_is_missing(server, tmp_path):
    server.environment["BOZ_DATABASE_URL"] = f"sqlite:///{tmp_path}/nowhere/boz.db"
    said = refusal(server)
    assert f"{tmp_path}/nowhere" in said
    assert "BOZ_DATABASE_URL" in said


def test_it_refuses_a_database_that_is_behind_unless_it_may_migrate(server):
    server.environment["BOZ_AUTO_MIGRATE"] = "false"
    assert "flask db upgrade" in refusal(server)
    server.environment["BOZ_AUTO_MIGRATE"] = "true"
    server.start()
    server.kill()
    server.environment["BOZ_AUTO_MIGRATE"] = "false"
    server.start()


def test_it_refuses_a_database_of_a_newer_server(server):
    server.start()
    server.kill()
    with closing(sqlite3.connect(server.database)) as file, file:
        file.execute("INSERT INTO migratehistory (name, migrated_at) VALUES ('999_later', '')")
    assert "999_later" in refusal(server)


def test_it_migrates_once_when_servers_start_at_the_same_time(server):
    others = [GunicornServer(server.folder) for _ in range(2)]
    for each in others:
        each.launch()
    try:
        server.start()
        with closing(sqlite3.connect(server.database)) as file:
            names = [name for (name,) in file.execute("SELECT name FROM migratehistory")]
        assert sorted(names) == sorted(set(names)) != []
    finally:
        for each in others:
            each.kill()
