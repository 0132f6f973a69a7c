"""Agents make file names of `output_name`: every disk accepts them, and no two open jobs of an
agent have the same. The library's names stay what they are."""

from io import BytesIO
from typing import Any

import pytest

from boz_server.database.models import Job, Title
from boz_server.domain.naming.names import MAX_COMPONENT_BYTES, file_key
from boz_server.services.queue.file_names import CANCELLED_COUNTS
from tests.client import Client, ok
from tests.films import files
from tests.support import assert_problem, restart

pytestmark = pytest.mark.usefixtures("gpu")

LABEL = "SCRUBS_BONUS"
#: As sent, and as agents get it.
NAMES = [
    ("Firefly - S01E04 - AC/DC live?", "Firefly - S01E04 - AC-DC live"),
    ("Mission: Impossible <2>", "Mission - Impossible 2"),
    ("..\\..\\Windows\\win", "-..-Windows-win"),
    ("What...", "What"),
    (" CON ", "CON_"),
    ("aux.old", "aux_.old"),
    ("tab\there", "tab here"),
    ("???", "Unnamed"),
]
each_name = pytest.mark.parametrize(("sent", "safe"), NAMES)


def path_of(job: dict[str, Any]) -> str:
    """Where an agent puts what it rips."""
    return f"C:\\temp\\{job['output_name']}.mkv"


def ripped(client: Client, rip_id: str) -> dict[str, Any]:
    """The transcode of a rip, as today's agent rips it and posts it afterwards."""
    rip = client.job(rip_id)
    ok(client.report(rip_id, "running", progress=5))
    ok(client.report(rip_id, "completed", output_file=path_of(rip)))
    return posted(client, rip)


def posted(client: Client, rip: dict[str, Any]) -> dict[str, Any]:
    """The answer to the POST of today's agent after a rip."""
    return client.create_job(
        input_file=path_of(rip),
        output_name=rip["output_name"],
        source_disc_name=rip["source_disc_name"],
    )


def sent(client: Client, job: dict[str, Any], content: bytes) -> dict[str, Any]:
    """The answer to the upload of a job's result, as today's agent sends it."""
    name = job["output_name"]
    return dict(ok(client.upload(name=name, file=(BytesIO(content), f"{name}.mkv"))))


def transcoded(client: Client, job_id: str, content: bytes) -> dict[str, Any]:
    """The answer to the upload after the work on an approved transcode."""
    ok(client.report(job_id, "running", progress=5))
    ok(client.report(job_id, "completed", progress=100))
    return sent(client, client.job(job_id), content)


def bonus_rips(client: Client, agent_id: str = "pc", label: str = LABEL) -> list[str]:
    """The rips of two discs of one label, whose only titles have the same proposed name."""
    found = []
    for drive, minutes in (("D:", 7.5), ("E:", 8.5)):
        disc = client.detect(label, (minutes,), drive=drive, agent_id=agent_id)
        (title,) = disc["titles"]
        edit = {"index": 0, "proposed_filename": "Bonus.mkv", "proposed_path": f"Movies/{drive[0]}"}
        disc.approve(title_edits=[edit])
        found += disc.rip(title_indices=[title["index"]])
    return found


def open_names(client: Client, agent_id: str = "pc") -> list[str]:
    """What the open jobs of an agent are called, so that equal files have equal names."""
    jobs = [job for job in ok(client.get("/api/jobs")) if job["job_type"] != "organize"]
    return [
        file_key(job["output_name"])
        for job in jobs
        if Job.get_by_id(job["job_id"]).for_agent_id == agent_id
        and job["status"] in ("pending", "queued", "assigned", "running")
    ]


@each_name
@pytest.mark.parametrize("job_type", ["transcode", "rip"])
def test_it_cleans_the_name_of_a_job_that_is_posted(client, sent, safe, job_type):
    job = client.create_job(output_name=sent, job_type=job_type)
    assert job["output_name"] == safe


@each_name
def test_it_cleans_the_name_that_comes_with_an_approval(client, sent, safe):
    job_id = client.approved_job()
    assert client.agent_jobs()[0]["output_name"] == "Firefly - S01E01"
    pending = client.create_job()["job_id"]
    client.approve_job(pending, output_name=sent)
    assert client.job(pending)["output_name"] == safe
    assert client.job(job_id)["output_name"] == "Firefly - S01E01"


def test_it_cleans_the_name_of_a_title_without_a_proposal(client):
    disc = client.detect("ALIEN", (117,)).approve()
    Title.update(proposed_filename=None, name="Alien: 1/2?").execute()
    (rip_id,) = disc.rip()
    assert client.job(rip_id)["output_name"] == "Alien - 1-2"


