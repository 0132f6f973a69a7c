"""Rounds of kill -9 under load, and the checks at the end."""

import logging
import random
import time
from collections import Counter
from dataclasses import dataclass

from boz_server.domain.queue.job_states import OPEN, OVER
from tests.e2e.chaos import history_checks, world_checks
from tests.e2e.chaos.agent import SimulatedAgent
from tests.e2e.chaos.aim import KINDS, wait_for_commit
from tests.e2e.chaos.evidence import Evidence, Problem
from tests.e2e.chaos.found import Found, find, pages
from tests.e2e.chaos.person import Meddler, Owner
from tests.e2e.chaos.remote_worker import RemoteWorker
from tests.e2e.chaos.stage import AbortedError, Participant, Stage
from tests.e2e.gunicorn_server import GunicornServer

log = logging.getLogger(__name__)

AGENTS, WORKERS = 6, 2
#: How much faster the server's clock runs.
TIMES = 10
LIMITS = {"rip": 4, "transcode": 6}
#: The longest round; the server is killed at any moment of it.
ROUND_SECONDS = 2
#: The share of longer rounds, in which another process takes over the maintenance.
LONG_SHARE, LONG_SECONDS = 0.1, 15
#: The share of rounds that end while the server is still starting.
EARLY_SHARE, EARLY_SECONDS = 0.2, 0.5
#: The share of the others that aim at a commit, for how long, and the time until the answer.
AIMED_SHARE, AIM_SECONDS, ANSWER_SECONDS = 0.7, 1.0, 0.002
#: The time for all participants to finish.
FINISH_SECONDS = 60
JOIN_SECONDS = 60
#: Log messages that no kill explains: what had to be repaired was wrong.
FAULTS = (" ERROR ", " CRITICAL ", "Traceback", "State repaired")
#: How much of a failure is shown.
SHOWN_PROBLEMS, SHOWN_LOG_LINES = 10, 60


@dataclass(frozen=True)
class Summary:
    """What happened, in figures."""

    kills: int
    requests: int
    #: Requests that were sent more than once.
    sent_again: int
    jobs: Counter[str]
    seconds: float


