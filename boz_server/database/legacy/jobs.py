"""Jobs, as the old database had them: each goes on, waits, or is over, and none is stuck."""

from datetime import datetime
from typing import Any

from boz_server.database.legacy.job_rules import decide
from boz_server.database.legacy.machines import AGENT_ID
from boz_server.database.legacy.row import INT32, INT64, LegacyRow
from boz_server.database.legacy.tables import Row, Tables
from boz_server.domain.queue.file_paths import same_file
from boz_server.domain.queue.job_states import HELD, OPEN, OVER, JobStatus, JobType

#: As long as a name in a request may be: PostgreSQL can't index any length.
NAME_LENGTH = 255
MAX_TIMESTAMP = 10**9

#: What a machine leaves on a job that it does not have.
_UNASSIGNED: Row = {"assigned_agent_id": None, "assigned_at": None}
_AFRESH: Row = {"started_at": None, "progress": 0.0}


def adopt_jobs(tables: Tables) -> None:
    """Make our jobs, with an event for each whose state changes by that."""
    for row in tables.read("jobs"):
        job_id = tables.new_id(row, "job_id", tables.jobs)
        if job_id is not None:
            tables.jobs[job_id] = _job(tables, row, job_id)
    _leave_one_rip(tables)
    for job in tables.jobs.values():
        _tie(tables, job)
    _find_rips(tables)


def _job(tables: Tables, row: LegacyRow, job_id: str) -> Row:
    input_file = row.text("input_file")
    kind = JobType.RIP if input_file is None else JobType.TRANSCODE
    started_at, assigned_at = row.instant("started_at"), row.instant("assigned_at")
    completed_at = row.instant("completed_at")
    job: Row = {
        "job_id": job_id,
        "job_type": row.state("job_type", JobType, kind),
        "priority": row.count("priority", low=-INT32),
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
        "progress": row.measure("progress", 0, 100),
        "error": row.text("error"),
        "created_at": row.time("created_at", assigned_at, started_at, completed_at, tables.now),
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
    job["thumbnail_timestamps"] = _thumbnails(tables, row, job)
    return job


def _known_disc(tables: Tables, row: LegacyRow) -> str | None:
    disc_id = row.id("disc_id")
    if disc_id is None or disc_id in tables.discs:
        return disc_id
    row.repair("disc_id: the disc is gone, set to null")
    return None


def _settle(tables: Tables, row: LegacyRow, job: Row) -> None:
    """Decide where the job stands, and bring what else the row says in line with that."""
    before = row.known_state("status", JobStatus)
    disc = tables.discs.get(job["disc"] or "")
    decision = decide(before, job, disc)
    job["status"] = decision.status
    if before in HELD:
        job["attempt"] = 1
    if decision.why is not None:
        change(tables, job, before, decision.why, is_error=decision.is_error)
    if job["status"] in HELD:
        job["assigned_at"] = job["assigned_at"] or job["started_at"] or job["created_at"]
        if job["status"] is JobStatus.RUNNING:
            job["started_at"] = job["started_at"] or job["assigned_at"]
    elif job["status"] in OPEN:
        job |= _UNASSIGNED | _AFRESH
    if job["status"] in OPEN:
        job["completed_at"] = None
    elif job["completed_at"] is None:
        row.repair("completed_at: set from the row's other times, as the job is over")
        job["completed_at"] = job["started_at"] or job["assigned_at"] or job["created_at"]


def change(tables: Tables, job: Row, before: JobStatus | None, why: str, *, is_error: bool) -> None:
    """Note in report and history that a job's state is another one now, and why."""
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
    """The timestamps of thumbnails that are there; what the old database held itself is dropped,
    as thumbnails are decoration, and made anew with the next disc."""
    if not row.values.get("thumbnail_timestamps_json"):
        return []
    seconds = [
        second
        for second in row.listing("thumbnail_timestamps_json")
        if isinstance(second, int) and 0 <= second < MAX_TIMESTAMP
    ]
    kept = [
        second
        for second in dict.fromkeys(seconds)
        if job["status"] in OPEN
        and tables.has_thumbnail(job["job_id"], job["title_index"] or 0, second)
    ]
    if len(kept) < len(seconds):
        row.repair("thumbnails: those that are no files, or of jobs that are over, dropped")
    return kept


def _leave_one_rip(tables: Tables) -> None:
    """Of several rips of one title, keep the one that has come farthest, else the latest."""
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
                # What was ripped stays; only which disc it came from is told by the label alone.
                tables.report.repair("jobs", "disc_id: set to null, as the title was ripped again")
                job["disc"] = None
                continue
            before, job["status"] = job["status"], JobStatus.CANCELLED
            change(tables, job, before, "another rip of the title is there", is_error=True)


def _progress(job: Row) -> tuple[int, datetime, str]:
    order = (JobStatus.QUEUED, JobStatus.ASSIGNED, JobStatus.RUNNING, JobStatus.COMPLETED)
    return order.index(job["status"]), job["created_at"], job["job_id"]


def _tie(tables: Tables, job: Row) -> None:
    """Tie a job that is not over to the machines that have it, its disc or its file."""
    agent_id = job["assigned_agent_id"]
    if job["status"] in HELD:
        if job["job_type"] is JobType.TRANSCODE:
            job["assigned_worker"] = _worker_of(tables, job)
        if agent_id not in tables.workers:
            tables.ensure_agent(agent_id, job["assigned_at"], "open jobs")
    if job["status"] in OPEN and job["disc"] is not None:
        job["for_agent_id"] = tables.discs[job["disc"]]["agent"]


def _worker_of(tables: Tables, job: Row) -> str | None:
    """The worker that says it has the job; else the agent's only one, or the one of that id."""
    agent_id = job["assigned_agent_id"]
    own = [
        worker
        for worker in tables.workers.values()
        if agent_id in (worker["agent"], worker["worker_id"])
    ]
    saying = [worker for worker in own if job["job_id"] in worker["current_jobs"]]
    found = saying or own
    return str(found[0]["worker_id"]) if len(found) == 1 else None


def _find_rips(tables: Tables) -> None:
    """Find the rip that each transcode's file is from, so that it is not transcoded again."""
    rips = [job for job in tables.jobs.values() if job["job_type"] is JobType.RIP]
    rips.sort(key=lambda job: (job["created_at"], job["job_id"]))
    by_file = {rip["output_file"]: rip for rip in rips if rip["output_file"]}
    by_title = {
        (rip["disc"], rip["title_index"]): rip
        for rip in rips
        if rip["disc"] and rip["title_index"] is not None and rip["status"] is not JobStatus.FAILED
    }
    taken: set[Any] = set()
    for job in sorted(tables.jobs.values(), key=lambda job: (job["created_at"], job["job_id"])):
        if job["job_type"] is not JobType.TRANSCODE or not job["input_file"]:
            continue
        rip = by_file.get(job["input_file"]) or by_title.get((job["disc"], job["title_index"]))
        if rip is None or not _wrote(rip, job["input_file"]):
            continue
        if job["status"] in OPEN:
            if rip["assigned_agent_id"] is not None:
                job["for_agent_id"] = tables.ensure_agent(
                    rip["assigned_agent_id"], rip["created_at"], "open jobs"
                )
            if rip["job_id"] in taken:  # one open transcode at most is of a rip
                continue
            taken.add(rip["job_id"])
        job["source_job_id"] = rip["job_id"]


def _wrote(rip: Row, file: str) -> bool:
    return rip["output_file"] is None or same_file(rip["output_file"], file)
