"""Whole flows with agents like today's, which are killed, or whose server is, in the middle: when
all is quiet again nothing is left running, queued, or completed without its file.

`make chaos` lets more happen, by another seed each time: CHAOS_ROUNDS, CHAOS_SEED.
"""

import logging
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import count
from random import Random
from typing import Any

import pytest
import requests

from tests.e2e.agent_of_today import TIMES, Job, Pc, titles_of, transcoded
from tests.e2e.gunicorn_server import GunicornServer, until

log = logging.getLogger(__name__)

ROUNDS = int(os.environ.get("CHAOS_ROUNDS", "5"))
SEED = int(os.environ.get("CHAOS_SEED", "1"))
OPEN = ("pending", "queued", "assigned", "running")
#: Far longer than any wait of the server's, at this speed.
SECONDS, CLOSE_SECONDS = 40, 240


class Home:
    """A server with a library, its PCs, and someone who approves whatever is proposed."""

    def __init__(self, server: GunicornServer) -> None:
        self.server = server.sped_up(TIMES)
        self.library = server.folder / "nas"
        for name in ("Movies", "TV Shows"):
            (self.library / name).mkdir(parents=True)
        # As long as these take on a machine that does other things as well.
        server.environment |= {
            "BOZ_NAS_ENABLED": "true",
            "BOZ_NAS_MOUNT": str(self.library),
            "BOZ_AGENT_TIMEOUT_SECONDS": "300",
            "BOZ_WORKER_TIMEOUT_SECONDS": "300",
            "BOZ_STALLED_MINUTES": "5",
            "BOZ_UNSTARTED_MINUTES": "5",
            "BOZ_MAX_CONCURRENT_RIPS": "4",
        }
        self.pcs: list[Pc] = []

    def pc(self, host: str = "PC", **options: Any) -> Pc:
        """One more PC; its agent is not started yet."""
        self.pcs.append(Pc(self.server, host, **options))
        return self.pcs[-1]

    def end(self) -> None:
        for pc in self.pcs:
            if pc.agent is not None:
                pc.kill()

    def ask(self, method: str, path: str, **body: Any) -> requests.Response:
        return requests.request(method, self.server.url + path, json=body, timeout=30)

    def decide(self) -> None:
        """Do what a person does at today's dashboard."""
        self.decide_on_discs()
        for job in self.server.get("/api/jobs/awaiting-approval"):
            for pc in self.pcs:
                if pc.worker_id is not None and job["input_file"] in pc.files:
                    chosen = {"worker_id": pc.worker_id, "preset": "H.265 NVENC 1080p"}
                    self.ask("POST", f"/api/jobs/{job['job_id']}/approve", **chosen)
        failed = self.server.get("/api/jobs?status=failed")
        for job in failed + self.server.get("/api/jobs/upload-errors"):
            if job["scheduled_at"] is None:
                for pc in self.pcs:
                    pc.tidy_up(job["error"])
                self.ask("POST", f"/api/jobs/{job['job_id']}/retry")

    def decide_on_discs(self) -> None:
        """Approve the names of discs, and order their rips."""
        for disc in self.server.get("/api/discs"):
            if disc["status"] == "detected":
                if disc["preview_status"] == "pending":
                    self.ask("POST", f"/api/discs/{disc['disc_id']}/preview/approve")
                self.ask("POST", f"/api/discs/{disc['disc_id']}/rip")

    def let_work(self, so_far: Callable[[], object], seconds: float = SECONDS) -> None:
        """Let a person decide and all others work until something is so."""
        deadline = time.monotonic() + seconds
        while not so_far():
            assert time.monotonic() < deadline, self.story()
            self.decide()
            time.sleep(0.05)

    def settle(self, ends: Callable[[], object], seconds: float = SECONDS) -> None:
        """Let a person decide and all others work until all is quiet, and check that nothing is
        left over."""
        self.let_work(lambda: ends() and self.is_quiet(), seconds)
        assert [pc.faults for pc in self.pcs if pc.faults] == []

    def is_quiet(self) -> bool:
        return (
            all(pc.is_idle for pc in self.pcs)
            and not any(job["status"] in OPEN or job["scheduled_at"] for job in self.jobs())
            and not self.without_file()
        )

    def jobs(self, job_type: str | None = None) -> list[Job]:
        jobs = self.server.get("/api/jobs?limit=5000")
        return [job for job in jobs if job_type in (None, job["job_type"])]

    def without_file(self) -> list[Job]:
        """The transcodes that count as completed, while no one has what was made for them."""
        filed = self.films().keys()
        made = {job_id: content for pc in self.pcs for job_id, content in pc.made.items()}
        done = [job for job in self.jobs("transcode") if job["status"] == "completed"]
        return [job for job in done if made.get(job["job_id"]) not in filed]

    def story(self) -> str:
        """Tell how each job came to where it is."""
        lines = [f"{pc.host}: idle {pc.is_idle}, {pc.disc}, {pc.files.keys()}" for pc in self.pcs]
        for job in self.jobs()[::-1]:
            told = ("job_id", "job_type", "status", "progress", "error", "waiting_reason")
            lines += ["", str({name: job[name] for name in told})]
            for one in self.server.get(f"/api/jobs/{job['job_id']}/events"):
                steps = f"{one['from_status']} → {one['to_status']} by {one['actor']}"
                lines.append(f"  {one['at']} {steps}, attempt {one['attempt']}: {one['detail']}")
        return "\n".join(lines)

    def films(self) -> Counter[bytes]:
        """What lies in the library."""
        return Counter(path.read_bytes() for path in self.library.rglob("*") if path.is_file())


