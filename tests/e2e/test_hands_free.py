"""From the disc to the library without a click, with an agent like today's."""

from typing import Any

import requests

from tests.e2e.gunicorn_server import GunicornServer, until
from tests.media_server import FakeMediaServers

#: Far longer than the server's polling.
SECONDS = 20


class TodaysAgent:
    """Polls, rips, announces, transcodes, uploads and reports by the API contract."""

    def __init__(self, server: GunicornServer) -> None:
        self.server = server
        server.post("/api/agents/register", agent_id="pc", name="Den PC")
        server.post(
            "/api/workers/register",
            worker_id="gpu",
            hostname="den",
            agent_id="pc",
            capabilities={"nvenc": True, "hevc": True, "max_concurrent": 2},
        )

    def work_once(self) -> bool:
        """Do what is assigned; returns whether all is done."""
        for job in self.server.get("/api/agents/pc/jobs")["jobs"]:
            if job["status"] == "assigned":
                getattr(self, job["job_type"])(job)
        stats = self.server.get("/api/jobs/stats")
        return bool(stats["organize_jobs"] == 3 and stats["completed"] == stats["total_jobs"])

    def rip(self, job: dict[str, Any]) -> None:
        file = f"C:\\rips\\title_t{job['title_index']:02}.mkv"
        self.report(job, "running", progress=50.0)
        self.report(job, "completed", output_file=file)
        self.server.post(
            "/api/jobs",
            job_type="transcode",
            disc_id=job["disc_id"],
            title_index=job["title_index"],
            input_file=file,
            output_name=job["output_name"],
            requires_approval=True,
        )

    def transcode(self, job: dict[str, Any]) -> None:
        assert job["preset"] == "H.265 NVENC 1080p"
        self.report(job, "running", progress=50.0)
        self.report(job, "completed")
        stored = requests.post(
            f"{self.server.url}/api/files/upload",
            files={"file": (f"{job['job_id']}.mkv", self.content(job))},
            data={"name": job["output_name"]},
            timeout=30,
        ).json()
        self.report(job, "completed", output_file=stored["final_path"])

    @staticmethod
    def content(job: dict[str, Any]) -> bytes:
        return f"title {job['title_index']}".encode() * 1000

    def report(self, job: dict[str, Any], status: str, **extra: Any) -> None:
        said = {"progress": None, "error": None, "output_file": None, **extra}
        self.server.patch(f"/api/jobs/{job['job_id']}", status=status, **said)


def test_it_takes_a_clear_disc_into_the_library(server, tmp_path):
    library = tmp_path / "nas"
    for name in ("Movies", "TV Shows"):
        (library / name).mkdir(parents=True)
    with FakeMediaServers() as others:
        others.folders = {"1": [str(library / "Movies")], "2": ["/media/tv"]}
        chosen = {"plex_path_map": f"{library}/TV Shows:/media/tv", **others.settings("plex")}
        server.environment |= {
            f"BOZ_{name.upper()}": str(value)
            for name, value in {
                "auto_approve_previews": True,
                "auto_rip": True,
                "auto_transcode": True,
                "nas_enabled": True,
                "nas_mount": library,
                "plex_scan_delay_seconds": 0,
                **chosen,
            }.items()
        }
        server.made_impatient().start()
        agent = TodaysAgent(server)
        server.detected("FIREFLY_S01_D1", 43, 42.5, 44, 3)
        until(agent.work_once, SECONDS)
        season = library / "TV Shows" / "Firefly" / "Season 01"
        assert {path.name: path.read_bytes() for path in season.iterdir()} == {
            f"Firefly - S01E0{number + 1}.mkv": f"title {number}".encode() * 1000
            for number in range(3)
        }
        assert list((tmp_path / "output").iterdir()) == []
        until(lambda: others.scans("plex"), SECONDS)
        assert set(others.scans("plex")) == {"/media/tv/Firefly/Season 01"}
