"""PCs whose agents do as those of today do, seen on the wire.

Such an agent has a new id at every start, sends each report once, reads no answer to it, asks for
jobs only while it has none, and takes the jobs of an answer one after the other.
"""

import http.client
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import requests
from urllib3.filepost import encode_multipart_formdata

from tests.client import titles
from tests.e2e.gunicorn_server import GunicornServer

Job = dict[str, Any]
#: How many seconds of an agent pass in one.
TIMES = 120
POLL, HEARTBEAT, REPORT = 5, 30, 2
#: What the progress is between the first report and the last.
PROGRESS = (20.0, 40.0, 60.0, 80.0)
UPLOAD_TRIES = 3


#: A disc's label, and the lengths of its titles in minutes.
Disc = tuple[str, tuple[float, ...]]


def titles_of(disc: Disc) -> list[tuple[str, int]]:
    """The titles of a disc, each by the label and its number."""
    return [(disc[0], index) for index in range(len(disc[1]))]


def ripped(host: str, title: tuple[str, int]) -> bytes:
    """What a PC gets when it rips a title."""
    return f"{title} by {host} ".encode() * 1000


def transcoded(host: str, title: tuple[str, int]) -> bytes:
    """What a PC makes of that."""
    return ripped(host, title) + b"transcoded"


class KilledError(BaseException):
    """The agent's process is gone."""


class Pc:
    """A machine with one drive; its discs and files outlive the agent's process.

    agent_id: as configured; None for a new random one at each start. transcodes: whether it has a
    worker.
    """

    def __init__(
        self,
        server: GunicornServer,
        host: str,
        *,
        agent_id: str | None = None,
        transcodes: bool = True,
    ) -> None:
        self.server, self.host, self.agent_id = server, host, agent_id
        self.worker_id = f"{host}-NVENC" if transcodes else None
        #: Whether HandBrake is installed, and how long it takes from one progress to the next.
        self.handbrake, self.pace = True, REPORT
        self.disc: Disc | None = None
        self.files: dict[str, bytes] = {}
        #: What it has transcoded, by the job.
        self.made: dict[str, bytes] = {}
        #: How often the drive will not answer in time.
        self.hiccups = 0
        #: How often HandBrake will end with an error.
        self.crashes = 0
        #: The titles that were read to the end, as often as they were.
        self.ripped: list[tuple[str, int]] = []
        #: Answers that no request should have.
        self.faults: list[str] = []
        self.is_held = threading.Event()
        self._hold: str | None = None
        self.agent: Agent | None = None

    def start(self) -> None:
        """Start the agent, with a new id."""
        self.agent = Agent(self)
        self.agent.thread.start()

    def kill(self) -> None:
        """kill -9 the agent."""
        assert self.agent is not None
        self.agent.killed.set()
        self.agent.thread.join(30)
        self._hold = None

    def stop(self) -> None:
        """End the agent as a person does: it signs off."""
        self.kill()
        assert self.agent is not None
        self.agent.say("POST", f"/api/agents/{self.agent.agent_id}/unregister")

    def put_in(self, label: str, *minutes: float) -> None:
        self.disc = (label, minutes)

    def tidy_up(self, complaint: str) -> None:
        """Delete the file that an error names: the agent did not want to replace it."""
        for path in [path for path in self.files if f"'{path}'" in complaint]:
            del self.files[path]

    def hold(self, what: str) -> None:
        """Let the agent wait in the middle of its next "rip", "transcode" or "upload", until
        `go_on`."""
        self.is_held.clear()
        self._hold = what

    def go_on(self) -> None:
        self._hold = None

    def pass_by(self, what: str, wait: Callable[[float], None]) -> None:
        """Called by the agent in the middle of its work."""
        if self._hold == what:
            self.is_held.set()
        while self._hold == what:
            wait(1)

    @property
    def is_idle(self) -> bool:
        """Whether the agent waits for jobs, with nothing in its drive."""
        return self.agent is None or (self.agent.is_idle and self.disc is None)


