"""A simulated machine that only transcodes: it claims its jobs by polling."""

import time

from tests.e2e.chaos.attempt import Attempt
from tests.e2e.chaos.client import Client
from tests.e2e.chaos.stage import Participant, Stage

ROOM = 3
QSV = "H.265 QSV 1080p"
#: The number of turns that a job takes.
STEPS = 3


class RemoteWorker(Participant):
    """Asks for as much as it has room for, and reports each job when it is done."""

    def __init__(self, stage: Stage, number: int, seed: int, *, tokens: bool) -> None:
        super().__init__(stage, f"remote-{number}", seed)
        self.tokens = tokens
        self.client = Client(stage)
        self.work: dict[str, tuple[Attempt, int]] = {}

    def arrive(self) -> None:
        body = {
            "worker_id": self.name,
            "worker_type": "remote",
            "hostname": self.name,
            "capabilities": {"qsv": True, "hevc": True, "max_concurrent": ROOM},
        }
        self.client.must("POST", "/api/workers/register", body)

    def turn(self) -> None:
        if len(self.work) < ROOM and self.chance(0.5):
            self._poll()
        if self.chance(0.03):
            self._show_a_sign_of_life()
        for job_id, (attempt, steps) in list(self.work.items()):
            self.work[job_id] = (attempt, steps - 1)
            if steps == 0:
                self._finish(attempt)
        self.idle = not self.work

    def leave(self) -> None:
        self.client.close()

    def _poll(self) -> None:
        asked_for = {"max_jobs": ROOM - len(self.work)}
        path = f"/api/workers/{self.name}/jobs/poll"
        jobs = self.client.must("POST", path, asked_for)["jobs"]
        began_at = time.monotonic()
        for job in jobs:
            job_id = job["job_id"]
            assert job_id not in self.work, f"{self.name} got {job_id}, on which it works already"
            attempt = Attempt(self.client, job, self.name, with_token=self.tokens)
            attempt.begin_unreported(began_at)
            self.work[job_id] = (attempt, STEPS)

    def _show_a_sign_of_life(self) -> None:
        path = f"/api/workers/{self.name}/heartbeat"
        for job_id in self.client.must("POST", path, {"status": "available"})["cancelled_jobs"]:
            if job_id in self.work:
                attempt, _ = self.work.pop(job_id)
                attempt.end()

    def _finish(self, attempt: Attempt) -> None:
        success = not self.trouble(0.12)
        attempt.end("completed" if success else "failed")
        attempt.complete(self.name, success=success)
        del self.work[attempt.job_id]
