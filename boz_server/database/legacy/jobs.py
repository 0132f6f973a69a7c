"""Jobs of the old database: each goes on, waits, or is over, and none is stuck."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from boz_server.database.legacy.machines import AGENT_ID
from boz_server.database.legacy.row import INT32, INT64, LegacyRow
from boz_server.database.legacy.tables import Row, Tables
from boz_server.domain.discs.disc_states import DiscStatus
from boz_server.domain.naming.names import file_key, file_stem
from boz_server.domain.queue.file_access import same_file
from boz_server.domain.queue.job_states import (
    HELD,
    OPEN,
    OVER,
    UNSTARTED,
    JobStatus,
    JobType,
    is_upload_error,
)
from boz_server.domain.statistics.runs import Outcome, Run, merged, seconds_between

#: The longest name that requests accept, too: PostgreSQL's indexes have a limit.
NAME_LENGTH = 255
MAX_TIMESTAMP = 10**9


def adopt_jobs(tables: Tables) -> None:
    """Make our jobs, with an event for each whose state changes in the process."""
    for row, job_id in tables.read_keyed("jobs", "job_id", tables.jobs):
        tables.jobs[job_id] = _job(tables, row, job_id)
    _leave_one_rip(tables)
    for job in tables.jobs.values():
        _assign(tables, job)
    _link_transcodes(tables)


def daily_stats(jobs: Iterable[Row]) -> list[Row]:
    """Return the daily statistics of our jobs: each job that is over counts once."""
    return merged(
        Run(
            ended_at=job["completed_at"],
            job_type=job["job_type"],
            outcome=Outcome(job["status"]),
            worker_id=job["assigned_worker"],
            preset=job["preset"],
            seconds=seconds_between(job["started_at"] or job["assigned_at"], job["completed_at"]),
            input_bytes=job["input_file_size"],
            output_bytes=None,
        ).row()
        for job in jobs
        if job["status"] in OVER
    )


def _job(tables: Tables, row: LegacyRow, job_id: str) -> Row:
    input_file = row.text("input_file")
    kind = JobType.RIP if input_file is None else JobType.TRANSCODE
    started_at, assigned_at = row.instant("started_at"), row.instant("assigned_at")
    completed_at, error = row.instant("completed_at"), row.text("error")
    others = (assigned_at, started_at, completed_at, tables.now)
    job: Row = {
        "job_id": job_id,
        "job_type": row.state_or("job_type", JobType, kind),
        "priority": row.whole_or("priority", low=-INT32),
        "disc": _known_disc(tables, row),
        "title_index": row.whole("title_index"),
        "input_file": input_file,
        "output_name": row.text("output_name", NAME_LENGTH),
        "output_file": row.text("output_file"),
        "preset": row.text("preset"),
        "assigned_agent_id": row.id("assigned_agent_id", AGENT_ID),
        "assigned_worker": None,
        "assigned_at": assigned_at,
        "requires_approval": row.flag("requires_approval", default=False),
        "source_disc_name": row.text("source_disc_name"),
        "input_file_size": row.whole("input_file_size", high=INT64),
        "progress": row.number_or_low("progress", 0, 100),
        "error": error,
        "upload_failed": is_upload_error(error),
        "created_at": row.instant_or("created_at", *others),
        "started_at": started_at,
        "completed_at": completed_at,
        "for_agent_id": None,
        "source_job_id": None,
        "attempt": 0,
        "adopted_at": tables.now,
    }
    if job["source_disc_name"] is None and job["disc"] is not None:
        job["source_disc_name"] = tables.discs[job["disc"]]["disc_name"]
    _settle(tables, row, job)
    if job["output_name"] is not None and job["status"] not in OVER:
        job["output_name"] = file_stem(job["output_name"])
        job["file_key"] = file_key(job["output_name"])
    job["thumbnail_timestamps"] = _thumbnails(tables, row, job)
    return job


def _known_disc(tables: Tables, row: LegacyRow) -> str | None:
    disc_id = row.id("disc_id")
    if disc_id is None or disc_id in tables.discs:
        return disc_id
    row.repair("disc_id: the disc is gone, set to null")
    return None


def _settle(tables: Tables, row: LegacyRow, job: Row) -> None:
    """Give the job a state of ours, and make its machine and times fit that state."""
    before = row.state("status", JobStatus)
    decision = _decide(before, job, tables.discs.get(job["disc"] or ""))
    job["status"] = decision.status
    if before in HELD:
        job["attempt"] = 1
    if decision.why is not None:
        _note_change(tables, job, before, decision.why, is_error=decision.is_error)
    if job["status"] in OVER:
        if job["completed_at"] is None:
            row.repair("completed_at: set from the row's other times, as the job is over")
            job["completed_at"] = job["started_at"] or job["assigned_at"] or job["created_at"]
        return
    job["completed_at"] = None
    if job["status"] not in HELD:
        job |= {"assigned_agent_id": None, "assigned_at": None, "started_at": None, "progress": 0.0}
        return
    job["assigned_at"] = job["assigned_at"] or job["started_at"] or job["created_at"]
    if job["status"] is JobStatus.RUNNING:
        job["started_at"] = job["started_at"] or job["assigned_at"]


class _Decision(NamedTuple):
    """The state that a job gets. why: a part of a sentence, None if it keeps its own.

    is_error: whether `why` also becomes the job's error, if it has none.
    """

    status: JobStatus
    why: str | None = None
    is_error: bool = False


def _decide(before: JobStatus | None, job: Row, disc: Row | None) -> _Decision:
    """Decide the state of a job. before: its state in the old system, None if we don't know it.

    A machine keeps the jobs it has, because it may still be working on them. Queue repair gives
    them a lease, and takes them away if the machine does not return within that time.
    """
    if before is None:
        return _Decision(JobStatus.FAILED, "its state was not known", is_error=True)
    if before in OPEN and job["job_type"] is JobType.ORGANIZE:
        why = "the server organizes by itself now: ask for it with POST /api/files/organize"
        return _Decision(JobStatus.CANCELLED, why, is_error=True)
    has_machine = before in HELD and job["assigned_agent_id"] is not None
    is_rip = job["job_type"] is JobType.RIP
    in_drive = disc is not None and disc["status"] is not DiscStatus.EJECTED
    if is_rip and not in_drive and (before in UNSTARTED or (before in HELD and not has_machine)):
        why = "the disc left its drive before this title was ripped: put it in again"
        return _Decision(JobStatus.FAILED, why, is_error=True)
    if before in HELD and not has_machine:
        return _Decision(JobStatus.QUEUED, "no machine had it")
    if before is JobStatus.PENDING and (is_rip or not job["requires_approval"]):
        return _Decision(JobStatus.QUEUED, "it waits for a machine, not for a person")
    return _Decision(before)


def _note_change(
    tables: Tables, job: Row, before: JobStatus | None, why: str, *, is_error: bool
) -> None:
    """Note in the report and the job's history that its state has changed, and why."""
    tables.report.repair("jobs", f"{before or 'of no known state'} → {job['status']}: {why}")
    if is_error:
        job["error"] = job["error"] or f"{why[0].upper()}{why[1:]}."
    if job["status"] in OVER:
        job["completed_at"] = job["completed_at"] or tables.now
    tables.events.append(
        {
            "job": job["job_id"],
            "at": tables.now,
            "from_status": before,
            "to_status": job["status"],
            "actor": "server",
            "attempt": job["attempt"],
            "detail": f"Adopted: {why}.",
        }
    )


