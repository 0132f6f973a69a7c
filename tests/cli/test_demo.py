"""`flask demo` against a real server on loopback: the whole story, its discs, and how it fails."""

import json
import re
import shutil
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from werkzeug import Response
from werkzeug.serving import make_server

from boz_server import create_app
from boz_server.api.context import EXTENSION
from boz_server.cli.demo import demo_command
from boz_server.demo import agent, scratch, story
from boz_server.demo.catalogue import load_discs
from boz_server.demo.client import DemoError, ServerClient
from boz_server.demo.scratch import scratch_server

#: Nothing listens on port 1, which only a privileged process could open.
NOBODY = "http://127.0.0.1:1"
KEY = "a-key-of-the-test-and-of-nothing-else"


@pytest.fixture
def database_url(tmp_path: Path, sqlite_template: Path) -> str:
    """One engine: the demo is a client and sees no database; the API's tests run on both."""
    return f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'boz.db')}"


@contextmanager
def served(app) -> Iterator[str]:
    """Serve a WSGI application on a free port of loopback; yields its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def address(settings) -> Iterator[str]:
    app = create_app(replace(settings, api_key=KEY))
    with served(app) as url:
        yield url
    app.extensions[EXTENSION].context.database.close()


@pytest.fixture
def short_story(monkeypatch) -> None:
    """Only the first two discs of Firefly, with seven episodes."""
    discs = load_discs()[:2]
    monkeypatch.setattr(story, "load_discs", lambda: discs)


def demo(*arguments: str) -> Result:
    return CliRunner().invoke(
        demo_command, [*arguments, "--speed", "1000"], env={"BOZ_API_KEY": ""}
    )


def demo_with_key(address: str) -> Result:
    return demo("--url", address, "--key", KEY)


def firefly_episodes(output: str) -> list[int]:
    """The numbers that the server proposed for Firefly, in the order in which it did."""
    previews = re.findall(r"^ +\d+ +\d:.*Firefly - S01E(\d+)", output, re.MULTILINE)
    return [int(number) for number in previews]


def assert_one_sentence(result: Result, words: str) -> None:
    assert result.exit_code == 1
    assert words in result.stderr
    assert result.stderr.startswith("Error: ")
    assert len(result.stderr.splitlines()) == 1


# The story


def test_it_numbers_firefly_through_over_four_discs(address):
    result = demo_with_key(address)

    assert result.exit_code == 0, result.output
    # The demo does not depend on how the server reads the long documentary on the fourth disc.
    assert firefly_episodes(result.output)[:14] == list(range(1, 15))


def test_it_sums_up_what_the_server_knows(address, short_story):
    output = demo_with_key(address).output

    assert "Firefly, season 1: numbered up to episode 7 on 2 disc(s)." in output
    assert "7 rips and 7 transcodes: 14 completed, 0 failed." in output
    assert f"'{address}/api/tv-seasons/Firefly%3As1'" in output
    # Bystanders must not see the key.
    assert "Bearer $BOZ_API_KEY" in output
    assert KEY not in output


def test_it_runs_again_on_the_same_server(address, short_story):
    demo_with_key(address)
    again = demo_with_key(address)

    assert again.exit_code == 0, again.output
    assert firefly_episodes(again.output) == list(range(1, 8))


def test_it_clears_what_an_interrupted_run_left_behind(address, short_story, monkeypatch):
    def interrupt(*_args: float) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(agent, "pause", interrupt)
        stopped = demo_with_key(address)
    again = demo_with_key(address)

    assert stopped.exit_code == 130
    assert stopped.output.endswith("\nStopped.\n")
    assert again.exit_code == 0, again.output
    assert ServerClient(address, KEY).get("/api/agents/demo-agent/jobs") == {"jobs": []}


# What can go wrong


def test_it_says_in_a_sentence_that_no_server_is_there():
    assert_one_sentence(demo("--url", NOBODY), f"No server answers at {NOBODY}")


def test_it_says_in_a_sentence_that_the_key_is_wrong(address):
    assert_one_sentence(demo("--url", address, "--key", "wrong"), "with 401: ")


def test_it_says_in_a_sentence_that_the_address_is_invalid():
    assert_one_sentence(demo("--url", "nonsense"), "can't be asked")


def test_it_repeats_the_sentence_of_a_problem():
    problem = json.dumps({"status": 503, "detail": "The database is busy."})
    with served(Response(problem, 503, content_type="application/problem+json")) as url:
        assert_one_sentence(demo("--url", url), "with 503: The database is busy.")


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (200, "<p>hello", "not JSON"),
        (200, "[]", "is not a Boz Ripper server"),
        (404, "<p>nothing here", "with 404: NOT FOUND."),
    ],
)
def test_it_recognises_a_server_of_another_kind(status, body, words):
    with served(Response(body, status)) as url:
        assert_one_sentence(demo("--url", url), words)


def test_it_gives_up_on_a_server_that_does_not_answer():
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        client = ServerClient(f"http://127.0.0.1:{deaf.getsockname()[1]}", timeout_seconds=0.05)
        with pytest.raises(DemoError, match=r"did not answer GET /health within 0\.05 seconds"):
            client.get("/health")


def test_it_gives_up_when_no_job_is_assigned(address, monkeypatch):
    monkeypatch.setattr(agent, "PATIENCE_SECONDS", 0)
    assert_one_sentence(demo_with_key(address), "assigned none of the jobs it owes demo-agent")


@pytest.mark.parametrize("arguments", [["--serve", "--url", NOBODY], ["--port", "8001"]])
def test_it_refuses_options_that_do_not_go_together(arguments):
    assert demo(*arguments).exit_code == 2


# A server of its own


def test_it_serves_tells_the_story_and_stays_up_until_ctrl_c(monkeypatch, short_story):
    def ctrl_c(server: scratch.ScratchServer) -> None:
        assert ServerClient(server.url).get("/health")["status"] == "healthy"
        raise KeyboardInterrupt

    monkeypatch.setattr(scratch.ScratchServer, "wait", ctrl_c)
    result = demo("--serve")

    assert result.exit_code == 0, result.output
    assert "stays up at http://127.0.0.1:" in result.output
    assert result.output.endswith("\nStopped.\n")


def test_it_leaves_neither_server_nor_folder_behind():
    with scratch_server() as server:
        folder = server.log.parent
        assert folder.is_dir()

    assert server.process.returncode is not None
    assert not folder.exists()


def test_it_kills_a_server_that_does_not_stop(monkeypatch):
    monkeypatch.setattr(scratch, "_STOP_SECONDS", 0)
    with scratch_server() as server:
        pass

    assert server.process.returncode == -signal.SIGKILL
    assert not server.log.parent.exists()


def test_it_cleans_up_when_it_is_terminated():
    with pytest.raises(SystemExit), scratch_server() as server:
        signal.raise_signal(signal.SIGTERM)

    assert server.process.returncode is not None


def test_it_keeps_its_server_from_a_real_installation(monkeypatch, tmp_path):
    monkeypatch.setenv("BOZ_DISCORD_ENABLED", "true")

    environment = scratch._environment(tmp_path, 8000, KEY)

    assert "BOZ_DISCORD_ENABLED" not in environment
    assert environment["BOZ_API_KEY"] == KEY


def test_it_says_that_its_server_ended():
    with scratch_server() as server:
        server.process.terminate()
        with pytest.raises(DemoError, match="ended by itself"):
            server.wait()


def test_it_says_that_the_port_is_taken(address):
    port = int(address.rpartition(":")[2])
    with pytest.raises(DemoError, match=f"Port {port} is taken"), scratch_server(port):
        pass


def test_it_waits_only_so_long_for_its_server(monkeypatch):
    monkeypatch.setattr(scratch, "_START_SECONDS", 0)
    with pytest.raises(DemoError, match="not ready within 0 seconds"), scratch_server():
        pass


def test_it_needs_a_checkout_to_serve(monkeypatch, tmp_path):
    monkeypatch.setattr(scratch, "PROJECT", tmp_path)
    assert_one_sentence(demo("--serve"), "There is no server to start")


def test_it_carries_eight_discs_with_facts_only():
    discs = load_discs()

    assert [disc.label for disc in discs] == [
        "FIREFLY_D1",
        "FIREFLY_D2",
        "THE_PRINCESS_BRIDE",
        "FIREFLY_D3",
        "FIREFLY_D4",
        "BAKUGAN_VOLUME1",
        "ARCANE S1 DISC 1 UHD",
        "2001_A_SPACE_ODYSSEY_DISC_1",
    ]
    for disc in discs:
        indices = [title["index"] for title in disc.titles]
        assert indices == sorted(set(indices))
        assert all(title["duration_seconds"] >= 0 for title in disc.titles)
        assert all(title["size_bytes"] >= 0 for title in disc.titles)


def test_it_reports_a_disc_as_an_agent_does():
    report = load_discs()[0].report("pc-1", "E:")

    assert {**report, "titles": report["titles"][:1]} == {
        "agent_id": "pc-1",
        "drive": "E:",
        "disc_name": "FIREFLY_D1",
        "disc_type": "DVD disc",
        "titles": [
            {
                "index": 0,
                "name": "Title 0",
                "duration_seconds": 5186,
                "size_bytes": 3971414016,
                "chapters": 21,
            }
        ],
    }


def test_it_leaves_out_short_titles():
    for disc in load_discs():
        reported = disc.report("pc-1", "E:")["titles"]
        assert reported
        assert all(title["duration_seconds"] >= 120 for title in reported)