@pytest.mark.parametrize("letter", ["x", "é", "語"])
def test_it_shortens_a_name_to_what_disks_take_with_an_extension(client, letter):
    for _ in range(2):
        name = client.assigned_job(output_name=letter * 255)
        length = len(f"{client.job(name)['output_name']}.mkv".encode())
        assert length <= MAX_COMPONENT_BYTES
    names = {job["output_name"] for job in client.agent_jobs()}
    assert len(names) == 2


def test_it_cleans_what_an_earlier_version_left_when_a_machine_gets_it(client):
    job_id = client.create_job()["job_id"]
    Job.update(output_name="AC/DC live?", file_key=None).execute()
    client.approve_job(job_id, output_name="AC/DC live?")
    assert client.agent_jobs()[0]["output_name"] == "AC-DC live"
    assert not Job.get().is_named_by_person


@pytest.mark.parametrize("name", ["AC/DC live?", "AC-DC live"])
def test_it_knows_the_result_of_a_job_that_an_earlier_version_named(client, library, nas, name):
    library()
    job_id = client.running_job()
    Job.update(output_name="AC/DC live?", file_key=None).where(Job.job_id == job_id).execute()
    ok(client.report(job_id, "completed"))
    if name != "AC/DC live?":
        Job.update(output_name=name).where(Job.job_id == job_id).execute()
    ok(client.upload(name="AC/DC live?", file=(BytesIO(b"a"), "AC/DC live?.mkv")))
    assert client.job(job_id)["output_file"] == str(nas / "Movies/AC-DC live/AC-DC live.mkv")


def test_it_files_two_discs_of_one_name_under_the_names_of_their_previews(client, library, nas):
    library()
    rips = bonus_rips(client)
    assert [client.job(rip)["output_name"] for rip in rips] == ["Bonus", "Bonus (2)"]
    jobs = [ripped(client, rip) for rip in rips]
    assert [job["output_name"] for job in jobs] == ["Bonus", "Bonus (2)"]
    for job in jobs:
        client.approve_job(job["job_id"], output_name=job["output_name"])
    for job, content in zip(jobs, (b"first", b"second"), strict=True):
        transcoded(client, job["job_id"], content)
    assert files(nas) == {"Movies/D/Bonus.mkv": b"first", "Movies/E/Bonus.mkv": b"second"}


def test_it_files_a_second_job_under_the_name_that_a_person_chose(client, library, nas):
    library()
    jobs = [ripped(client, rip) for rip in bonus_rips(client)]
    for job in jobs:
        client.approve_job(job["job_id"], output_name="Scrubs - S09E01 - Bonus")
    names = [client.job(job["job_id"])["output_name"] for job in jobs]
    assert names == ["Scrubs - S09E01 - Bonus", "Scrubs - S09E01 - Bonus (2)"]
    transcoded(client, jobs[1]["job_id"], b"second")
    place = "Movies/E/Scrubs - S09E01 - Bonus.mkv"
    assert files(nas) == {place: b"second"}
    assert client.job(jobs[1]["job_id"])["output_file"] == str(nas / place)


def test_it_files_a_job_without_a_disc_without_its_number(client, library, nas):
    library()
    first, second = (client.approved_job(output_name="Heat (1995)") for _ in range(2))
    assert client.job(second)["output_name"] == "Heat (1995) (2)"
    for job_id, content in ((second, b"second"), (first, b"first")):
        transcoded(client, job_id, content)
    folder = "Movies/Heat (1995)"
    assert files(nas) == {
        f"{folder}/Heat (1995).mkv": b"second",
        f"{folder}/Heat (1995) (2).mkv": b"first",
    }
    for job_id in (first, second):
        assert client.job(job_id)["output_file"].startswith(str(nas / folder))


def test_it_rips_a_disc_again_beside_the_file_that_waits(client, clock):
    """On Windows a rename onto a file that is there fails; elsewhere it takes its place."""
    _, (rip_id,) = client.ordered_rips("ALIEN", (117,))
    first = ripped(client, rip_id)
    client.eject()
    clock.advance(60)
    _, (again,) = client.ordered_rips("ALIEN", (117,))
    assert client.job(again)["output_name"] == "Alien (2)"
    second = ripped(client, again)
    assert second["job_id"] != first["job_id"]
    assert second["input_file"] != first["input_file"]