@pytest.fixture
def home(server: GunicornServer) -> Iterator[Home]:
    home = Home(server)
    yield home
    home.end()


DISCS = {"ALIEN": 117, "HEAT_1995": 170, "THE_MATRIX": 136}
STAGES = ("rip", "transcode", "upload")


@pytest.fixture
def held(home: Home) -> list[Pc]:
    """Three PCs whose agents have one name, each in the middle of something else with a film."""
    home.server.start()
    pcs = [home.pc(f"PC-{stage}") for stage in STAGES]
    for pc, stage, (label, minutes) in zip(pcs, STAGES, DISCS.items(), strict=True):
        pc.start()
        pc.put_in(label, minutes)
        pc.hold(stage)
    home.let_work(lambda: all(pc.is_held.is_set() for pc in pcs))
    return pcs


def test_it_ends_what_agents_did_when_they_were_killed(home, held):
    for pc in held:
        pc.kill()
    for pc in held:
        pc.start()
    home.settle(lambda: len(home.films()) == 3)
    assert [len(pc.ripped) for pc in held] == [1, 1, 1]
    assert [len(pc.made) for pc in held] == [1, 1, 1]


def test_it_ends_what_agents_did_when_the_server_was_killed(home, held):
    home.server.kill()
    for pc in held:
        pc.go_on()
    # They don't wait for the server: all that they say falls into the outage.
    until(lambda: all(pc.agent.is_idle for pc in held), SECONDS)
    home.server.start()
    home.settle(lambda: len(home.films()) == 3)


def test_it_goes_on_where_an_agent_without_a_worker_was_killed(home):
    home.server.start()
    pc = home.pc(transcodes=False)
    pc.start()
    pc.put_in("FIREFLY_S01_D1", 43, 42.5)
    pc.hold("rip")
    home.let_work(pc.is_held.is_set)
    pc.kill()
    pc.start()
    until(lambda: len(pc.ripped) == 2 and pc.disc is None, SECONDS)
    assert {job["status"] for job in home.jobs("rip")} == {"completed"}


def test_it_gives_work_to_an_agent_that_started_before_the_server(home):
    home.server.start()
    pc = home.pc(agent_id="pc")
    pc.start()
    home.let_work(lambda: home.server.get("/api/workers"))
    pc.stop()
    home.server.kill()
    pc.start()
    until(lambda: pc.agent.is_idle, SECONDS)
    home.server.start()
    pc.put_in("FIREFLY_S01_D1", 43, 42.5)
    home.settle(lambda: len(home.films()) == 2)
    assert not pc.agent.is_registered


def test_it_rips_all_of_a_disc_whose_drive_does_not_answer_for_a_moment(home):
    home.server.start()
    pc = home.pc()
    pc.start()
    pc.put_in("FIREFLY_S01_D1", 43, 42.5, 44)
    pc.hold("rip")
    home.let_work(pc.is_held.is_set)
    pc.hiccups = 1
    until(lambda: not pc.hiccups and pc.agent.seen, SECONDS)
    pc.go_on()
    home.settle(lambda: len(home.films()) == 3)
    assert len(pc.ripped) == 3
    assert len(home.server.get("/api/discs")) == 1


def test_it_tells_people_of_a_machine_without_handbrake(home):
    home.server.start()
    pc = home.pc()
    pc.handbrake = False
    pc.start()
    pc.put_in("ALIEN", 117)
    home.let_work(lambda: [job for job in home.jobs("transcode") if told(home, job)])
    pc.kill()
    pc.handbrake = True
    pc.start()
    home.settle(lambda: len(home.films()) == 1)


