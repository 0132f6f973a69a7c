"""A machine's attempt at a job: what it reports, and when it worked on it."""

import time
from http import HTTPStatus
from typing import Any

from tests.e2e.chaos.client import Client
from tests.e2e.chaos.ledger import Act, Answer, Span

Job = dict[str, Any]


class Attempt:
    """One attempt; it reports with its token, or without, as today's agents do."""

    def __init__(self, client: Client, job: Job, machine: str, *, with_token: bool) -> None:
        self.client = client
        self.ledger = client.stage.ledger
        self.job = job
        self.job_id: str = job["job_id"]
        self.machine = machine
        self.token: str | None = job["lease_token"] if with_token else None
        self._span: Span | None = None

    @property
    def under_way(self) -> bool:
        """Whether the work has begun and not ended."""
        return self._span is not None

    def begin(self) -> bool:
        """Report that the work begins; False if the job was taken away."""
        began_at = time.monotonic()
        if not self.report("running", progress=0):
            return False
        self.begin_unreported(began_at)
        return True

    def begin_unreported(self, began_at: float) -> None:
        """Begin like a remote worker, which reports only the end."""
        self._span = Span(self.job_id, self.job["attempt"], self.machine, began_at)

    def end(self, outcome: str = "stopped") -> None:
        """Record that the work has ended, before it is reported."""
        if self._span is not None:
            self._span.ended_at = time.monotonic()
            self._span.outcome = outcome
            self.ledger.spans.append(self._span)
            self._span = None

    def report(
        self,
        status: str,
        *,
        progress: float | None = None,
        error: str | None = None,
        output_file: str | None = None,
    ) -> bool:
        """Send a report; False when it is refused."""
        said = {
            "status": status,
            "progress": progress,
            "error": error,
            "output_file": output_file,
        }
        if self.token is not None:
            said["lease_token"] = self.token
        answer = self.client.ask("PATCH", f"/api/jobs/{self.job_id}", said)
        return self._noted("report", said, answer)

    def complete(self, worker_id: str, *, success: bool) -> bool:
        """Complete or fail the job like a remote worker; False if that is refused."""
        said = {
            "job_id": self.job_id,
            "success": success,
            "error": None if success else "HandBrake ended with code 3",
            "duration_seconds": 1.5,
        }
        if self.token is not None:
            said["lease_token"] = self.token
        answer = self.client.ask("POST", f"/api/workers/{worker_id}/jobs/complete", said)
        return self._noted("complete", said, answer)

    def _noted(self, kind: str, said: dict[str, Any], answer: Answer) -> bool:
        assert answer.status in (HTTPStatus.OK, HTTPStatus.CONFLICT), (said, answer)
        said = {**said, "attempt": self.job["attempt"]}
        self.ledger.acts.append(Act(kind, self.machine, self.job_id, said, answer))
        return answer.ok
