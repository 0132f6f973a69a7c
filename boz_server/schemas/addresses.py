"""Where files of jobs are sent to, and fetched from."""

from urllib.parse import urlencode

from boz_server.database.models import Job
from boz_server.domain.uploads.upload_states import UploadPurpose

UPLOAD = "/api/files/upload"


def for_input(job_id: str) -> str:
    """Where an agent sends the raw title of a job, as a form."""
    return f"{UPLOAD}?{urlencode({'purpose': UploadPurpose.JOB_INPUT, 'job_id': job_id})}"


def result(job: Job) -> str:
    """Where the holder of a job sends its result, as a form."""
    said = {
        "purpose": UploadPurpose.JOB_OUTPUT,
        "job_id": job.job_id,
        "lease_token": job.lease_token or "",
    }
    return f"{UPLOAD}?{urlencode(said)}"


def download(job: Job) -> str | None:
    """Where the holder of a job fetches its file; None where the file is not here."""
    if job.input_upload_id is None:
        return None
    return f"{fetch(job.job_id)}?{urlencode({'lease_token': job.lease_token or ''})}"


def fetch(job_id: str) -> str:
    """Where the holder of a job fetches its file, once it knows its lease_token."""
    return f"/api/files/download/{job_id}"
