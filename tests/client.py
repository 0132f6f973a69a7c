"""The application as agents, workers and people use it: requests with names."""

from collections.abc import Sequence
from io import BytesIO
from typing import Any, Self
from urllib.parse import quote

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from boz_server.api.context import EXTENSION
from tests.support import assert_problem, unchanged

#: Why a transcode fails for good at once: no worker can read its file.
UNREADABLE = "Error opening input: Invalid data found when processing input"


def ok(response: TestResponse) -> Any:
    """Return the JSON of an answer that must be 200."""
    assert response.status_code == 200, response.text
    return response.get_json()


def titles(*minutes: float, **extra: Any) -> list[dict[str, Any]]:
    """Titles of these lengths, as today's agents report them."""
    return [
        {
            "index": index,
            "name": f"Title {index + 1}",
            "duration_seconds": int(length * 60),
            "size_bytes": 0,
            "chapters": 8,
            **extra,
        }
        for index, length in enumerate(minutes)
    ]


class Client(FlaskClient):
    """A client whose requests have names. Methods that return no response expect a 200."""

    def refused(self, status: int, mentions: str = "", field: str | None = None) -> "RefusedClient":
        """The same client, for requests whose answer must be a problem like this one."""
        client = RefusedClient(self.application, self.response_wrapper)
        client.problem = (status, mentions, field)
        return client

    # Agents and workers

    def register_agent(self, agent_id: str = "pc", **extra: Any) -> dict[str, Any]:
        """Register an agent, which is online then."""
        body = {"agent_id": agent_id, "name": agent_id.title(), **extra}
        return dict(ok(self.post("/api/agents/register", json=body)))

    def register_worker(
        self, worker_id: str = "gpu", agent_id: str | None = "pc", **extra: Any
    ) -> dict[str, Any]:
        """Register a worker beside an agent; it is available then."""
        body = {"worker_id": worker_id, "hostname": worker_id, "agent_id": agent_id, **extra}
        return dict(ok(self.post("/api/workers/register", json=body)))

    def agent(self, agent_id: str = "pc") -> dict[str, Any]:
        return dict(ok(self.get(f"/api/agents/{agent_id}")))

    def worker(self, worker_id: str = "gpu") -> dict[str, Any]:
        return dict(ok(self.get(f"/api/workers/{worker_id}")))

    def sign_off(self, agent_id: str = "pc") -> dict[str, Any]:
        return dict(ok(self.post(f"/api/agents/{agent_id}/unregister")))

    def heartbeat(self, machine: str) -> dict[str, Any]:
        """Send a heartbeat of `agents/ID` or `workers/ID`; returns the answer."""
        return dict(ok(self.post(f"/api/{machine}/heartbeat", json={})))

    def agent_jobs(self, agent_id: str = "pc") -> list[dict[str, Any]]:
        """The jobs that an agent is to work on, as it gets them."""
        return list(ok(self.get(f"/api/agents/{agent_id}/jobs"))["jobs"])

    def poll(self, worker_id: str = "farm", max_jobs: int = 1) -> list[dict[str, Any]]:
        """The jobs that a worker gets when it asks for work."""
        response = self.post(f"/api/workers/{worker_id}/jobs/poll", json={"max_jobs": max_jobs})
        return list(ok(response)["jobs"])

    def complete(self, job_id: str, worker_id: str = "gpu", **extra: Any) -> TestResponse:
        """Send a worker's own report that it completed a job (or with `success=False`, not)."""
        body = {"job_id": job_id, **extra}
        return self.post(f"/api/workers/{worker_id}/jobs/complete", json=body)

    # Discs and seasons

    def detect(
        self,
        label: str = "FIREFLY_S01_D1",
        minutes: tuple[float, ...] = (43, 42.5, 44, 3),
        **extra: Any,
    ) -> "DetectedDisc":
        """Report a disc in a drive of an agent."""
        body = {
            "agent_id": "pc",
            "drive": "D:",
            "disc_name": label,
            "disc_type": "DVD disc",
            "titles": titles(*minutes),
            **extra,
        }
        return DetectedDisc(self, ok(self.post("/api/discs/detected", json=body)))

    def disc(self, disc_id: str) -> dict[str, Any]:
        return dict(ok(self.get(f"/api/discs/{disc_id}")))

    def approve(self, disc_id: str, **body: Any) -> dict[str, Any]:
        """Accept a disc's names."""
        return self.edit(disc_id, "preview/approve", **body)

    def edit(self, disc_id: str, action: str, **body: Any) -> dict[str, Any]:
        """Change a disc as a person does: "preview/update-season", "identify", …"""
        return dict(ok(self.post(f"/api/discs/{disc_id}/{action}", json=body)))

    def rip(self, disc_id: str, **body: Any) -> list[str]:
        """Order rips of an approved disc; returns the jobs' ids."""
        return list(ok(self.post(f"/api/discs/{disc_id}/rip", json=body))["job_ids"])

    def ordered_rips(self, *args: Any, **extra: Any) -> tuple[str, list[str]]:
        """Detect a disc, approve it and order its rips; returns the ids of disc and jobs."""
        disc = self.detect(*args, **extra)
        return disc.id, disc.approve().rip()

    def one_rip(self) -> str:
        """Order the rip of a disc with one title; returns its id."""
        _, (job_id,) = self.ordered_rips("ALIEN", (117,))
        return job_id

    def reject(self, disc_id: str) -> dict[str, Any]:
        """Refuse a disc's names."""
        return self.edit(disc_id, "preview/reject")

    def eject(self, drive: str = "D:", agent_id: str = "pc") -> None:
        ok(self.post("/api/discs/ejected", json={"agent_id": agent_id, "drive": drive}))

    def season(self, season_id: str) -> dict[str, Any]:
        return dict(ok(self.get(f"/api/tv-seasons/{quote(season_id, safe='')}")))

    # Jobs

    def create_job(self, **extra: Any) -> dict[str, Any]:
        """Enter a transcode job that awaits approval."""
        body = {
            "job_type": "transcode",
            "input_file": "C:\\rips\\title_t00.mkv",
            "output_name": "Firefly - S01E01",
            "requires_approval": True,
            **extra,
        }
        return dict(ok(self.post("/api/jobs", json=body)))

    def approved_job(self, worker_id: str = "gpu", **extra: Any) -> str:
        """Enter a transcode job and approve it for a worker; returns its id."""
        job_id = str(self.create_job(**extra)["job_id"])
        self.approve_job(job_id, worker_id, preset="H.265 NVENC 1080p")
        return job_id

    def approve_job(
        self, job_id: str, worker_id: str = "gpu", *, preset: str = "Fast 1080p30", **extra: Any
    ) -> dict[str, Any]:
        body = {"worker_id": worker_id, "preset": preset, **extra}
        return dict(ok(self.post(f"/api/jobs/{job_id}/approve", json=body)))

    def running_job(self, progress: float = 40, worker_id: str = "gpu", **extra: Any) -> str:
        """A transcode job that a worker has begun; its id."""
        job_id = self.approved_job(worker_id, **extra)
        ok(self.report(job_id, "running", progress=progress))
        return job_id

    def assigned_job(self, agent_id: str = "pc", **extra: Any) -> str:
        """Enter a transcode job and assign it to an agent; returns its id."""
        job_id = str(self.create_job(**extra)["job_id"])
        ok(self.post(f"/api/jobs/{job_id}/assign?agent_id={agent_id}"))
        return job_id

    def queued_job(self, **extra: Any) -> str:
        """Enter a transcode job that needs no approval; returns its id. A worker with a free
        place gets it at once."""
        return str(self.create_job(**{"requires_approval": False, **extra})["job_id"])

    def job(self, job_id: str) -> dict[str, Any]:
        return dict(ok(self.get(f"/api/jobs/{job_id}")))

    def statuses(self, job_ids: Sequence[str]) -> list[str]:
        return [self.job(job_id)["status"] for job_id in job_ids]

    def assigned(self, job_ids: Sequence[str]) -> list[bool]:
        """For each job whether a machine has it."""
        return [status in ("assigned", "running") for status in self.statuses(job_ids)]

    def awaiting_approval(self) -> list[dict[str, Any]]:
        return list(ok(self.get("/api/jobs/awaiting-approval")))

    def transcodes(self) -> list[dict[str, Any]]:
        """All transcode jobs, the oldest first."""
        jobs = ok(self.get("/api/jobs"))
        return [job for job in jobs[::-1] if job["job_type"] == "transcode"]

    def retry(self, job_id: str) -> dict[str, Any]:
        return dict(ok(self.post(f"/api/jobs/{job_id}/retry")))

    def cancel(self, job_id: str) -> dict[str, Any]:
        return dict(ok(self.post(f"/api/jobs/{job_id}/cancel")))

    def history(self, job_id: str) -> list[dict[str, Any]]:
        """The events of a job, oldest first."""
        return list(ok(self.get(f"/api/jobs/{job_id}/events")))

    def lease_token(self, job_id: str, agent_id: str = "pc") -> str:
        """The token of a job's latest attempt, as its agent gets it."""
        jobs = self.agent_jobs(agent_id)
        return next(str(job["lease_token"]) for job in jobs if job["job_id"] == job_id)

    def report(self, job_id: str, status: str, **extra: Any) -> TestResponse:
        """Send a report as today's agents do: all four keys, null where unknown."""
        body = {"status": status, "progress": None, "error": None, "output_file": None, **extra}
        return self.patch(f"/api/jobs/{job_id}", json=body)

    def end(self, job_id: str, status: str, **extra: Any) -> dict[str, Any]:
        """Report the end of a job: of a transcode that failed, that no worker can read its input;
        the only rip of a disc fails twice."""
        error = UNREADABLE if status == "failed" else None
        job = dict(ok(self.report(job_id, status, **{"error": error, **extra})))
        if job["job_type"] == "rip" and job["status"] == "queued":
            ok(self.report(job_id, "running"))
            job = dict(ok(self.report(job_id, status, **{"error": error, **extra})))
        return job

    # Files

    def upload(self, **form: Any) -> TestResponse:
        """Send a small file as a form."""
        form = {"file": (BytesIO(b"a film"), "a.mkv"), "name": "a", **form}
        return self.post("/api/files/upload", data=form)


class RefusedClient(Client):
    """Sends requests that must be refused, and checks that each leaves the database as it was."""

    problem: tuple[int, str, str | None]

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        with unchanged(self.application.extensions[EXTENSION]):
            response: TestResponse = super().open(*args, **kwargs)
            assert_problem(response, *self.problem)
        return response


class DetectedDisc(dict[str, Any]):
    """The answer to a detected disc, with what may follow."""

    def __init__(self, client: Client, answer: dict[str, Any]) -> None:
        super().__init__(answer)
        self.client = client
        self.id = str(answer["disc_id"])

    def approve(self, **body: Any) -> Self:
        """Accept its names; this answer is the new one then."""
        self.update(self.client.approve(self.id, **body))
        return self

    def rip(self, **body: Any) -> list[str]:
        """Order its rips; returns the jobs' ids."""
        return self.client.rip(self.id, **body)
