"""The demo's story: eight real discs go through the server, one after another."""

from urllib.parse import quote

from boz_server.demo.agent import AGENT_ID, WORKER_ID, SimulatedAgent
from boz_server.demo.catalogue import DemoDisc, load_discs
from boz_server.demo.client import DemoError, Json, ServerClient
from boz_server.demo.screen import headline, pause, say, show_preview

PRESET = "H.265 NVENC 1080p"
#: Seconds at speed 1 that a person needs to read a preview.
_READING_SECONDS = 1.5


class Story:
    """One run of the demo, which also plays the person who approves names and transcodes."""

    def __init__(self, client: ServerClient, speed: float = 1.0) -> None:
        self._client = client
        self._speed = speed
        self._agent = SimulatedAgent(client, speed)
        self._season_ids: dict[str, None] = {}

    def tell(self) -> None:
        """Take every disc through the server, then sum up. Raises DemoError if it gets stuck."""
        self._arrive()
        discs = load_discs()
        for number, disc in enumerate(discs, start=1):
            headline(f"Disc {number} of {len(discs)}: {disc.label} ({disc.format})")
            self._process(disc)
        self._sum_up()

    def _arrive(self) -> None:
        health = self._client.get("/health")
        if not isinstance(health, dict) or "version" not in health:
            raise DemoError(f"{self._client.base_url} is not a Boz Ripper server.")
        headline(f"Boz Ripper server {health['version']} at {self._client.base_url}")
        self._agent.arrive()
        say(f"{AGENT_ID} and its {WORKER_ID} (NVENC) are registered; the drive is empty.")

    def _process(self, disc: DemoDisc) -> None:
        self._agent.heartbeat()
        seen = self._agent.detect(disc)
        if seen["tv_season_id"]:
            self._season_ids[seen["tv_season_id"]] = None
        show_preview(seen)
        pause(_READING_SECONDS, self._speed)
        path = f"/api/discs/{seen['disc_id']}"
        approved = self._client.post(f"{path}/preview/approve")
        ordered = self._client.post(f"{path}/rip")
        say(f"You approve the names; the server creates {ordered['jobs_created']} rip job(s).")
        self._work(approved, ordered["job_ids"])
        self._agent.eject()

    def _work(self, disc: Json, rip_ids: list[str]) -> None:
        """Rip and transcode until the server says that all rips are complete."""
        titles = {title["index"]: title for title in disc["titles"]}
        path = f"/api/discs/{disc['disc_id']}/rip-status"
        while not (status := self._client.get(path))["all_rips_complete"]:
            rip = self._agent.next_job(rip_ids)
            transcode = self._agent.rip(rip, disc["disc_name"], titles[rip["title_index"]])
            self._approve(transcode)
            self._agent.transcode(self._agent.next_job([transcode["job_id"]]))
        say(f"{status['completed_jobs']} of {status['total_jobs']} rips are done: disc ejected.")

    def _approve(self, transcode: Json) -> None:
        waiting = self._client.get("/api/jobs/awaiting-approval")
        if not any(job["job_id"] == transcode["job_id"] for job in waiting):
            raise DemoError("The server does not list the new transcode job for approval.")
        self._client.post(
            f"/api/jobs/{transcode['job_id']}/approve", {"worker_id": WORKER_ID, "preset": PRESET}
        )
        say(f"approve    {PRESET} on {WORKER_ID}")

    def _sum_up(self) -> None:
        headline("What the server knows now")
        paths = [f"/api/tv-seasons/{quote(season_id, safe='')}" for season_id in self._season_ids]
        for path in paths:
            season = self._client.get(path)
            say(
                f"{season['show_name']}, season {season['season_number']}: numbered up to episode"
                f" {season['last_episode_assigned']} on {len(season['disc_ids'])} disc(s)."
            )
        stats = self._client.get("/api/jobs/stats")
        say(
            f"{stats['rip_jobs']} rips and {stats['transcode_jobs']} transcodes:"
            f" {stats['completed']} completed, {stats['failed']} failed."
        )
        headline("Look for yourself")
        key = ' -H "Authorization: Bearer $BOZ_API_KEY"' if self._client.has_key else ""
        for path in ["/api/discs", *paths, "/api/jobs?limit=5", "/api/workers/stats"]:
            say(f"curl{key} '{self._client.base_url}{path}'")
        say(f"Dashboard: {self._client.base_url}/")