def test_it_leaves_a_file_alone_that_a_job_of_another_name_reads(client, clock):
    _, (rip_id,) = client.ordered_rips("ALIEN", (117,))
    waiting = ripped(client, rip_id)
    client.approve_job(waiting["job_id"], output_name="Alien (1979)")
    client.eject()
    clock.advance(60)
    _, (again,) = client.ordered_rips("ALIEN", (117,))
    assert path_of(client.job(again)) != waiting["input_file"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Heat", "HEAT"),
        ("Amélie", "AMÉLIE"),
        ("Ame\u0301lie", "Amélie"),
        ("A: B", "A - B"),
        ("A?", "A"),
    ],
)
def test_it_takes_names_for_one_that_are_one_file(client, one, other):
    jobs = [client.assigned_job(output_name=name) for name in (one, other)]
    first, second = (client.job(job_id)["output_name"] for job_id in jobs)
    assert file_key(first) != file_key(second)
    assert second.endswith(" (2)")


def test_it_gives_each_of_many_a_number_of_its_own(client):
    client.register_worker(capabilities={"max_concurrent": 9})
    jobs = [client.approved_job(output_name="Heat") for _ in range(4)]
    names = [f"Heat{number}" for number in ("", " (2)", " (3)", " (4)")]
    assert [client.job(job_id)["output_name"] for job_id in jobs] == names


def test_it_lets_two_agents_have_files_of_one_name(client):
    client.register_agent("den")
    for agent_id in ("pc", "den"):
        _, (rip_id,) = client.ordered_rips("ALIEN", (117,), agent_id=agent_id)
        assert client.job(rip_id)["output_name"] == "Alien"


def test_it_gives_a_name_to_the_next_job_once_the_first_is_over(client):
    first = client.running_job(output_name="Heat")
    ok(client.report(first, "completed", output_file="C:\\out\\Heat.mkv"))
    assert client.job(client.approved_job(output_name="Heat"))["output_name"] == "Heat"


@pytest.mark.parametrize("error", [None, "Upload failed: connection lost"])
def test_it_keeps_the_name_of_a_completed_transcode_whose_result_is_awaited(client, error):
    first = client.running_job(output_name="Heat")
    ok(client.report(first, "completed", error=error))
    assert client.job(client.approved_job(output_name="Heat"))["output_name"] == "Heat (2)"
    sent(client, client.job(first), b"a film")
    assert client.job(client.approved_job(output_name="Heat"))["output_name"] == "Heat"


def test_it_names_a_job_that_is_tried_again_beside_the_one_that_took_its_name(client):
    first = client.running_job(output_name="Heat")
    client.end(first, "failed")
    client.approved_job(output_name="Heat")
    assert client.retry(first)["output_name"] == "Heat (2)"


def test_it_keeps_the_name_of_a_cancelled_job_from_others_while_its_machine_may_go_on(
    client, clock
):
    begun = client.running_job(output_name="Heat")
    client.cancel(begun)
    assert client.job(client.approved_job(output_name="Heat"))["output_name"] == "Heat (2)"
    unbegun = client.approved_job(output_name="Alien")
    client.cancel(unbegun)
    assert client.job(client.approved_job(output_name="Alien"))["output_name"] == "Alien"


@pytest.mark.parametrize("agents", [1, 2])
def test_it_never_has_two_open_jobs_of_one_name(client, agents):
    for number in range(agents):
        agent_id = f"pc{number}"
        client.register_agent(agent_id)
        rips = bonus_rips(client, agent_id)
        ripped(client, rips[0])
        client.register_worker(f"gpu{number}", agent_id)
        client.approved_job(f"gpu{number}", output_name="BONUS")
        client.assigned_job(agent_id, output_name="bonus")
        names = open_names(client, agent_id)
        assert len(names) == len(set(names)) == 4


# A rip that was cancelled, and is finished all the same


def cancelled_rip(client: Client, label: str = "ALIEN") -> dict[str, Any]:
    """A rip that a person cancelled while its agent worked on it."""
    _, (rip_id,) = client.ordered_rips(label, (117,))
    ok(client.report(rip_id, "running", progress=50))
    client.cancel(rip_id)
    rip = client.job(rip_id)
    assert_problem(client.report(rip_id, "completed", output_file=path_of(rip)), 409)
    return rip


@pytest.mark.parametrize("path", ["C:\\temp\\Alien.mkv", "/rips/Alien.mkv", "c:/t/ALIEN.MKV"])
def test_it_offers_what_a_cancelled_rip_wrote_as_its_child(client, path):
    rip = cancelled_rip(client)
    said = {"output_name": "Alien", "source_disc_name": "ALIEN", "input_file": path}
    for _ in range(2):
        job = client.create_job(**said)
        assert (job["status"], job["requires_approval"]) == ("pending", True)
        assert job["source_job_id"] == rip["job_id"]
        assert (job["disc_id"], job["title_index"]) == (rip["disc_id"], 0)
    assert client.transcodes() == [job]
    assert "was cancelled" in client.history(job["job_id"])[-1]["detail"]


