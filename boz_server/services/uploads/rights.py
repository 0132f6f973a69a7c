"""Whose files are taken, and who may fetch them."""

import hmac

from boz_server.database.models import Job
from boz_server.domain.naming.names import split_extension
from boz_server.domain.queue.job_states import HELD, OPEN, JobStatus, JobType
from boz_server.domain.uploads.upload_states import UploadPurpose
from boz_server.errors import Conflict, Forbidden, Invalid, JobNotFound
from boz_server.repositories.job_repository import JobRepository


class UploadRights:
    """Holds uploads and downloads to the jobs that they belong to."""

    def __init__(self, jobs: JobRepository) -> None:
        self.jobs = jobs

    def require(
        self, purpose: UploadPurpose, job_id: str | None, lease_token: str | None = None
    ) -> Job | None:
        """Return the job that a file belongs to, if it may come; None where it belongs to none.

        Raises Invalid where a job should be named and isn't, JobNotFound, and Conflict when the
        job has no use for the file, or its attempt was taken from the sender.
        """
        if purpose is UploadPurpose.LIBRARY:
            return None
        if job_id is None:
            raise Invalid("job_id", f"Missing: a {purpose} belongs to a transcode job, so name it.")
        job = self._job(job_id)
        if job.job_type is not JobType.TRANSCODE:
            raise Conflict(f"The job is a {job.job_type} job: only transcodes have such files.")
        if purpose is UploadPurpose.JOB_INPUT:
            self._require_wanted(job)
        else:
            self._require_result(job, lease_token)
        return job

    def owner(self, *names: str) -> Job | None:
        """Return the transcode whose result a file is by one of its names; None where none is."""
        bare = {split_extension(name)[0] for name in names}
        return self.jobs.awaiting_result({*names, *bare} - {""})

    def require_holder(self, job_id: str, lease_token: str | None) -> Job:
        """Return the job whose holder asks for its file.

        Raises JobNotFound, Forbidden without the attempt's token, Conflict when the attempt was
        taken away or the job is over.
        """
        job = self._job(job_id)
        if lease_token is None:
            raise Forbidden(
                "Only the worker that has this job may fetch its file: send the lease_token that"
                " came with the job."
            )
        if job.status not in HELD or not _is_same(lease_token, job.lease_token):
            raise Conflict("This attempt was taken away, or the job is over: drop it.")
        return job

    def _job(self, job_id: str) -> Job:
        job = self.jobs.get(job_id)
        if job is None:
            raise JobNotFound(job_id)
        return job

    @staticmethod
    def _require_wanted(job: Job) -> None:
        if job.status not in OPEN:
            raise Conflict(f"The job is {job.status}: its file is not needed any more.")
        if job.input_upload_id is not None:
            raise Conflict("The job's file is here already: don't send it again.")

    @staticmethod
    def _require_result(job: Job, lease_token: str | None) -> None:
        if job.status not in HELD | {JobStatus.COMPLETED}:
            raise Conflict(f"The job is {job.status}, so no result of it is due: drop it.")
        named = lease_token is not None or job.token_used
        if named and not _is_same(lease_token or "", job.lease_token):
            raise Conflict("This attempt was taken away: drop its result.")


def _is_same(sent: str, token: str | None) -> bool:
    return token is not None and hmac.compare_digest(sent.encode(), token.encode())
