"""The addresses that files of jobs are sent to, and fetched from."""

from urllib.parse import urlencode

from boz_server.database.models import Job
from boz_server.domain.uploads.upload_states import UploadPurpose

UPLOAD = "/api/files/upload"


def for_input(job_id: str) -> str:
    """Return where an agent sends the raw title of a job, as a form."""
    return f"{UPLOAD}?{urlencode({'purpose': UploadPurpose.JOB_INPUT, 'job_id': job_id})}"


def result(job: Job) -> str:
    """Return where the agent or worker of a job sends its result, as a form."""
    query = {
        "purpose": UploadPurpose.JOB_OUTPUT,
        "job_id": job.job_id,
        "lease_token": job.lease_token or "",
    }
    return f"{UPLOAD}?{urlencode(query)}"


def download(job: Job) -> str | None:
    """Return where the worker of a job fetches its file; None if the server does not have it."""
    if job.input_upload_id is None:
        return None
    return f"{fetch(job.job_id)}?{urlencode({'lease_token': job.lease_token or ''})}"


def fetch(job_id: str) -> str:
    """Return the same for a worker that adds its lease_token itself."""
    return f"/api/files/download/{job_id}"
