"""A record of what was acknowledged, and of who worked on what and when."""

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Answer:
    """The answer to a request that was sent until there was one; times are monotonic seconds."""

    status: int
    body: Any
    #: How often it was sent; the tries before the last may have been carried out or not.
    tries: int
    first_sent_at: float
    answered_at: float

    @property
    def ok(self) -> bool:
        """Whether the server has acknowledged it."""
        return self.status == 200


@dataclass(frozen=True)
class Act:
    """A request about a job, and its answer.

    kind: create | report | complete | approve | cancel | retry. said: what was sent.
    """

    kind: str
    who: str
    job_id: str
    said: dict[str, Any]
    answer: Answer

    @property
    def ok(self) -> bool:
        return self.answer.ok

    def __str__(self) -> str:
        return (
            f"{self.answer.first_sent_at:.3f}–{self.answer.answered_at:.3f} {self.who}:"
            f" {self.kind} {_short(self.said)} → {self.answer.status} (try {self.answer.tries})"
        )


@dataclass
class Span:
    """The time in which a machine worked on an attempt; it ends before the report."""

    job_id: str
    attempt: int
    machine: str
    began_at: float
    ended_at: float = 0.0
    #: completed | failed | stopped
    outcome: str = "stopped"

    def __str__(self) -> str:
        return (
            f"{self.began_at:.3f}–{self.ended_at:.3f} {self.machine} worked on attempt"
            f" {self.attempt}: {self.outcome}"
        )


@dataclass(frozen=True)
class Upload:
    """A file that the server has acknowledged."""

    path: Path
    content: bytes


@dataclass
class Ledger:
    """Everyone writes here; a list's append is atomic."""

    acts: list[Act] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    uploads: list[Upload] = field(default_factory=list)
    #: Everything that was ever sent as a file, acknowledged or not.
    sent_files: list[bytes] = field(default_factory=list)
    #: The ids of discs that were put in.
    discs: list[str] = field(default_factory=list)
    #: The ids of ordered rip jobs.
    ordered: list[str] = field(default_factory=list)
    #: Agents that signed off, as histories name them; one entry each time.
    signed_off: list[str] = field(default_factory=list)
    #: The ids of agents that ended without that, or whose drive did not answer: what they have in
    #: hand may be lost.
    silent: set[str] = field(default_factory=set)
    #: How often each answered request was sent.
    tries: list[int] = field(default_factory=list)

    def by_job(self) -> dict[str, list[Act]]:
        """Return the acts on each job, in the order of their answers."""
        found: dict[str, list[Act]] = defaultdict(list)
        for act in sorted(self.acts, key=lambda act: act.answer.answered_at):
            found[act.job_id].append(act)
        return found

    def of(self, job_id: str) -> list[str]:
        """Describe a job, line by line."""
        known = [*self.acts, *self.spans]
        told = [each for each in known if each.job_id == job_id]
        told.sort(
            key=lambda each: each.ended_at if isinstance(each, Span) else each.answer.answered_at
        )
        return [str(each) for each in told]


def _short(said: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in said.items() if value is not None and key != "thumbnails"}
