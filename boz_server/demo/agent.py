"""The simulated PC: an agent with one optical drive, and a worker that transcodes."""

import time
from collections.abc import Collection

from boz_server.demo.catalogue import DemoDisc
from boz_server.demo.client import DemoError, Json, ServerClient
from boz_server.demo.screen import bar, pause

AGENT_ID = "demo-agent"
WORKER_ID = "demo-worker"
DRIVE = "D:"

#: Real seconds that the agent waits for a job that it should get.
PATIENCE_SECONDS = 30
_POLL_SECONDS = 1.0
#: Number of progress reports of a job, and the seconds between them at speed 1.
_STEPS = 5
_STEP_SECONDS = 0.18


class SimulatedAgent:
    """Sends what today's agents send, byte for byte; speed divides every wait."""

    def __init__(self, client: ServerClient, speed: float) -> None:
        self._client = client
        self._speed = speed

    def arrive(self) -> None:
        """Register agent and worker, and clean up after an interrupted demo."""
        self._client.post("/api/agents/register", _AGENT)
        self._client.post("/api/workers/register", _WORKER)
        # When one is cancelled, the next is assigned.
        while jobs := self._jobs():
            for job in jobs:
                self._client.post(f"/api/jobs/{job['job_id']}/cancel")
        self.eject()

    def heartbeat(self) -> None:
        """Keep agent and worker online."""
        self._client.post(f"/api/agents/{AGENT_ID}/heartbeat")
        load = {"status": "available", "current_jobs": [], "cpu_usage": 21.0, "gpu_usage": 64.0}
        self._client.post(f"/api/workers/{WORKER_ID}/heartbeat", load)

    def detect(self, disc: DemoDisc) -> Json:
        """Report the disc in the drive. Returns the server's answer."""
        answer: Json = self._client.post("/api/discs/detected", disc.report(AGENT_ID, DRIVE))
        return answer

    def eject(self) -> None:
        """Report that the disc was ejected; no effect if the drive is empty."""
        self._client.post("/api/discs/ejected", {"agent_id": AGENT_ID, "drive": DRIVE})

    def next_job(self, among: Collection[str]) -> Json:
        """Poll until one of these jobs is assigned to this agent. Raises DemoError if none is."""
        give_up_at = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < give_up_at:
            for job in self._jobs():
                if job["job_id"] in among and job["status"] == "assigned":
                    return job
            pause(_POLL_SECONDS, self._speed)
        raise DemoError(
            f"The server assigned none of the jobs it owes {AGENT_ID} within"
            f" {PATIENCE_SECONDS} seconds."
        )

    def rip(self, job: Json, disc_name: str, title: Json) -> Json:
        """Rip the title and post its transcode. Returns the transcode job."""
        path = f"C:\\BozRipper\\temp\\{disc_name}\\title_t{title['index']:02d}.mkv"
        self._work(job, f"rip        title {title['index']}")
        self._report(job, "completed", 100, path)
        transcode: Json = self._client.post(
            "/api/jobs",
            {
                "job_type": "transcode",
                "disc_id": job["disc_id"],
                "title_index": title["index"],
                "input_file": path,
                "output_name": job["output_name"],
                "requires_approval": True,
                "source_disc_name": disc_name,
                "input_file_size": title["size_bytes"],
            },
        )
        return transcode

    def transcode(self, job: Json) -> None:
        """Transcode the file; report it completed when done, and again when uploaded."""
        self._work(job, f"transcode  {job['output_name']}")
        self._report(job, "completed", 100)
        self._report(job, "completed", 100, f"C:\\BozRipper\\output\\{job['output_name']}.mkv")

    def _jobs(self) -> list[Json]:
        jobs: list[Json] = self._client.get(f"/api/agents/{AGENT_ID}/jobs")["jobs"]
        return jobs

    def _work(self, job: Json, label: str) -> None:
        """Report the job as running, step by step, and show a progress bar."""
        self.heartbeat()
        with bar(label) as advance:
            for step in range(_STEPS):
                self._report(job, "running", 100 * step // _STEPS)
                pause(_STEP_SECONDS, self._speed)
                advance(100 // _STEPS)

    def _report(
        self, job: Json, status: str, progress: int, output_file: str | None = None
    ) -> None:
        """Send all four keys, as agents do; some are null."""
        self._client.patch(
            f"/api/jobs/{job['job_id']}",
            {"status": status, "progress": progress, "error": None, "output_file": output_file},
        )


_AGENT: Json = {
    "agent_id": AGENT_ID,
    "name": "Demo PC",
    "capabilities": {"can_rip": True, "can_transcode": True, "gpu_type": "nvidia"},
}
_WORKER: Json = {
    "worker_id": WORKER_ID,
    "worker_type": "agent",
    "hostname": "demo-pc",
    "capabilities": {"nvenc": True, "nvenc_generation": 8, "hevc": True, "max_concurrent": 2},
    "agent_id": AGENT_ID,
}