def _thumbnails(tables: Tables, row: LegacyRow, job: Row) -> list[int]:
    """Return the timestamps of an open job's thumbnails that are files on our disk.

    Thumbnails inside the old database are dropped: the next disc brings new ones.
    """
    if not row.values.get("thumbnail_timestamps_json"):
        return []
    seconds = [
        second
        for second in row.listing("thumbnail_timestamps_json")
        if isinstance(second, int) and 0 <= second < MAX_TIMESTAMP
    ]
    stored = [
        second
        for second in dict.fromkeys(seconds)
        if job["status"] in OPEN
        and tables.has_thumbnail(job["job_id"], job["title_index"] or 0, second)
    ]
    if len(stored) < len(seconds):
        row.repair("thumbnails: those that are no files, or of jobs that are over, dropped")
    return stored


def _leave_one_rip(tables: Tables) -> None:
    """Of several rips of one title, keep the furthest along, else the latest."""
    rips: dict[tuple[str, int], list[Row]] = {}
    for job in tables.jobs.values():
        counts = job["status"] not in (JobStatus.FAILED, JobStatus.CANCELLED)
        has_title = job["disc"] is not None and job["title_index"] is not None
        if job["job_type"] is JobType.RIP and counts and has_title:
            rips.setdefault((job["disc"], job["title_index"]), []).append(job)
    for same in rips.values():
        same.sort(key=_progress)
        for job in same[:-1]:
            if job["status"] in OVER:
                # The finished job stays; its source_disc_name still says where it came from.
                tables.report.repair("jobs", "disc_id: set to null, as the title was ripped again")
                job["disc"] = None
                continue
            before, job["status"] = job["status"], JobStatus.CANCELLED
            _note_change(tables, job, before, "another rip of the title is there", is_error=True)


