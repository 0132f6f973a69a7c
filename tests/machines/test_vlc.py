"""Commands for the VLC on an agent's machine: entered, fetched once, reported on."""

from typing import Any

from tests.client import Client, ok
from tests.support import at_once, unchanged

NOBODY = "00000000-0000-0000-0000-000000000000"


def machine_with_vlc(client: Client, agent_id: str = "pc") -> None:
    client.register_agent(agent_id)
    client.register_worker(f"{agent_id}-cpu", agent_id, priority=1)
    client.register_worker(f"{agent_id}-gpu", agent_id, capabilities={"vlc_installed": True})


def preview(client: Client, agent_id: str = "pc", **extra: Any) -> dict[str, Any]:
    body = {"agent_id": agent_id, "file_path": "C:\\rips\\a.mkv", **extra}
    return dict(ok(client.post("/api/vlc/preview", json=body)))


def commands(client: Client, agent_id: str = "pc") -> list[dict[str, Any]]:
    return list(ok(client.get(f"/api/vlc/commands/{agent_id}"))["commands"])


def status_of(client: Client, command_id: str) -> dict[str, Any]:
    return dict(ok(client.get(f"/api/vlc/commands/{command_id}/status")))


def test_it_enters_a_command(client):
    machine_with_vlc(client)
    command = preview(client, volume=50)
    command_id = command.pop("command_id")
    assert command == {
        "status": "pending", "agent_id": "pc", "file_path": "C:\\rips\\a.mkv", "fullscreen": True
    }  # fmt: skip
    assert status_of(client, command_id) == {
        "command_id": command_id,
        **command,
        "error": None,
        "created_at": "2026-01-24T12:34:56.123456Z",
        "sent_at": None,
        "completed_at": None,
    }


def test_it_hands_a_command_out_once(client, clock):
    machine_with_vlc(client)
    command_id = preview(client, fullscreen=False)["command_id"]
    clock.advance(5)
    assert ok(client.get("/api/vlc/commands/pc")) == {
        "commands": [
            {"command_id": command_id, "file_path": "C:\\rips\\a.mkv", "fullscreen": False}
        ]
    }
    assert ok(client.get("/api/vlc/commands/pc")) == {"commands": []}
    command = status_of(client, command_id)
    assert (command["status"], command["sent_at"]) == ("sent", "2026-01-24T12:35:01.123456Z")


def test_it_hands_commands_out_oldest_first_and_to_their_agent(client, clock):
    machine_with_vlc(client)
    machine_with_vlc(client, "den")
    made = []
    for _ in range(4):
        made.append(preview(client)["command_id"])
        preview(client, "den")
        clock.advance(1)
    assert [command["command_id"] for command in commands(client)] == made
    assert len(commands(client, "den")) == 4


def test_it_hands_each_command_to_one_of_two_that_ask_at_once(app):
    client = app.test_client()
    machine_with_vlc(client)
    for _ in range(5):
        made = [preview(client)["command_id"] for _ in range(4)]
        answers = at_once(*[lambda: commands(app.test_client())] * 2)
        taken = [command["command_id"] for answer in answers for command in answer]
        assert sorted(taken) == sorted(made)


def test_it_has_nothing_for_an_agent_that_it_does_not_know(client):
    assert commands(client, "nobody") == []


def test_it_notes_that_a_command_was_carried_out(client, clock):
    machine_with_vlc(client)
    command_id = preview(client)["command_id"]
    commands(client)
    clock.advance(3)
    answer = ok(client.post(f"/api/vlc/commands/{command_id}/complete"))
    assert answer == {"status": "ok", "command_id": command_id}
    command = status_of(client, command_id)
    assert (command["status"], command["error"]) == ("completed", None)
    assert command["completed_at"] == "2026-01-24T12:34:59.123456Z"


def test_it_notes_why_a_command_failed(client):
    machine_with_vlc(client)
    for error, kept in (("no such file", "no such file"), (None, "The agent gave no reason.")):
        command_id = preview(client)["command_id"]
        body = {"success": False, "error": error, "exit_code": 1}
        ok(client.post(f"/api/vlc/commands/{command_id}/complete", json=body))
        command = status_of(client, command_id)
        assert (command["status"], command["error"]) == ("failed", kept)


def test_it_keeps_the_first_word_on_a_command(client, services):
    machine_with_vlc(client)
    command_id = preview(client)["command_id"]
    ok(client.post(f"/api/vlc/commands/{command_id}/complete", json={"success": True}))
    with unchanged(services):
        body = {"success": False, "error": "late"}
        ok(client.post(f"/api/vlc/commands/{command_id}/complete", json=body))


def test_it_refuses_an_agent_without_vlc(client):
    machine_with_vlc(client, "den")
    client.register_agent()
    body = {"agent_id": "pc", "file_path": "a.mkv"}
    client.refused(400, "VLC").post("/api/vlc/preview", json=body)
    client.register_worker(capabilities={"vlc_installed": False})
    client.refused(400, "VLC").post("/api/vlc/preview", json=body)
