"""What is, or soon will be, a problem: warnings for monitoring and for people."""

from dataclasses import dataclass
from datetime import datetime

from boz_server.context import Context
from boz_server.disk import shortage
from boz_server.services.queue import stalls


@dataclass(frozen=True, slots=True)
class ServerWarning:
    """One warning. code: its kind; since: None where that is not known."""

    code: str
    detail: str
    since: datetime | None = None


def current(context: Context) -> list[ServerWarning]:
    """Return the warnings that hold now."""
    found = [_storage_low(context), _jobs_stalled(context)]
    return [warning for warning in found if warning is not None]


def _storage_low(context: Context) -> ServerWarning | None:
    detail = shortage(context.settings)
    return None if detail is None else ServerWarning("storage_low", detail)


def _jobs_stalled(context: Context) -> ServerWarning | None:
    jobs = stalls.told_of(context)
    if not jobs:
        return None
    # Without the jobs' names: this is read without a key, where jobs may need one.
    stand = "job stands" if len(jobs) == 1 else "jobs stand"
    detail = f"{len(jobs)} {stand} still: the waiting_reason in GET /api/jobs says what to do."
    return ServerWarning("jobs_stalled", detail, jobs[0].stalled_at)
