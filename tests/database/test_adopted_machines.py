"""What becomes of the old system's agents, workers and commands for VLC."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from boz_server.database.legacy.report import Report
from boz_server.database.models import Agent, Disc, Job, VLCCommand, Worker
from boz_server.domain.machines.capabilities import AGENT_DEFAULTS, WORKER_DEFAULTS
from tests.database.legacy import LegacyDatabase
from tests.database.rows import NOW

Adopt = Callable[[], Report]
HEARD = datetime(2026, 1, 20, 10, tzinfo=UTC)


def test_it_keeps_agents_as_they_were(legacy: LegacyDatabase, adopt: Adopt) -> None:
    capabilities = '{"can_rip": true, "gpu_type": "RTX 4060 \\u00fc", "drives": [1]}'
    legacy.add("agents", capabilities=capabilities, status="online")
    adopt()
    agent = Agent.get()
    assert (agent.agent_id, agent.name, agent.status) == ("pc", "Living room", "online")
    assert agent.capabilities == {
        "can_rip": True, "can_transcode": False, "gpu_type": "RTX 4060 ü", "drives": [1]
    }  # fmt: skip
    assert (agent.last_heartbeat, agent.registered_at) == (HEARD, HEARD)


@pytest.mark.parametrize(
    ("stored", "read"),
    [
        ("2026-01-20 10:00:00.123456", HEARD.replace(microsecond=123456)),
        ("2026-01-20 10:00:00", HEARD),
        ("2026-01-20T11:00:00+01:00", HEARD),
        (b"2026-01-20 10:00:00", HEARD),
    ],
)
def test_it_reads_times_in_all_their_forms(
    legacy: LegacyDatabase, adopt: Adopt, stored: object, read: datetime
) -> None:
    legacy.add("agents", registered_at=stored)
    assert not adopt().repairs
    assert Agent.get().registered_at == read


@pytest.mark.parametrize("heard", ["yesterday", None, "9999-99-99", "0001-01-01T00:00:00+05:00"])
def test_it_takes_a_machine_for_offline_that_it_does_not_know_when_it_heard_of(
    legacy: LegacyDatabase, adopt: Adopt, heard: str | None
) -> None:
    legacy.add("agents", last_heartbeat=heard)
    legacy.add("workers", last_heartbeat=heard)
    adopt()
    for machine in (Agent.get(), Worker.get()):
        assert (machine.status, machine.last_heartbeat) == ("offline", HEARD)


def test_it_lets_no_machine_be_heard_of_in_the_future(legacy: LegacyDatabase, adopt: Adopt) -> None:
    legacy.add("agents", last_heartbeat="2099-01-01 00:00:00")
    assert adopt().repairs["agents", "last_heartbeat: in the future, set to now"] == 1
    assert Agent.get().last_heartbeat == NOW


def test_it_mends_what_no_column_of_ours_takes(legacy: LegacyDatabase, adopt: Adopt) -> None:
    legacy.add("agents", name=None, status="asleep", capabilities="{broken", registered_at=None)
    legacy.add("workers", worker_type="cloud", hostname=None, capabilities="[1]", priority=1000,
               enabled="maybe", status=None, current_jobs="?", total_jobs_completed=-3,
               avg_transcode_time_seconds="fast", cpu_usage=250, gpu_usage="hot")  # fmt: skip
    adopt()
    agent, worker = Agent.get(), Worker.get()
    assert (agent.name, agent.status, agent.capabilities) == ("pc", "offline", AGENT_DEFAULTS)
    assert (worker.worker_type, worker.hostname) == ("agent", "pc-gpu")
    assert worker.capabilities == WORKER_DEFAULTS
    assert (worker.priority, worker.enabled, worker.status) == (99, True, "offline")
    assert (worker.current_jobs, worker.total_jobs_completed) == ([], 0)
    assert (worker.avg_transcode_time_seconds, worker.cpu_usage, worker.gpu_usage) == (0, 100, None)


@pytest.mark.parametrize(
    "capabilities",
    ['{"gpu": "\\u0000"}', '{"gpu": "\\ud800"}', "[" * 2000, '{"gpu": NaN}', b"\xff"],
)
def test_it_bears_json_that_no_database_keeps(
    legacy: LegacyDatabase, adopt: Adopt, capabilities: object
) -> None:
    legacy.add("agents", capabilities=capabilities)
    adopt()
    assert Agent.get().capabilities == AGENT_DEFAULTS


def test_it_fills_in_capabilities_that_the_services_count_on(
    legacy: LegacyDatabase, adopt: Adopt
) -> None:
    said = (
        '{"nvenc": true, "hevc": "yes", "max_concurrent": null, "cpu_threads": -1, "vlc_path": 3}'
    )
    legacy.add("agents")
    legacy.add("workers", capabilities=said)
    report = adopt()
    assert Worker.get().capabilities == WORKER_DEFAULTS | {"nvenc": True}
    assert report.repairs["workers", "capabilities: what makes no sense set to the default"] == 1


@pytest.mark.parametrize(("priority", "is_kept"), [(50, False), (10, True)])
def test_it_keeps_a_priority_that_someone_chose(
    legacy: LegacyDatabase, adopt: Adopt, priority: int, is_kept: bool
) -> None:
    legacy.add("workers", priority=priority)
    adopt()
    worker = Worker.get()
    assert (worker.priority, worker.priority_set_by_operator) == (priority, is_kept)


def test_it_enters_agents_that_only_others_name(legacy: LegacyDatabase, adopt: Adopt) -> None:
    legacy.add("workers", agent_id="den")
    legacy.add("discs", agent_id="attic")
    legacy.add("jobs", status="running", assigned_agent_id="shed")
    legacy.add("jobs", job_id="old", status="completed", assigned_agent_id="barn")
    report = adopt()
    found = {agent.agent_id: agent.status for agent in Agent.select()}
    assert found == {"den": "offline", "attic": "offline", "shed": "offline"}
    assert report.added["agents"] == 3
    assert Worker.get().agent_id == "den"
    assert Disc.get().agent_id == "attic"
    assert Job.get_by_id("old").assigned_agent_id == "barn"  # that is history


def test_it_names_a_disc_without_an_agent_after_an_unknown_one(
    legacy: LegacyDatabase, adopt: Adopt
) -> None:
    legacy.add("discs", agent_id=None)
    adopt()
    assert Disc.get().agent_id == "unknown"


def test_it_sets_what_machines_have_from_the_jobs(legacy: LegacyDatabase, adopt: Adopt) -> None:
    legacy.add("agents", current_job_id="gone", status="busy")
    legacy.add("agents", agent_id="den", current_job_id=None)
    legacy.add("workers", current_jobs='["done", "mine", "gone"]')
    legacy.add("workers", worker_id="pc-cpu", current_jobs="[]")
    legacy.add("jobs", job_id="done", assigned_agent_id="pc")
    legacy.add("jobs", job_id="mine", status="assigned", assigned_agent_id="pc")
    legacy.add("jobs", job_id="rip", job_type="rip", status="running", assigned_agent_id="den")
    report = adopt()
    pc, den = Agent.get_by_id("pc"), Agent.get_by_id("den")
    assert (pc.current_job_id, pc.status) == (None, "online")
    assert (den.current_job_id, den.status) == ("rip", "busy")
    assert Worker.get_by_id("pc-gpu").current_jobs == ["mine"]
    assert Worker.get_by_id("pc-cpu").current_jobs == []
    assert Job.get_by_id("mine").assigned_worker_id == "pc-gpu"
    assert report.repairs["workers", "current_jobs: set from the jobs"] == 1


def test_it_shortens_ids_that_are_too_long_the_same_everywhere(
    legacy: LegacyDatabase, adopt: Adopt
) -> None:
    long = "pc-" * 50
    legacy.add("agents", agent_id=long)
    legacy.add("agents", agent_id=long + "other")
    legacy.add("discs", agent_id=long)
    adopt()
    (one,) = [agent.agent_id for agent in Agent.select() if agent.agent_id == Disc.get().agent_id]
    assert len(one) == 100
    assert Agent.select().count() == 2


def test_it_takes_the_character_nul_out(legacy: LegacyDatabase, adopt: Adopt) -> None:
    legacy.add("agents", name="Living\x00 room\x00")
    report = adopt()
    assert Agent.get().name == "Living room"
    assert report.repairs["agents", "name: the character NUL taken out"] == 1


def test_it_replaces_letters_that_are_no_utf8(legacy: LegacyDatabase, adopt: Adopt) -> None:
    legacy.add("agents")
    legacy.run("UPDATE agents SET name = CAST(x'4cff' AS TEXT)")
    adopt()
    assert Agent.get().name == "L\ufffd"


def test_it_drops_machines_without_an_id(legacy: LegacyDatabase, adopt: Adopt) -> None:
    legacy.add("agents", agent_id="")
    legacy.add("workers", worker_id="")
    report = adopt()
    assert [(lost.table, lost.into) for lost in report.lost] == [
        ("agents", None),
        ("workers", None),
    ]
    assert not Agent.select().exists()


def test_it_keeps_commands_for_vlc(legacy: LegacyDatabase, adopt: Adopt) -> None:
    columns: dict[str, Any] = {"agent_id": "gone", "sent_at": "2026-01-20 10:00:00"}
    legacy.add("vlc_commands", **columns)
    legacy.add("vlc_commands", command_id="odd", status="lost", created_at=None, file_path=None)
    adopt()
    command, odd = VLCCommand.get_by_id("vlc"), VLCCommand.get_by_id("odd")
    assert (command.agent_id, command.status, command.sent_at) == ("gone", "completed", HEARD)
    assert (odd.status, odd.created_at, odd.file_path) == ("failed", NOW, "")
