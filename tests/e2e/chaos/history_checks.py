"""Each job's history has every acknowledged step, and only steps with a cause."""

from collections import Counter

from boz_server.domain.queue.job_states import OVER, JobStatus
from boz_server.services.queue.transitions import DISC_GONE, DISC_OUT, TRANSITIONS
from tests.e2e.chaos.evidence import Evidence, Wrong, attempt_of, reported
from tests.e2e.chaos.found import Event
from tests.e2e.chaos.ledger import Act

SIGNED_OFF = "The agent signed off."
TRIED_AGAIN = "It failed for a reason that passes."
FORGIVEN = "its failures don't count."
LOST = "Agent '{}' was not heard from in time"


def ends(evidence: Evidence) -> Wrong:
    """Every job is over, and no retry is planned."""
    for job_id, job in evidence.found.jobs.items():
        if job["status"] not in OVER or job["scheduled_at"] is not None:
            yield job_id, f"the job is not over: {job['status']} {job['waiting_reason']}"


def histories(evidence: Evidence) -> Wrong:
    """Every step is allowed, follows the one before, and has a cause."""
    for job_id, job in evidence.found.jobs.items():
        status, attempts = None, 0
        for event in evidence.found.histories[job_id]:
            attempts += (event.from_status, event.to_status) == ("queued", "assigned")
            if event.from_status != status:
                yield job_id, f"the history is broken at: {event}"
            elif event.to_status == status:
                continue  # a note
            elif status is not None and event.to_status not in TRANSITIONS[JobStatus(status)]:
                yield job_id, f"no such step exists: {event}"
            elif event.attempt != attempts:
                yield job_id, f"it should be attempt {attempts}: {event}"
            if not _has_reason(evidence, event):
                yield job_id, f"no one asked for: {event}"
            status = event.to_status
        if (status, attempts) != (job["status"], job["attempt"]):
            yield job_id, f"by its history it is {status} in attempt {attempts}"


def _has_reason(evidence: Evidence, event: Event) -> bool:
    """Whether a step was asked for, or follows from another one."""
    acts = evidence.acts[event.job_id]
    sent = {act.kind for act in acts}
    was_reported = any(
        reported(act) == event.to_status and attempt_of(act) == event.attempt for act in acts
    )
    detail = event.detail or ""
    signed_off = detail == SIGNED_OFF and event.actor in evidence.ledger.signed_off
    was_lost = any(detail.startswith(LOST.format(one)) for one in evidence.ledger.silent)
    has_failed = any(
        reported(act) == JobStatus.FAILED and act.said["attempt"] == event.attempt for act in acts
    )
    match event.from_status, event.to_status:
        case _, JobStatus.CANCELLED:
            found = "cancel" in sent
        case _, JobStatus.RUNNING | JobStatus.COMPLETED:
            found = was_reported
        case _, JobStatus.FAILED:
            found = has_failed or was_lost or detail == DISC_GONE
        case JobStatus.PENDING, JobStatus.QUEUED:
            found = "approve" in sent
        case JobStatus.ASSIGNED | JobStatus.RUNNING, JobStatus.QUEUED:
            found = signed_off or was_lost or has_failed or detail == DISC_OUT
        case JobStatus.COMPLETED | JobStatus.FAILED, JobStatus.QUEUED:
            found = "retry" in sent or detail == TRIED_AGAIN or detail.endswith(FORGIVEN)
        case _:
            found = True
    return found


def reports(evidence: Evidence) -> Wrong:
    """Every acknowledged report is a step of its attempt; one that failed may be tried again."""
    for act in evidence.acknowledged("report", "complete"):
        history = evidence.found.histories[act.job_id]
        steps = {(one.to_status, one.attempt) for one in history}
        due = {(reported(act), attempt_of(act))}
        if reported(act) == JobStatus.FAILED:
            due = {(status, act.said["attempt"]) for status in (JobStatus.FAILED, JobStatus.QUEUED)}
        if not due & steps:
            yield act.job_id, f"the acknowledged report is lost: {act}"