def told(home: Home, job: Job) -> bool:
    """Whether people are told that a job stands still, while a machine has it."""
    codes = {one["code"] for one in home.server.get("/readyz")["warning_details"]}
    return job["waiting_reason"] is not None and "jobs_stalled" in codes


def test_it_lets_an_agent_begin_late_what_it_fetched_with_other_work(home):
    home.server.start()
    pc = home.pc()
    pc.start()
    pc.put_in("FIREFLY_S01_D1", 43, 42.5)
    until(lambda: home.decide_on_discs() or (len(pc.ripped) == 2 and pc.disc is None), SECONDS)
    pc.kill()
    home.decide()
    pc.pace = 170
    pc.start()
    until(lambda: pc.made, SECONDS)
    pc.pace = 0
    home.settle(lambda: len(home.films()) == 2)
    assert [job["attempt"] for job in home.jobs("transcode")] == [1, 1]


def test_it_tries_a_transcode_again_that_failed_and_keeps_the_reason(home):
    home.server.start()
    pc = home.pc()
    pc.crashes = 1
    pc.start()
    pc.put_in("ALIEN", 117)
    home.settle(lambda: len(home.films()) == 1)
    assert "HandBrake exited with code 3" in home.story()


class Fate:
    """What happens to PCs and their server, by a seed."""

    def __init__(self, home: Home, seed: int) -> None:
        self.home = home
        self.random = Random(seed)  # noqa: S311 - a test's own choices
        self.discs = count(1)
        #: What has to be in the library in the end.
        self.due: set[bytes] = set()
        for number in range(4):
            home.pc(f"PC-{number}", agent_id="pc-3" if number == 3 else None).start()

    def happen(self) -> None:
        """Let one thing happen, after a while in which all work."""
        for pc in self.home.pcs:
            if pc.disc is None and self.random.random() < 0.5:
                self.put_in(pc)
        until = time.monotonic() + self.random.uniform(0, 2)
        self.home.let_work(lambda: time.monotonic() > until)
        pc = self.random.choice(self.home.pcs)
        what = self.random.choice(["agent", "agent", "server", "server", "stop", "drive", "crash"])
        log.info("%s: %s", pc.host, what)
        match what:
            case "agent":
                pc.kill()
                time.sleep(self.random.choice([0, 0, 0.5, 3]))
                pc.start()
            case "stop":
                pc.stop()
                pc.start()
            case "server":
                self.home.server.kill()
                time.sleep(self.random.choice([0, 0.2, 1]))
                if self.random.random() < 0.3:
                    pc.kill()
                    pc.start()
                self.home.server.start()
            case "drive":
                pc.hiccups += 1
            case "crash":
                pc.crashes += 1

    def put_in(self, pc: Pc) -> None:
        number = next(self.discs)
        # No two discs have the same layout: they would count as the same disc.
        minutes = (117 + number / 60,) if number % 3 else (43 + number / 60, 42.5, 44)
        label = f"FILM_{number}" if number % 3 else f"SHOW_{number}_S01_D1"
        pc.put_in(label, *minutes)
        self.due |= {transcoded(pc.host, title) for title in titles_of(pc.disc)}

    def close(self) -> None:
        """Let all end. A person helps where an agent sends a report once, and it was not heard:
        they start an agent again that knows of no server, and open and close trays."""
        for pc in self.home.pcs:
            if not pc.agent.is_registered:
                pc.kill()
                pc.start()
        self.home.settle(self.is_done, CLOSE_SECONDS)
        asked: Counter[tuple[str, int]] = Counter()
        for job in self.home.jobs("rip"):
            asked[job["source_disc_name"], job["title_index"]] += job["attempt"]
        for pc in self.home.pcs:
            for title, number in Counter(pc.ripped).items():
                assert number <= asked[title], (title, self.home.story())

    def is_done(self) -> bool:
        filed = self.home.films().keys()
        for pc in self.home.pcs:
            if pc.disc is not None and pc.agent.is_idle and not pc.hiccups:
                if all(transcoded(pc.host, title) in filed for title in titles_of(pc.disc)):
                    pc.disc = None
                elif not any(job["status"] in OPEN for job in self.home.jobs("rip")):
                    pc.hiccups = 1
        return self.due <= filed


@pytest.mark.thorough
def test_it_leaves_nothing_over_whatever_happens(home):
    home.server.start()
    fate = Fate(home, SEED)
    for _ in range(ROUNDS):
        fate.happen()
    fate.close()
