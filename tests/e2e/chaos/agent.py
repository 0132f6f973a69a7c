"""A simulated PC: one drive, an agent, and its worker."""

from collections.abc import Generator
from pathlib import Path
from typing import Any
from uuid import UUID

from tests.client import titles
from tests.e2e.chaos.attempt import Attempt, Job
from tests.e2e.chaos.client import Client
from tests.e2e.chaos.ledger import Act, Upload
from tests.e2e.chaos.stage import Participant, Stage
from tests.support import JPEG

DRIVE = "D:"
#: Films that several agents have in their drives, so their files have the same path on each PC.
FILMS = ("INCEPTION", "HEAT_1995", "THE_MATRIX", "ALIEN")
NVENC = "H.265 NVENC 1080p"

#: Work that is done step by step, between other work.
Steps = Generator[None, None, None]


class SimulatedAgent(Participant):
    """Puts in disc after disc, rips and transcodes, without delay.

    tokens: whether it reports with lease_tokens; today's agents don't, and have another id after
    each start. keys: whether its requests have Idempotency-Keys.
    """

    def __init__(self, stage: Stage, number: int, seed: int, *, tokens: bool, keys: bool) -> None:
        super().__init__(stage, f"pc-{number}", seed)
        self.number = number
        self.tokens = tokens
        self.keys = keys
        self.client = Client(stage)
        #: The ids that it has had, the latest last.
        self.ids = [self.name]
        self.discs = 0
        self.disc: dict[str, Any] | None = None
        #: What it reported of each disc, by the disc's id.
        self.shelf: dict[str, dict[str, Any]] = {}
        self.work: dict[str, Steps] = {}

    @property
    def agent_id(self) -> str:
        return self.ids[-1]

    @property
    def worker_id(self) -> str:
        return f"{self.name}-gpu"

    def arrive(self) -> None:
        capabilities = {"can_rip": True, "can_transcode": True, "gpu_type": "nvidia"}
        body = {"agent_id": self.agent_id, "name": "Boz Agent", "capabilities": capabilities}
        self.client.must("POST", "/api/agents/register", body)
        body = {
            "worker_id": self.worker_id,
            "worker_type": "agent",
            "hostname": self.name,
            "capabilities": {"nvenc": True, "hevc": True, "max_concurrent": 2},
            "agent_id": self.agent_id,
        }
        self.client.must("POST", "/api/workers/register", body)

    def turn(self) -> None:
        if self.trouble(0.005):
            self._restart()
        self._mind_drive()
        if self.chance(0.02):
            self._show_signs_of_life()
        for job in self.client.get(f"/api/agents/{self.agent_id}/jobs")["jobs"]:
            if job["status"] == "assigned" and job["job_id"] not in self.work:
                attempt = Attempt(self.client, job, self.name, with_token=self.tokens)
                self.work[job["job_id"]] = self._work(attempt)
        for job_id, steps in list(self.work.items()):
            if next(steps, self) is self:
                del self.work[job_id]
        self.idle = not self.work and self.disc is None

    def leave(self) -> None:
        self.client.close()

    def key(self) -> str | None:
        """An Idempotency-Key for a new request; None if this agent sends none."""
        return str(UUID(int=self.random.getrandbits(128))) if self.keys else None

    def _restart(self) -> None:
        """End in the middle of the work, well or not, and come back with no work begun."""
        for steps in self.work.values():
            steps.close()
        self.work = {}
        if self.chance(0.5):
            self.stage.ledger.signed_off.append(f"agent:{self.agent_id}")
            self.client.must("POST", f"/api/agents/{self.agent_id}/unregister")
        self.stage.ledger.silent.add(self.agent_id)
        if not self.tokens:
            self.ids.append(f"{self.name}-{len(self.ids)}")
            self.stage.ledger.silent.add(self.agent_id)
        self.arrive()

    def _show_signs_of_life(self) -> None:
        self.client.must("POST", f"/api/agents/{self.agent_id}/heartbeat")
        self.client.must("POST", f"/api/workers/{self.worker_id}/heartbeat", {"current_jobs": []})

    def _mind_drive(self) -> None:
        if self.disc is None:
            missed = self._missed_disc() if self.chance(0.1) else None
            if missed is not None:
                self._report(missed)
            elif not self.stage.closing.is_set():
                self._put_in_disc()
        elif self.trouble(0.01):
            self._drop_out(self.disc["disc_id"])
        elif self.chance(0.1):
            path = f"/api/discs/{self.disc['disc_id']}/rip-status"
            if self.client.get(path)["all_rips_complete"]:
                self._eject()

    def _eject(self) -> None:
        where = {"agent_id": self.agent_id, "drive": DRIVE}
        self.client.must("POST", "/api/discs/ejected", where)
        self.disc = None

    def _drop_out(self, disc_id: str) -> None:
        """Take the disc for gone, although it is only the drive that does not answer."""
        self.stage.ledger.silent.add(self.agent_id)
        self._eject()
        self._report(self.shelf[disc_id])

    def _missed_disc(self) -> dict[str, Any] | None:
        """What was reported of a disc that was taken out while a rip was ordered; None where no
        rip waits for one."""
        waiting = self.client.get("/api/jobs/pending")
        missed = {job["disc_id"] for job in waiting if job["job_type"] == "rip"}
        return next((self.shelf[one] for one in self.shelf if one in missed), None)

    def _put_in_disc(self) -> None:
        """Report a disc: an agent's episodes follow each other, every third disc is a film."""
        # No two discs have the same layout: they would count as the same disc.
        own = (self.number + 6 * self.discs) / 60
        film = self.discs % 3 == 2
        body = {
            "drive": DRIVE,
            "disc_name": (
                FILMS[self.discs % len(FILMS)]
                if film
                else f"SHOW_OF_PC_{self.number}_S01_D{self.discs + 1}"
            ),
            "disc_type": "DVD disc",
            "titles": titles(*((120 + own, 4) if film else (43 + own, 42.5, 44 + own, 3))),
        }
        self.discs += 1
        self._report(body)

    def _report(self, body: dict[str, Any]) -> None:
        """Report a disc; one that comes back may be a new one, if nothing was left of it to rip."""
        body = {**body, "agent_id": self.agent_id}
        self.disc = self.client.must("POST", "/api/discs/detected", body, self.key())
        if self.disc["disc_id"] not in self.shelf:
            self.stage.ledger.discs.append(self.disc["disc_id"])
        self.shelf[self.disc["disc_id"]] = body

    def _work(self, attempt: Attempt) -> Steps:
        try:
            if attempt.job["job_type"] == "rip":
                yield from self._rip(attempt)
            else:
                yield from self._transcode(attempt)
        finally:
            attempt.end()

    def _run(self, attempt: Attempt) -> Steps:
        """Work until the job is done; ends the attempt's span if it is not to be reported."""
        if not attempt.begin():
            return
        for progress in (30, 60, 90)[: self.random.randint(0, 3)]:
            yield
            if not attempt.report("running", progress=progress):
                attempt.end()
                return
        yield
        if self.trouble(0.04):
            attempt.end()
            attempt.report("assigned")
        elif self.trouble(0.12):
            attempt.end("failed")
            attempt.report("failed", error="The disc is scratched.")

    def _rip(self, attempt: Attempt) -> Steps:
        yield from self._run(attempt)
        if not attempt.under_way:
            return
        attempt.end("completed")
        job = attempt.job
        path = f"C:\\rips\\{job['source_disc_name']}\\title_t{job['title_index']:02}.mkv"
        if attempt.report("completed", progress=100, output_file=path):
            self._announce(job, path)

    def _announce(self, rip: Job, path: str) -> None:
        """Ask for the transcode, as agents do after each rip."""
        body = {
            "job_type": "transcode",
            "disc_id": rip["disc_id"],
            "title_index": rip["title_index"],
            "input_file": path,
            "output_name": rip["output_name"],
            "requires_approval": True,
            "source_disc_name": rip["source_disc_name"],
            "input_file_size": 1_000_000 + rip["title_index"],
            "thumbnails": [JPEG],
            "thumbnail_timestamps": [60],
        }
        answer = self.client.ask("POST", "/api/jobs", body, self.key())
        assert answer.ok, answer
        said = {**body, "of_rip": rip["job_id"], "keyed": self.keys}
        self.stage.ledger.acts.append(Act("create", self.name, answer.body["job_id"], said, answer))

    def _transcode(self, attempt: Attempt) -> Steps:
        yield from self._run(attempt)
        if not attempt.under_way:
            return
        attempt.end("completed")
        if not attempt.report("completed", progress=100):
            return
        yield
        if self.trouble(0.15):
            attempt.report("completed", error="Upload failed: connection reset by peer")
            if self.chance(0.5):
                return
            yield
        name = f"{attempt.job['output_name'] or 'Unnamed'}.mkv"
        content = self.random.randbytes(self.random.randint(1, 500_000))
        stored = self.client.upload(name, content)
        if stored is None:
            return
        self.stage.ledger.uploads.append(Upload(Path(stored["final_path"]), content))
        attempt.report("completed", progress=100, output_file=stored["final_path"])
