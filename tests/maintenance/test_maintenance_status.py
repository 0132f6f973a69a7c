"""The maintenance steps and their leader, as operators see them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from boz_server.services.maintenance.scheduler import MaintenanceStep
from boz_server.services.wiring import Services
from tests.client import Client, ok

PERIODS = {
    "reconcile": 3600,
    "rescue": 5,
    "retry": 5,
    "dispatch": 5,
    "clear_thumbnails": 60,
    "forget_keys": 3600,
    "refresh_previews": 60,
    "approve_previews": 60,
    "order_rips": 5,
    "forget_answers": 3600,
    "prune": 5,
    "watch_space": 60,
    "forget_uploads": 600,
    "sweep_inputs": 60,
    "fold_in_log": 60,
    "optimize": 3600,
    "back_up": 600,
}


def status(client: Client) -> tuple[str | None, dict[str, dict[str, Any]]]:
    """The leader, and the steps by their names."""
    body = ok(client.get("/api/system/maintenance"))
    assert body.keys() == {"holder", "steps"}
    return body["holder"], {step["name"]: step for step in body["steps"]}


def with_step(services: Services, name: str, run: Any) -> Sequence[MaintenanceStep]:
    return [
        replace(step, run=run) if step.name == name else step for step in services.maintenance.steps
    ]


def test_it_shows_what_it_will_do_before_it_has_done_anything(client):
    holder, steps = status(client)
    assert holder is None
    assert {name: step["period_seconds"] for name, step in steps.items()} == PERIODS
    for name, step in steps.items():
        assert step == {
            "name": name,
            "period_seconds": PERIODS[name],
            "last_run_at": None,
            "duration_seconds": None,
            "error": None,
        }


def test_it_shows_who_did_what_and_when(client, services, clock):
    clock.advance(3)
    services.maintenance.tick()
    holder, steps = status(client)
    assert holder == services.maintenance.holder
    assert list(steps) == list(PERIODS)
    for step in steps.values():
        assert step["last_run_at"] == "2026-01-24T12:34:59.123456Z"
        assert step["duration_seconds"] >= 0
        assert step["error"] is None


def test_it_shows_which_step_failed_and_nothing_of_its_words(client, services, monkeypatch):
    def fail(_: object) -> None:
        raise ValueError("postgresql://boz:secret@host/boz")

    monkeypatch.setattr(services.maintenance, "steps", with_step(services, "retry", fail))
    services.maintenance.tick()
    _, steps = status(client)
    assert steps["retry"]["error"] == "ValueError: see the server's log."
    assert steps["retry"]["last_run_at"] == steps["dispatch"]["last_run_at"] is not None
    assert {name for name, step in steps.items() if step["error"]} == {"retry"}


def test_it_shows_that_no_process_leads_any_more(client, services):
    services.maintenance.tick()
    services.maintenance.step_down()
    holder, steps = status(client)
    assert holder is None
    assert steps["rescue"]["last_run_at"] is not None