def approvals(evidence: Evidence) -> Wrong:
    """Every acknowledged approval is a step, and the job has its preset."""
    for act in evidence.acknowledged("approve"):
        steps = evidence.found.histories[act.job_id]
        if ("pending", "queued") not in {(one.from_status, one.to_status) for one in steps}:
            yield act.job_id, "the acknowledged approval is lost"
        elif evidence.found.jobs[act.job_id]["preset"] != act.said["preset"]:
            yield act.job_id, "the approved preset is not the job's"


def retries(evidence: Evidence) -> Wrong:
    """A job was queued again as often as people were told that it is, and no oftener than they
    may have asked for it."""
    for job_id, acts in evidence.acts.items():
        asked = [act for act in acts if act.kind == "retry"]
        made = sum(
            one.to_status == JobStatus.QUEUED and one.actor == "person"
            for one in evidence.found.histories[job_id]
            if one.from_status in OVER
        )
        if not sum(act.ok for act in asked) <= made <= sum(act.answer.tries for act in asked):
            yield job_id, f"it was tried again {made} times"


def refusals(evidence: Evidence) -> Wrong:
    """A report is refused only if its attempt had ended or was taken away."""
    for act in evidence.ledger.acts:
        if reported(act) is None or act.ok:
            continue
        own = act.said["attempt"]
        taken_away = any(
            one.to_status == JobStatus.CANCELLED
            or one.attempt > own
            or (one.to_status == JobStatus.QUEUED and one.attempt == own)
            for one in evidence.found.histories[act.job_id]
        )
        if not taken_away and not _ended_by_another(evidence, act):
            yield act.job_id, f"refused for no reason: {act}"


def _ended_by_another(evidence: Evidence, refused: Act) -> bool:
    """Whether the late report of an earlier attempt's machine has ended this one: without a token
    no one can tell for which it speaks."""
    return any(
        act.ok
        and act.who != refused.who
        and reported(act) in OVER
        and attempt_of(act) == refused.said["attempt"]
        and "lease_token" not in act.said
        for act in evidence.acts[refused.job_id]
    )


def results(evidence: Evidence) -> Wrong:
    """A completed job has the last reported result or upload error.

    Where two jobs have one name, a file that is known by its name may mend the other's upload.
    """
    names = Counter(job["output_name"] for job in evidence.found.of_type("transcode"))
    for job_id, job in evidence.found.jobs.items():
        if job["status"] != JobStatus.COMPLETED:
            continue
        said = [
            (act.said["output_file"], act.said["error"])
            for act in evidence.acts[job_id]
            if act.kind == "report" and act.ok and attempt_of(act) == job["attempt"]
            if act.said["output_file"] or act.said["error"]
        ]
        mended = names[job["output_name"]] > 1 and job["output_file"] and not job["error"]
        if said and said[-1] != (job["output_file"], job["error"]) and not mended:
            yield job_id, f"the result is {job['output_file']!r}, {job['error']!r}"


def cancellations(evidence: Evidence) -> Wrong:
    """An acknowledged cancellation is final."""
    for cancel in evidence.acknowledged("cancel"):
        if evidence.found.jobs[cancel.job_id]["status"] != JobStatus.CANCELLED:
            yield cancel.job_id, "the cancellation was undone"
        for act in evidence.acts[cancel.job_id]:
            later = act.answer.first_sent_at > cancel.answer.answered_at
            if later and act.ok and act.kind != "create":
                yield cancel.job_id, f"acknowledged after the cancellation: {act}"


def statistics(evidence: Evidence) -> Wrong:
    """Every end of a job was counted once."""
    told = Counter(
        (evidence.found.jobs[event.job_id]["job_type"], event.to_status)
        for event in evidence.found.events
        if event.to_status in OVER and event.from_status != event.to_status
    )
    for job_type, group in evidence.found.statistics.items():
        for status in OVER:
            ends = told[job_type, status]
            if group[status] != ends:
                yield None, f"{ends} {job_type} jobs {status}, {group[status]} were counted"
    for job_type in {job_type for job_type, _ in told} - evidence.found.statistics.keys():
        yield None, f"no {job_type} jobs were counted"


CHECKS = (
    ends, histories, reports, approvals, retries, refusals, results, cancellations, statistics,
)  # fmt: skip