def test_it_files_it_as_the_title_that_it_is_if_a_person_wants_it(client, library, nas):
    library()
    job = posted(client, cancelled_rip(client))
    client.approve_job(job["job_id"])
    transcoded(client, job["job_id"], b"all the same")
    assert files(nas) == {"Movies/Alien/Alien.mkv": b"all the same"}


@pytest.mark.parametrize("requires_approval", [True, False])
def test_it_transcodes_what_was_cancelled_only_if_a_person_wants_it(app, client, requires_approval):
    restart(app, auto_transcode=True)
    rip = cancelled_rip(client)
    job = client.create_job(
        input_file=path_of(rip),
        output_name=rip["output_name"],
        source_disc_name="ALIEN",
        requires_approval=requires_approval,
    )
    assert (job["status"], job["requires_approval"]) == ("pending", True)


def test_it_rips_again_beside_what_the_cancelled_rip_still_writes(client, services):
    rip = cancelled_rip(client)
    again = client.rip(rip["disc_id"])
    assert client.job(again[-1])["output_name"] == "Alien (2)"
    child = posted(client, rip)
    assert child["source_job_id"] == rip["job_id"]
    second = ripped(client, again[-1])
    assert second["source_job_id"] == again[-1]
    assert child["input_file"] != second["input_file"]


@pytest.mark.parametrize(
    "said",
    [{"source_disc_name": "ALIENS"}, {"source_disc_name": None}, {"input_file": "C:\\t\\Other.mkv",
                                                                   "output_name": "Other"}],
)  # fmt: skip
def test_it_takes_another_file_for_none_of_a_cancelled_rip(client, said):
    rip = cancelled_rip(client)
    body = {"output_name": "Alien", "source_disc_name": "ALIEN", "input_file": path_of(rip)}
    assert client.create_job(**body | said)["source_job_id"] is None


def test_it_files_no_result_of_a_cancelled_transcode(client, library, nas, clock):
    services = library()
    job_id = client.running_job(progress=99, output_name="Wrong Name (1999)")
    client.cancel(job_id)
    assert_problem(client.report(job_id, "completed", progress=100), 409)
    for name in ("Wrong Name (1999)", "WRONG NAME (1999)"):
        file = (BytesIO(b"wwww"), f"{name}.mkv")
        assert_problem(client.upload(name=name, file=file), 409, "cancelled")
    assert (files(nas), files(services.context.settings.output_dir)) == ({}, {})
    # A day later nobody works on it any more: the file is somebody's own.
    clock.advance(CANCELLED_COUNTS.total_seconds())
    ok(client.upload(name=name, file=(BytesIO(b"mine"), f"{name}.mkv")))
    assert list(files(nas).values()) == [b"mine"]


def test_it_refuses_one_file_of_a_cancelled_transcode_however_often_it_is_sent(client, clock):
    job_id = client.running_job(output_name="Heat (1995)")
    client.cancel(job_id)
    for _ in range(3):
        assert_problem(client.upload(name="Heat (1995)"), 409, "cancelled")
    details = [event["detail"] for event in client.history(job_id)]
    assert details.count("Its result was refused, because the job was cancelled.") == 1
    clock.advance(5 * 60)
    ok(client.upload(name="Heat (1995)"))
    assert client.job(job_id)["output_file"] is None


def test_it_refuses_a_file_of_each_cancelled_transcode(client, clock):
    jobs = [client.running_job(output_name=name) for name in ("Heat (1995)", "Other")]
    Job.update(output_name="Heat (1995)", file_key=file_key("Heat (1995)")).execute()
    for job_id in jobs:
        client.cancel(job_id)
    for _ in jobs:
        assert_problem(client.upload(name="Heat (1995)"), 409, "cancelled")
        clock.advance(5 * 60)
    ok(client.upload(name="Heat (1995)"))


def test_it_files_the_result_of_the_job_that_followed_a_cancelled_one(client, library, nas):
    library()
    client.cancel(client.running_job(output_name="Heat (1995)"))
    second = client.approved_job(output_name="Heat (1995)")
    transcoded(client, second, b"second")
    assert files(nas) == {"Movies/Heat (1995)/Heat (1995).mkv": b"second"}


def test_it_files_a_namesake_of_a_job_that_was_cancelled_before_it_began(client, library, nas):
    library()
    client.cancel(client.create_job(output_name="Heat (1995)")["job_id"])
    file = (BytesIO(b"mine"), "Heat (1995).mkv")
    ok(client.upload(name="Heat (1995)", file=file))
    assert files(nas) == {"Movies/Heat (1995)/Heat (1995).mkv": b"mine"}
