"""Which workers can get at a file."""

from typing import Any

import pytest

from boz_server.domain.placement import Machine
from boz_server.domain.reach import FilePlace, could_reach, is_wanted_here, reaches


def machine(worker_id: str, agent_id: str | None = None, **changes: Any) -> Machine:
    facts: dict[str, Any] = {
        "capabilities": {"max_concurrent": 1},
        "online": True,
        "enabled": True,
        "paused": False,
        "held": 0,
        "priority": 50,
        "average_seconds": 0.0,
        "last_turn": 0,
        "usual_preset": "Fast 1080p30",
    }
    return Machine(worker_id, agent_id, **(facts | changes))


NEAR, FARM = machine("gpu", "pc"), machine("farm")
OTHER = machine("other", "den")
FETCHING = machine("fetching", "den", capabilities={"max_concurrent": 1, "can_download": True})


def test_it_believes_a_worker_that_it_sees_the_agents_files() -> None:
    sharing = machine("sharing", capabilities={"max_concurrent": 1, "shared_storage": True})
    assert reaches(sharing, FilePlace("pc"))
    assert not is_wanted_here([sharing], FilePlace("pc", can_come=True), "sharing", None)


@pytest.mark.parametrize(
    ("file", "now", "later"),
    [
        (FilePlace(None), {"gpu", "farm", "other", "fetching"}, set()),
        (FilePlace("pc"), {"gpu"}, set()),
        (FilePlace("pc", can_come=True), {"gpu"}, {"farm", "fetching"}),
        (FilePlace("pc", is_here=True), {"gpu", "farm", "fetching"}, set()),
        (FilePlace("den"), {"other", "fetching"}, set()),
    ],
)
def test_it_says_who_reaches_a_file_now_and_once_it_has_come(
    file: FilePlace, now: set[str], later: set[str]
) -> None:
    machines = [NEAR, FARM, OTHER, FETCHING]
    assert {one.worker_id for one in machines if reaches(one, file)} == now
    assert {one.worker_id for one in machines if could_reach(one, file)} == now | later


@pytest.mark.parametrize(
    ("machines", "chosen", "wanted"),
    [
        ([FARM], None, True),
        ([FARM], "farm", True),
        ([FETCHING], None, True),
        ([NEAR, FARM], None, False),
        ([NEAR, FARM], "farm", True),
        ([NEAR, FARM], "gpu", False),
        ([OTHER], None, False),
        ([OTHER], "other", False),
        ([], None, False),
        ([machine("gpu", "pc", enabled=False), FARM], None, True),
        ([machine("gpu", "pc", online=False), FARM], None, False),
        ([machine("farm", enabled=False)], None, False),
    ],
)
def test_it_wants_a_file_here_only_where_no_near_worker_will_do(
    machines: list[Machine], chosen: str | None, wanted: bool
) -> None:
    file = FilePlace("pc", can_come=True)
    assert is_wanted_here(machines, file, chosen, None) is wanted
    for other in (FilePlace("pc"), FilePlace("pc", True, True), FilePlace(None, can_come=True)):
        assert is_wanted_here(machines, other, chosen, None) is False


def test_it_wants_a_file_here_where_the_near_worker_can_not_do_the_preset() -> None:
    nvenc = {"max_concurrent": 1, "nvenc": True, "hevc": True}
    machines = [NEAR, machine("farm", capabilities=nvenc)]
    file = FilePlace("pc", can_come=True)
    assert is_wanted_here(machines, file, None, "H.265 NVENC 1080p")
    assert not is_wanted_here(machines, file, None, "H.265 QSV 1080p")
