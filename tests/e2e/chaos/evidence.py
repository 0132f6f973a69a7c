"""What was acknowledged and what is found, for the checks to compare."""

from collections import Counter
from collections.abc import Iterator

from boz_server.domain.queue.job_states import HELD
from tests.e2e.chaos.found import Event, Found
from tests.e2e.chaos.ledger import Act, Ledger

#: A job's id, or None, and what is wrong.
Problem = tuple[str | None, str]
Wrong = Iterator[Problem]


class Evidence:
    """The ledger, and the server's data at the end."""

    def __init__(self, ledger: Ledger, found: Found, limits: dict[str, int]) -> None:
        self.ledger = ledger
        self.found = found
        #: The most jobs of each type that machines may have at a time.
        self.limits = limits
        self.acts = ledger.by_job()

    def acknowledged(self, *kinds: str) -> list[Act]:
        """Return the acts of these kinds that the server has acknowledged."""
        return [act for act in self.ledger.acts if act.ok and act.kind in kinds]

    def steps_to(self, status: str, job_type: str) -> Counter[str]:
        """Count, by job, the steps of jobs of a type to a state."""
        return Counter(
            event.job_id
            for event in self.found.events
            if event.to_status == status and self.found.jobs[event.job_id]["job_type"] == job_type
        )


def follow(held: set[str], event: Event) -> None:
    """Update the set of jobs that machines have."""
    (held.add if event.to_status in HELD else held.discard)(event.job_id)


def reported(act: Act) -> str | None:
    """The state that a report sets; None for other requests."""
    if act.kind == "complete":
        return "completed" if act.said["success"] else "failed"
    return act.said["status"] if act.kind == "report" else None


def attempt_of(act: Act) -> int:
    """The attempt that a report counted for; without a token, the server decides."""
    answered = act.answer.body.get("attempt") if act.ok else None
    return int(act.said["attempt"] if answered is None else answered)
