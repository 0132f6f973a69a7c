"""Messages are sent by the server's own threads, and outlive its processes."""

import sqlite3
import time
from contextlib import closing

from tests.e2e.gunicorn_server import GunicornServer, until
from tests.media_server import FakeMediaServers

SOON = 15
POST = "✅ Transcoded: Up"


def set_up(server: GunicornServer, others: FakeMediaServers) -> None:
    address = others.settings("discord")["discord_webhook_url"]
    server.environment |= {"BOZ_DISCORD_ENABLED": "true", "BOZ_DISCORD_WEBHOOK_URL": address}
    server.made_impatient().start()


def complete_a_job(server: GunicornServer) -> None:
    server.post("/api/agents/register", agent_id="pc", name="PC")
    job = server.post("/api/jobs", job_type="transcode", input_file="a.mkv", output_name="Up")
    path = f"/api/jobs/{job['job_id']}"
    server.post(f"{path}/assign?agent_id=pc")
    server.patch(path, status="completed")


def test_it_sends_what_is_due(server, media_servers):
    set_up(server, media_servers)
    complete_a_job(server)
    assert until(media_servers.posts, SOON) == [POST]
    assert server.stop() == 0


def test_it_holds_up_neither_requests_nor_maintenance(server, media_servers):
    server.environment["BOZ_WEB_WORKERS"] = "1"
    media_servers.fail("silence")
    set_up(server, media_servers)
    complete_a_job(server)
    assert until(media_servers.posts, SOON) == [POST]
    began = time.monotonic()
    server.get("/health")
    steps = server.get("/api/system/maintenance")["steps"]
    assert time.monotonic() - began < 2
    assert any(step["last_run_at"] for step in steps)


def test_it_sends_again_what_it_was_sending_when_it_was_killed(server, media_servers):
    media_servers.fail("silence")
    set_up(server, media_servers)
    complete_a_job(server)
    until(media_servers.posts, SOON)
    server.kill()
    with closing(sqlite3.connect(server.database)) as file, file:
        # The claim of the killed sender has expired.
        changed = file.execute("UPDATE outbox SET due_at = '2026-01-01 00:00:00.000000'")
        assert changed.rowcount == 1
    media_servers.work()
    media_servers.requests.clear()
    server.start()
    assert until(media_servers.posts, SOON) == [POST]
