"""Which workers can read a file, whether its agent should upload it, and what names it."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from boz_server.database.models import Job
from boz_server.domain.machines.capabilities import WORKER_DEFAULTS
from boz_server.domain.queue.file_access import (
    FilePlace,
    can_access,
    could_access,
    is_shared,
    is_upload_wanted,
    same_file,
)
from boz_server.domain.queue.placement import Machine
from boz_server.repositories.fleet_repository import accessible_by


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
    assert {name for name, one in machines.items() if can_access(one, file)} == now
    assert {name for name, one in machines.items() if could_access(one, file)} == in_time


@pytest.mark.parametrize("file", [AWAY, SENT, ANYWHERE])
def test_it_wants_no_file_that_can_not_come_or_need_not(file):
    assert not is_upload_wanted([FARM], file, None, None)
    assert not is_upload_wanted([FARM], file, "farm", None)


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
    assert is_upload_wanted(machines, COMING, None, preset) is wanted


@pytest.mark.parametrize(
    ("chosen", "wanted"),
    [("gpu", False), ("farm", True), ("den", False), ("gone", False)],
)
def test_it_wants_a_file_for_the_worker_that_a_person_chose(chosen, wanted):
    """Whether that is enabled or not, and whatever its hardware: the person will know."""
    machines = [NEAR, machine("farm", None, enabled=False), DEN]
    assert is_upload_wanted(machines, COMING, chosen, "H.265 NVENC 1080p") is wanted


def test_it_believes_a_worker_that_it_sees_the_agents_files():
    sharing = machine("sharing", None, shared_storage=True)
    assert can_access(sharing, AWAY)
    assert not is_upload_wanted([sharing], COMING, "sharing", None)


FLEETS = st.lists(
    st.tuples(st.sampled_from([None, "pc", "den"]), st.booleans(), st.booleans()), min_size=1
)


@pytest.fixture
def files(client, services):
    """Transcodes of files in every place: {job id: place}."""
    client.register_agent("pc")
    client.register_agent("den")
    places = [
        FilePlace(agent, is_here=here) for agent in (None, "pc", "den") for here in (False, True)
    ]
    found = {}
    for place in places:
        job_id = client.create_job()["job_id"]
        upload_id = "u" if place.is_here else None
        Job.update(for_agent_id=place.agent_id, input_upload_id=upload_id).where(
            Job.job_id == job_id
        ).execute()
        found[job_id] = place
    return found


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(fleet=FLEETS)
def test_it_is_the_same_rule_in_python_and_in_sql(files, fleet):
    """The dispatcher asks the database about all workers of a kind at once."""
    kinds: dict[tuple[bool, bool], list[Machine]] = {}
    for number, (agent_id, can_download, shared) in enumerate(fleet):
        one = machine(str(number), agent_id, can_download=can_download, shared_storage=shared)
        kinds.setdefault((one.fetches, one.shares_files), []).append(one)
    for alike in kinds.values():
        by_sql = {job.job_id for job in Job.select().where(accessible_by(*alike))}
        assert by_sql == {
            job_id
            for job_id, place in files.items()
            if any(can_access(one, place) for one in alike)
        }


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("/rips/a.mkv", "/rips/a.mkv"),
        ("C:\\rips\\a.mkv", "C:/rips/a.mkv"),
        ("C:\\rips\\a.mkv", "c:\\Rips\\A.MKV"),
        ("C:\\rips\\a.mkv", "C:\\rips\\.\\a.mkv"),
        ("\\\\nas\\rips\\a.mkv", "//NAS/rips/a.mkv"),
        ("C:\\rips\\Amélie.mkv", "C:\\RIPS\\AMÉLIE.MKV"),
    ],
)
def test_it_knows_a_file_in_whatever_way_its_path_is_written(one, other):
    assert same_file(one, other)
    assert same_file(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("/rips/a.mkv", "/rips/A.mkv"),
        ("/rips/a\\b.mkv", "/rips/a/b.mkv"),
        ("C:\\rips\\a.mkv", "D:\\rips\\a.mkv"),
        ("C:\\rips\\a.mkv", "C:\\rips\\b.mkv"),
        ("C:\\rips\\a.mkv", "/rips/a.mkv"),
    ],
)
def test_it_tells_other_files_apart(one, other):
    assert not same_file(one, other)


@pytest.mark.parametrize(
    ("path", "shared"),
    [
        (None, False),
        ("C:\\rips\\a.mkv", False),
        ("/mnt/rips/a.mkv", False),
        ("\\\\nas\\rips\\a.mkv", True),
        ("//nas/rips/a.mkv", True),
        ("\\\\?\\C:\\rips\\a.mkv", False),
        ("\\\\.\\C:\\rips\\a.mkv", False),
        ("\\\\?\\UNC\\nas\\rips\\a.mkv", True),
        ("\\\\?\\unc\\nas\\rips\\a.mkv", True),
        ("\\\\?\\Volume{b75e2c83}\\a.mkv", False),
        ("", False),
    ],
)
def test_it_knows_a_share_by_its_path(path, shared):
    assert is_shared(path) is shared
