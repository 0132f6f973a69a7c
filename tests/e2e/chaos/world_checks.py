"""Checks beside the jobs' histories: spans of work, discs, files, agents and workers."""

from collections import Counter, defaultdict
from itertools import pairwise

from boz_server.domain.queue.job_states import JobStatus
from tests.e2e.chaos.evidence import Evidence, Wrong, follow
from tests.e2e.chaos.found import Row


def integrity(evidence: Evidence) -> Wrong:
    """SQLite's integrity check passes."""
    if evidence.found.integrity != "ok":
        yield None, f"the database is damaged: {evidence.found.integrity}"


def entered_jobs(evidence: Evidence) -> Wrong:
    """Every acknowledged job exists; a job entered with a key exists once."""
    for job_id in evidence.ledger.ordered:
        if job_id not in evidence.found.jobs:
            yield job_id, "an ordered rip is lost"
    files = Counter(job["input_file"] for job in evidence.found.of_type("transcode"))
    for act in evidence.acknowledged("create"):
        job, said = evidence.found.jobs.get(act.job_id), act.said
        if job is None:
            yield act.job_id, "an acknowledged job is lost"
        elif job["input_file"] != said["input_file"]:
            yield act.job_id, "the job is for another file"
        elif job["source_job_id"] != said["of_rip"]:
            yield act.job_id, "the transcode is that of another rip"
        elif said["of_rip"] is None and said["keyed"] and files[said["input_file"]] > 1:
            yield act.job_id, "the job was entered twice in spite of its key"


def thumbnails(evidence: Evidence) -> Wrong:
    """Every thumbnail that a job names exists."""
    for address in evidence.found.lost_thumbnails:
        yield None, f"a thumbnail is lost: {address}"


def discs(evidence: Evidence) -> Wrong:
    """Each disc that was put in is known, once, and has left its drive."""
    put_in = Counter(evidence.ledger.discs)
    for disc_id in put_in - Counter(list(evidence.found.discs)):
        yield None, f"the disc is lost, or two have become one: {disc_id}"
    for disc_id, disc in evidence.found.discs.items():
        if disc_id not in put_in:
            yield None, f"no one has put it in: {disc}"
        if disc["status"] != "ejected":
            yield None, f"the disc is not ejected: {disc['disc_id']} {disc['status']}"


def spans(evidence: Evidence) -> Wrong:
    """No two machines worked on a job at once, and no attempt was completed twice."""
    by_job = defaultdict(list)
    for span in sorted(evidence.ledger.spans, key=lambda span: span.began_at):
        by_job[span.job_id].append(span)
    for job_id, own in by_job.items():
        for before, after in pairwise(own):
            if after.began_at < before.ended_at:
                yield job_id, f"worked on twice at a time: {before}; {after}"
        done = Counter(span.attempt for span in own if span.outcome == "completed")
        if any(number > 1 for number in done.values()):
            yield job_id, f"an attempt was completed twice: {done}"


def rips(evidence: Evidence) -> Wrong:
    """No title is ripped to the end twice."""
    ripped: Counter[tuple[str, int]] = Counter()
    for job_id, number in evidence.steps_to(JobStatus.COMPLETED, "rip").items():
        job = evidence.found.jobs[job_id]
        ripped[job["disc_id"], job["title_index"]] += number
    for title, number in ripped.items():
        if number > 1:
            yield None, f"title {title} was ripped {number} times"


def transcodes(evidence: Evidence) -> Wrong:
    """Each completed rip has one transcode; another only for a POST without a key that was sent
    again, after a person had cancelled the first."""
    of_rip: dict[str, list[Row]] = defaultdict(list)
    for job in evidence.found.of_type("transcode"):
        if job["source_job_id"] is not None:
            of_rip[job["source_job_id"]].append(job)
    sent_again = {
        act.said["of_rip"]
        for act in evidence.acknowledged("create")
        if act.answer.tries > 1 and not act.said["keyed"]
    }
    for rip in evidence.found.of_type("rip"):
        jobs = of_rip.pop(rip["job_id"], [])
        alive = [job for job in jobs if job["status"] != JobStatus.CANCELLED]
        wanted = rip["status"] == JobStatus.COMPLETED
        most = wanted * (2 if rip["job_id"] in sent_again else 1)
        if len(alive) > 1 or not wanted <= len(jobs) <= most:
            yield rip["job_id"], f"the {rip['status']} rip has {len(jobs)} transcodes"
    for rip_id in of_rip:
        yield rip_id, "a transcode is that of no rip"


def uploads(evidence: Evidence) -> Wrong:
    """Every acknowledged file exists, and every file is whole."""
    folders = {upload.path.parent for upload in evidence.ledger.uploads}
    for upload in evidence.ledger.uploads:
        if not upload.path.is_file() or upload.path.read_bytes() != upload.content:
            yield None, f"the uploaded file is lost: {upload.path}"
        elif upload.path.name not in evidence.found.file_names:
            yield None, f"the uploaded file is not listed: {upload.path}"
    sent = set(evidence.ledger.sent_files)
    for path in [folder / name for folder in folders for name in evidence.found.file_names]:
        if path.read_bytes() not in sent:
            yield None, f"the file is not whole, it has {path.stat().st_size} bytes: {path}"


def machines(evidence: Evidence) -> Wrong:
    """Agents and workers are idle, and their counts match the jobs."""
    for agent in evidence.found.agents:
        if agent["current_job_id"] is not None or agent["status"] != "online":
            yield None, f"the agent is not idle: {agent}"
    for worker in evidence.found.workers:
        if worker["current_jobs"] or worker["status"] != "available":
            yield None, f"the worker is not idle: {worker}"
    done = evidence.steps_to(JobStatus.COMPLETED, "transcode").total()
    counted = sum(worker["total_jobs_completed"] for worker in evidence.found.workers)
    if counted != done:
        yield None, f"the workers count {counted} completed jobs, there were {done}"


def limits(evidence: Evidence) -> Wrong:
    """Machines never have more jobs than the settings allow, and a drive has one at most."""
    held: dict[str, set[str]] = defaultdict(set)
    drives: dict[str, set[str]] = defaultdict(set)
    for event in evidence.found.events:
        job = evidence.found.jobs[event.job_id]
        follow(held[job["job_type"]], event)
        if len(held[job["job_type"]]) > evidence.limits[job["job_type"]]:
            yield event.job_id, f"{len(held[job['job_type']])} {job['job_type']}s at a time"
        if job["job_type"] == "rip":
            # Each agent has one drive.
            drive = drives[evidence.found.discs[job["disc_id"]]["agent_id"]]
            follow(drive, event)
            if len(drive) > 1:
                yield event.job_id, f"the drive rips {len(drive)} titles at a time"


CHECKS = (
    integrity, entered_jobs, thumbnails, discs, spans, rips, transcodes, uploads, machines, limits,
)  # fmt: skip