class Chaos:
    """One server, those who use it, and a seed that says what they do."""

    def __init__(self, server: GunicornServer, seed: int) -> None:
        self.server = server
        self.seed = seed
        # Waits of minutes would leave no time for anything else.
        self.server.sped_up(TIMES).environment |= {
            "BOZ_WEB_WORKERS": "2",
            "BOZ_AGENT_TIMEOUT_SECONDS": str(120 * TIMES),
            "BOZ_WORKER_TIMEOUT_SECONDS": str(90 * TIMES),
            "BOZ_MAX_CONCURRENT_RIPS": str(LIMITS["rip"]),
            "BOZ_MAX_CONCURRENT_TRANSCODES": str(LIMITS["transcode"]),
        }
        self.random = random.Random(seed)  # noqa: S311 - a test's own choices
        self.stage = Stage(server.url)
        self.old_logs: list[str] = []
        agents = [
            SimulatedAgent(self.stage, number, seed, tokens=number % 2 == 0, keys=number < 3)
            for number in range(AGENTS)
        ]
        workers = [
            RemoteWorker(self.stage, number, seed, tokens=number == 0) for number in range(WORKERS)
        ]
        self.participants: list[Participant] = [
            *agents,
            *workers,
            Owner(self.stage, "owner", seed, agents=agents, workers=workers),
            Meddler(self.stage, "meddler", seed, agents=agents, workers=workers),
        ]

    def run(self, rounds: int) -> Summary:
        """Let the participants work, kill the server this often, let them finish, and check
        everything."""
        began_at = time.monotonic()
        for participant in self.participants:
            participant.start()
        try:
            for _ in range(rounds):
                self._round()
            self._launch(ready=True)
            self.stage.closing.set()
            self._wait_until_all_is_done()
            self.stage.finished.set()
        except AbortedError:
            pass  # the failures are reported below
        except BaseException:
            self.stage.abort()
            raise
        finally:
            for participant in self.participants:
                participant.join(JOIN_SECONDS)
        for name, error in self.stage.failures:
            raise AssertionError(self._story([(None, f"{name} failed: {error}")])) from error
        found = find(self.server)
        assert self.server.stop() == 0
        self._require_right(found)
        return Summary(
            kills=rounds,
            requests=len(self.stage.ledger.tries),
            sent_again=sum(tries > 1 for tries in self.stage.ledger.tries),
            jobs=Counter(f"{job['job_type']} {job['status']}" for job in found.jobs.values()),
            seconds=time.monotonic() - began_at,
        )

    def _round(self) -> None:
        """Start the server, and kill it: during the start, at any moment, or at the worst one."""
        kind = self.random.random()
        early, late = kind < EARLY_SHARE, kind > 1 - LONG_SHARE
        longest = EARLY_SECONDS if early else LONG_SECONDS if late else ROUND_SECONDS
        self._launch(ready=not early)
        self.stage.pause(self.random.uniform(0, longest))
        if not early and self.random.random() < AIMED_SHARE:
            target = self.random.choice(KINDS)
            wait_for_commit(self.server.database, self.stage.under_way, target, AIM_SECONDS)
            self.stage.pause(self.random.uniform(0, ANSWER_SECONDS))
        self.server.kill()
        log.info("killed after %d answers", len(self.stage.ledger.tries))

    def _launch(self, *, ready: bool) -> None:
        """Start the server; ready: and wait until it serves."""
        # The next start truncates the file.
        self.old_logs = self._log()
        if ready:
            self.server.start()
        else:
            self.server.launch()

    def _log(self) -> list[str]:
        """All that the server has written so far."""
        file = self.server.log
        return self.old_logs + (file.read_text().splitlines() if file.exists() else [])

    def _wait_until_all_is_done(self) -> None:
        deadline = time.monotonic() + FINISH_SECONDS
        while not self._all_is_done():
            if time.monotonic() > deadline:
                left = [
                    (job["job_id"], f"the job was not done in time: {job}")
                    for job in pages(self.server, "/api/jobs?limit=5000")
                    if job["status"] not in OVER or job["scheduled_at"] is not None
                ]
                raise AssertionError(self._story(left or [(None, "someone is not done in time")]))
            self.stage.pause(0.05)

    def _all_is_done(self) -> bool:
        stats = self.server.get("/api/jobs/stats")
        errors = self.server.get("/api/jobs/upload-errors")
        return (
            not any(stats[status] for status in OPEN)
            and all(job["scheduled_at"] is None for job in errors)
            # Checked last: anything they are about to do shows above at the next look.
            and all(participant.idle for participant in self.participants)
        )

    def _require_right(self, found: Found) -> None:
        evidence = Evidence(self.stage.ledger, found, LIMITS)
        checks = (*world_checks.CHECKS, *history_checks.CHECKS)
        problems = [problem for check in checks for problem in check(evidence)]
        problems += [
            (None, f"in the server's log: {line}")
            for line in self._log()
            if any(fault in line for fault in FAULTS)
        ]
        if problems:
            raise AssertionError(self._story(problems, found))

    def _story(self, problems: list[Problem], found: Found | None = None) -> str:
        """Describe the problems, with the history of the jobs concerned."""
        shown, log_lines = problems[:SHOWN_PROBLEMS], self._log()
        lines = [f"seed {self.seed}: {len(problems)} problems"]
        lines += [f"- job {job_id}: {text}" if job_id else f"- {text}" for job_id, text in shown]
        for job_id in dict.fromkeys(job_id for job_id, _ in shown if job_id):
            lines += ["", f"Job {job_id}"]
            if found is not None:
                lines += [str(found.jobs.get(job_id)), *map(str, found.histories[job_id])]
            else:
                lines += map(str, self.server.get(f"/api/jobs/{job_id}/events"))
            lines += self.stage.ledger.of(job_id)
            lines += [line for line in log_lines if job_id in line][-SHOWN_LOG_LINES:]
        return "\n".join([*lines, "", "The log's end", *log_lines[-SHOWN_LOG_LINES:]])