class Agent:
    """One run of a PC's agent."""

    def __init__(self, pc: Pc) -> None:
        self.pc = pc
        self.agent_id = pc.agent_id or str(uuid4())
        self.killed = threading.Event()
        self.thread = threading.Thread(target=self._run, name=pc.host)
        self.is_idle = False
        self.is_registered = False
        self.seen: Any = None
        self._next_heartbeat = self._next_look = 0.0

    def say(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request once; None where it was not answered well."""
        if self.killed.is_set() and not path.endswith("unregister"):
            raise KilledError
        try:
            answer = requests.request(method, self.pc.server.url + path, json=body, timeout=30)
        except requests.RequestException:
            return None
        if answer.status_code >= 500 and answer.status_code != 503:
            self.pc.faults.append(f"{method} {path} {body}: {answer.status_code} {answer.text}")
        return answer.json() if answer.ok else None

    def wait(self, seconds: float) -> None:
        """Let time pass by the agent's clock; it sends heartbeats and looks at its drive
        meanwhile."""
        until = time.monotonic() + seconds / TIMES
        while True:
            self._mind_time()
            if self.killed.wait(min(max(0.0, until - time.monotonic()), POLL / TIMES)):
                raise KilledError
            if time.monotonic() >= until:
                return

    def _run(self) -> None:
        try:
            self._arrive()
            while True:
                self.wait(POLL)
                jobs = self.say("GET", f"/api/agents/{self.agent_id}/jobs") or {"jobs": []}
                assigned = deque(job for job in jobs["jobs"] if job["status"] == "assigned")
                self.is_idle = not assigned and self.seen == self.pc.disc
                for job in assigned:
                    self._do(job)
                    if job["job_type"] == "rip":
                        break
        except KilledError:
            pass

    def _arrive(self) -> None:
        """Register; where no server answers, it never does."""
        pc = self.pc
        able = {"can_rip": True, "can_transcode": pc.worker_id is not None}
        body = {"agent_id": self.agent_id, "name": "Boz Agent", "capabilities": able}
        self.is_registered = self.say("POST", "/api/agents/register", body) is not None
        body = {
            "worker_id": pc.worker_id,
            "worker_type": "agent",
            "hostname": pc.host,
            "agent_id": self.agent_id,
            "capabilities": {"nvenc": True, "hevc": True, "max_concurrent": 2},
        }
        if self.is_registered and pc.worker_id is not None:
            self.say("POST", "/api/workers/register", body)

    def _mind_time(self) -> None:
        now = time.monotonic()
        if self.is_registered and now >= self._next_heartbeat:
            self._next_heartbeat = now + HEARTBEAT / TIMES
            self.say("POST", f"/api/agents/{self.agent_id}/heartbeat")
            if self.pc.worker_id is not None:
                busy = {"status": "busy", "current_jobs": []}
                self.say("POST", f"/api/workers/{self.pc.worker_id}/heartbeat", busy)
        if now >= self._next_look:
            self._next_look = now + POLL / TIMES
            self._look_at_drive()

    def _look_at_drive(self) -> None:
        """Report what has changed; a drive that does not answer counts as empty."""
        found = self.pc.disc
        if self.pc.hiccups and self.seen is not None:
            self.pc.hiccups -= 1
            found = None
        if found == self.seen:
            return
        where = {"agent_id": self.agent_id, "drive": "D:"}
        if self.seen is not None:
            self.say("POST", "/api/discs/ejected", where)
        self.seen = found
        if found is not None:
            label, minutes = found
            facts = {"disc_name": label, "disc_type": "Unknown", "titles": titles(*minutes)}
            self.say("POST", "/api/discs/detected", where | facts)

    def report(self, job: Job, status: str, progress: float | None = None, **said: Any) -> None:
        body = {"status": status, "progress": progress, "error": None, "output_file": None, **said}
        self.say("PATCH", f"/api/jobs/{job['job_id']}", body)

    def _do(self, job: Job) -> None:
        self.report(job, "running", 0)
        try:
            (self._rip if job["job_type"] == "rip" else self._transcode)(job)
        except (OSError, RuntimeError) as error:
            self.report(job, "failed", error=str(error))

    def _rip(self, job: Job) -> None:
        pc = self.pc
        disc = self.say("GET", f"/api/discs/{job['disc_id']}")
        if disc is None:
            raise RuntimeError(f"Disc not found: {job['disc_id']}")
        if disc["preview_status"] == "pending":
            self.report(job, "assigned", 0)
            return
        if pc.disc is None:
            raise RuntimeError("MakeMKV exited with code 11")
        title = (pc.disc[0], job["title_index"])
        for progress in PROGRESS:
            self.wait(REPORT)
            self.report(job, "running", progress)
            pc.pass_by("rip", self.wait)
        path = f"C:\\temp\\{job['output_name']}.mkv"
        pc.ripped.append(title)
        if path in pc.files:
            raise FileExistsError(f"[WinError 183] Cannot create a file: '{path}'")
        pc.files[path] = ripped(pc.host, title)
        self.report(job, "completed", 100, output_file=path)
        self._announce(job, disc, path)
        status = self.say("GET", f"/api/discs/{job['disc_id']}/rip-status")
        if status is not None and status["all_rips_complete"]:
            pc.disc = None

    def _announce(self, rip: Job, disc: Job, path: str) -> None:
        body = {
            "job_type": "transcode",
            "input_file": path,
            "output_name": rip["output_name"],
            "preset": None,
            "requires_approval": True,
            "source_disc_name": disc["disc_name"],
            "input_file_size": len(self.pc.files[path]),
        }
        self.say("POST", "/api/jobs", body)

    def _transcode(self, job: Job) -> None:
        pc = self.pc
        content = pc.files.get(job["input_file"])
        if content is None:
            raise RuntimeError(f"Input file not found: {job['input_file']}")
        self.report(job, "pending", 0.0)
        while not pc.handbrake:
            self.wait(REPORT)
            self.report(job, "pending", 0.0)
        for progress in PROGRESS:
            self.wait(pc.pace)
            found = self.say("GET", f"/api/jobs/{job['job_id']}")
            if found is not None and found["status"] == "cancelled":
                return
            self.report(job, "running", progress)
            pc.pass_by("transcode", self.wait)
            if pc.crashes:
                pc.crashes -= 1
                self.report(job, "failed", progress)
                self.report(job, "failed", error="HandBrake exited with code 3")
                return
        path = f"C:\\output\\{job['output_name']}.mkv"
        pc.files[path] = pc.made[job["job_id"]] = content + b"transcoded"
        self.report(job, "completed", 100.0)
        if any(self._upload(path, job["output_name"]) for _ in range(UPLOAD_TRIES)):
            self.report(job, "completed", 100, output_file=path)
            del pc.files[path], pc.files[job["input_file"]]
        else:
            error = "Upload failed - file kept locally"
            self.report(job, "completed", 100, output_file=path, error=error)

    def _upload(self, path: str, name: str) -> bool:
        """Send a file as a form; whether that went well."""
        file = (path.rpartition("\\")[2], self.pc.files[path], "application/octet-stream")
        body, kind = encode_multipart_formdata({"name": name, "file": file})
        connection = http.client.HTTPConnection("127.0.0.1", self.pc.server.port, timeout=30)
        try:
            connection.putrequest("POST", "/api/files/upload")
            connection.putheader("Content-Type", kind)
            connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body[: len(body) // 2])
            self.pc.pass_by("upload", self.wait)
            connection.send(body[len(body) // 2 :])
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
