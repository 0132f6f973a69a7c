"""Notifications about jobs, files and disks in a Discord channel, as the settings enable them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from boz_server.database.models import OutboxMessage
from boz_server.services.notifications import discord
from boz_server.services.queue import leases
from boz_server.services.wiring import Services
from tests.client import UNREADABLE, Client, ok
from tests.films import upload
from tests.media_server import FakeMediaServers
from tests.support import (
    restart,
)

Posts = Callable[[], list[str]]


@pytest.fixture
def running(app: Flask, media_servers: FakeMediaServers, client: Client) -> Services:
    """A server with a channel, an agent and a worker."""
    services = restart(app, **media_servers.settings("discord"))
    client.register_agent()
    client.register_worker()
    return services


@pytest.fixture
def posts(running: Services, media_servers: FakeMediaServers) -> Posts:
    """Sends what is due, and returns the posts since the last call."""

    def send() -> list[str]:
        running.outbox.tick()
        found = media_servers.posts()
        media_servers.requests.clear()
        return found

    return send


def end(client: Client, job_id: str, status: str, **extra: Any) -> None:
    ok(client.report(job_id, "running"))
    ok(client.report(job_id, status, **extra))


def test_it_tells_that_a_transcode_is_done(client, posts):
    end(client, client.approved_job(source_disc_name="FIREFLY_S1"), "completed")
    assert posts() == ["✅ Transcoded: Firefly - S01E01 (FIREFLY\\_S1)"]
    assert posts() == []


def test_it_tells_that_a_rip_is_done(client, posts):
    _, (job_id, *_) = client.ordered_rips()
    end(client, job_id, "completed", output_file="C:\\rips\\t00.mkv")
    [post] = posts()
    assert post.startswith("✅ Ripped: Firefly - S01E01")


def test_it_tells_it_once(client, posts):
    job_id = client.approved_job()
    end(client, job_id, "completed")
    ok(client.report(job_id, "completed", output_file="/data/output/a.mkv"))
    ok(client.report(job_id, "completed", output_file="/data/output/a.mkv"))
    assert len(posts()) == 1


def test_it_tells_that_a_job_failed_and_why(app, client, posts):
    restart(app, max_attempts=1)
    end(client, client.approved_job(), "failed", error="HandBrake:\n *exit* 3")
    assert posts() == ["❌ Transcode failed: Firefly - S01E01: HandBrake: \\*exit\\* 3"]


def test_it_tells_nothing_while_a_job_is_tried_again(client, running, clock, posts):
    job_id = client.approved_job()
    for _ in range(2):
        end(client, job_id, "failed", error="Upload failed: no route")
        assert posts() == []
        clock.advance(3600)
        ok(client.post("/api/agents/pc/heartbeat"))
        ok(client.post("/api/workers/gpu/heartbeat", json={}))
        leases.retry_due(running.context)
    end(client, job_id, "failed", error="Upload failed: no route")
    [post] = posts()
    assert post.startswith("❌ Transcode failed: Firefly - S01E01: Upload failed")


def test_it_tells_that_the_result_of_a_job_did_not_get_through(app, client, posts, running):
    """Today's agents report completed twice: before the upload, and after it."""
    restart(app, max_transcode_attempts=1)
    job_id = client.approved_job()
    end(client, job_id, "completed")
    for _ in range(2):
        ok(client.report(job_id, "completed", error="Upload failed: no route"))
    done, failed = posts()
    assert done.startswith("✅")
    assert failed.startswith("❌")


def test_it_tells_of_a_job_whose_machine_was_lost(app, client, posts, clock):
    services = restart(app, max_attempts=1)
    client.assigned_job()
    clock.advance(3600)
    leases.rescue(services.context)
    [post] = posts()
    assert "was not heard from in time" in post


def test_it_tells_nothing_of_what_a_person_cancels(client, posts):
    ok(client.post(f"/api/jobs/{client.create_job()['job_id']}/cancel"))
    client.detect()
    assert posts() == []


def test_it_tells_of_files_and_disks(client, running, posts):
    job = running.queue.get(client.create_job()["job_id"])
    with running.context.database.write():
        discord.organized(running.context, job, Path("/nas/TV Shows/a_b.mkv"))
        discord.storage_low(running.context, "Only 1 GiB is left in /nas.")
        discord.storage_low(running.context, "Only 0 GiB is left in /nas.")
    assert posts() == [
        "📁 In the library: Firefly - S01E01 (/nas/TV Shows/a\\_b.mkv)",
        "⚠️ Only 0 GiB is left in /nas.",
    ]


def test_it_tells_of_no_file_that_only_a_client_reports_as_organized(
    client, library, nas, media_servers
):
    services = library(at_once=False, **media_servers.settings("discord", "plex"))
    job_id = upload(client, "Serenity (2005)")["organize_job_id"]
    path = nas / "Movies/Serenity (2005)/Serenity (2005).mkv"
    assert services.organizer._claim() is not None
    ok(client.report(job_id, "completed", output_file=str(path)))
    assert client.job(job_id)["output_file"] == str(path)
    assert OutboxMessage.select().count() == 0


@pytest.mark.parametrize("kind", ["complete", "failure", "organized"])
def test_it_tells_only_what_people_want_to_hear(app, client, running, posts, kind):
    services = restart(app, **{f"discord_notify_on_{kind}": False})
    end(client, client.approved_job(), "completed")
    end(client, client.approved_job(), "failed", error=UNREADABLE)
    job = running.queue.get(client.create_job()["job_id"])
    with running.context.database.write():
        discord.organized(services.context, job, Path("/nas/a"))
    signs = {"complete": "✅", "failure": "❌", "organized": "📁"}
    assert {post[0] for post in posts()} == set(signs.values()) - {signs[kind]}


def test_it_tells_nothing_without_a_channel(app, client):
    client.register_agent()
    client.register_worker()
    end(client, client.approved_job(), "completed")
    assert OutboxMessage.select().count() == 0


def test_it_keeps_a_notice_within_what_discord_takes(app, client, posts):
    restart(app, max_attempts=1)
    job_id = client.approved_job(output_name="*" * 255, source_disc_name="_" * 255)
    end(client, job_id, "failed", error="*" * 10_000)
    [post] = posts()
    assert len(post) == 2000


def test_it_waits_as_long_as_discord_asks_for(client, running, media_servers, clock):
    end(client, client.approved_job(), "completed")
    media_servers.fail("429", times=1, Retry_After="65")
    running.outbox.tick()
    clock.advance(64)
    running.outbox.tick()
    assert len(media_servers.posts()) == 1
    clock.advance(1)
    running.outbox.tick()
    assert len(media_servers.posts()) == 2


def test_it_tells_nothing_of_a_change_that_was_not_made(client, running, monkeypatch):
    """The notification is entered in the same transaction."""
    job_id = client.approved_job()

    def fail(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(running.context.stores.workers, "count_completion", fail)
    assert client.report(job_id, "completed").status_code == 500
    assert OutboxMessage.select().count() == 0