def _progress(job: Row) -> tuple[int, datetime, str]:
    order = (JobStatus.QUEUED, JobStatus.ASSIGNED, JobStatus.RUNNING, JobStatus.COMPLETED)
    return order.index(job["status"]), job["created_at"], job["job_id"]


def _assign(tables: Tables, job: Row) -> None:
    """Set the worker of a job under way, and the agent that has the disc of an open one."""
    agent_id = job["assigned_agent_id"]
    if job["status"] in HELD:
        if job["job_type"] is JobType.TRANSCODE:
            job["assigned_worker"] = _worker_of(tables, job)
        if agent_id not in tables.workers:
            tables.ensure_agent(agent_id, job["assigned_at"], "open jobs")
    if job["status"] in OPEN and job["disc"] is not None:
        job["for_agent_id"] = tables.discs[job["disc"]]["agent"]


def _worker_of(tables: Tables, job: Row) -> str | None:
    """Return the one of the agent's workers that claims the job, or its only one; else None."""
    agent_id = job["assigned_agent_id"]
    own = [
        worker
        for worker in tables.workers.values()
        if agent_id in (worker["agent"], worker["worker_id"])
    ]
    claiming = [worker for worker in own if job["job_id"] in worker["current_jobs"]]
    found = claiming or own
    return str(found[0]["worker_id"]) if len(found) == 1 else None


def _link_transcodes(tables: Tables) -> None:
    """Link each transcode to the rip that wrote its file, so that it is not transcoded again."""
    jobs = sorted(tables.jobs.values(), key=lambda job: (job["created_at"], job["job_id"]))
    rips = [job for job in jobs if job["job_type"] is JobType.RIP]
    by_file = {rip["output_file"]: rip for rip in rips if rip["output_file"]}
    by_title = {
        (rip["disc"], rip["title_index"]): rip
        for rip in rips
        if rip["disc"] and rip["title_index"] is not None and rip["status"] is not JobStatus.FAILED
    }
    #: Rips with an open transcode: each has at most one.
    taken: set[str] = set()
    for job in jobs:
        if job["job_type"] is not JobType.TRANSCODE or not job["input_file"]:
            continue
        rip = by_file.get(job["input_file"]) or by_title.get((job["disc"], job["title_index"]))
        if rip is None or not _wrote(rip, job["input_file"]):
            continue
        if job["status"] in OPEN and (agent_id := rip["assigned_agent_id"]) is not None:
            job["for_agent_id"] = tables.ensure_agent(agent_id, rip["created_at"], "open jobs")
        if job["status"] in OVER or rip["job_id"] not in taken:
            job["source_job_id"] = rip["job_id"]
        if job["status"] in OPEN:
            taken.add(rip["job_id"])


def _wrote(rip: Row, file: str) -> bool:
    return rip["output_file"] is None or same_file(rip["output_file"], file)
