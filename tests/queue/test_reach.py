"""Which workers can get at a file, and whether its agent is to send it."""

from typing import Any

import pytest

from boz_server.domain.machines.capabilities import WORKER_DEFAULTS
from boz_server.domain.queue.placement import Machine
from boz_server.domain.queue.reach import FilePlace, could_reach, is_wanted_here, reaches


def machine(worker_id: str, agent_id: str | None, **said: Any) -> Machine:
    """A worker that has nothing to do."""
    enabled = said.pop("enabled", True)
    return Machine(
        worker_id=worker_id,
        agent_id=agent_id,
        capabilities=WORKER_DEFAULTS | said,
        online=True,
        enabled=enabled,
        paused=False,
        held=0,
        priority=50,
        average_seconds=0.0,
        last_turn=0,
        usual_preset="Fast 1080p30",
    )


NEAR, FARM = machine("gpu", "pc"), machine("farm", None)
DEN, FETCHING = machine("den", "den"), machine("den", "den", can_download=True)
AWAY, SENT = FilePlace("pc"), FilePlace("pc", is_here=True)
COMING, ANYWHERE = FilePlace("pc", can_come=True), FilePlace(None)


@pytest.mark.parametrize(
    ("file", "now", "in_time"),
    [
        (AWAY, {"gpu"}, {"gpu"}),
        (COMING, {"gpu"}, {"gpu", "farm", "fetching"}),
        (SENT, {"gpu", "farm", "fetching"}, {"gpu", "farm", "fetching"}),
        (ANYWHERE, {"gpu", "farm", "den", "fetching"}, {"gpu", "farm", "den", "fetching"}),
    ],
)
def test_it_says_who_can_read_a_file(file, now, in_time):
    machines = {"gpu": NEAR, "farm": FARM, "den": DEN, "fetching": FETCHING}
    assert {name for name, one in machines.items() if reaches(one, file)} == now
    assert {name for name, one in machines.items() if could_reach(one, file)} == in_time


@pytest.mark.parametrize("file", [AWAY, SENT, ANYWHERE])
def test_it_wants_no_file_that_can_not_come_or_need_not(file):
    assert not is_wanted_here([FARM], file, None, None)
    assert not is_wanted_here([FARM], file, "farm", None)


@pytest.mark.parametrize(
    ("machines", "preset", "wanted"),
    [
        ([], None, False),
        ([FARM], None, True),
        ([FETCHING], None, True),
        ([DEN], None, False),
        ([NEAR, FARM], None, False),
        ([machine("gpu", "pc", enabled=False), FARM], None, True),
        ([NEAR, machine("farm", None, enabled=False)], None, False),
        ([NEAR, FARM], "H.265 NVENC 1080p", False),
        ([NEAR, machine("farm", None, nvenc=True, hevc=True)], "H.265 NVENC 1080p", True),
    ],
)
def test_it_wants_a_file_where_the_own_machine_can_not_and_another_can(machines, preset, wanted):
    assert is_wanted_here(machines, COMING, None, preset) is wanted


@pytest.mark.parametrize(
    ("chosen", "wanted"),
    [("gpu", False), ("farm", True), ("den", False), ("gone", False)],
)
def test_it_wants_a_file_for_the_worker_that_a_person_chose(chosen, wanted):
    """Whether that is enabled or not, and whatever its hardware: the person will know."""
    machines = [NEAR, machine("farm", None, enabled=False), DEN]
    assert is_wanted_here(machines, COMING, chosen, "H.265 NVENC 1080p") is wanted


def test_it_believes_a_worker_that_it_sees_the_agents_files():
    sharing = machine("sharing", None, shared_storage=True)
    assert reaches(sharing, AWAY)
    assert not is_wanted_here([sharing], COMING, "sharing", None)
