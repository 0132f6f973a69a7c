"""Raw titles that agents uploaded for workers on other machines to download."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from boz_server.context import Context
from boz_server.domain.uploads.upload_states import UploadState
from boz_server.errors import NotFound
from boz_server.services.queue.results import Movement
from boz_server.services.uploads import rights
from boz_server.services.uploads.part_files import PART_PREFIX


@dataclass(frozen=True, slots=True)
class InputFile:
    """A job's input on our disk; etag: changes with its content; movement: records that its bytes
    are sent."""

    path: Path
    etag: str
    movement: Movement


def find(context: Context, job_id: str, lease_token: str | None) -> InputFile:
    """Return a job's input for the worker that has the job.

    Raises NotFound when the file is not here, and what `rights.require_holder` raises.
    """
    job = rights.require_holder(context, job_id, lease_token)
    if job.input_upload_id is not None:
        path = context.settings.inputs_dir / job.input_upload_id
        if path.is_file():
            return InputFile(path, job.input_upload_id, Movement(context, job_id, lease_token))
    raise NotFound("The job's file is not here: its agent has not sent it.")


def sweep(context: Context) -> int:
    """Delete inputs that no job needs any more; returns how many.

    A job whose input has vanished from the disk forgets it, so that its agent sends it again.
    """
    jobs, uploads = context.stores.jobs, context.stores.uploads
    # Read the jobs before the folder: an input that a job names is already in the folder.
    named = jobs.inputs()
    here = {
        path.name: path
        for path in context.settings.inputs_dir.glob("*")
        if not path.name.startswith(PART_PREFIX)
    }
    if not named and not here:
        return 0
    since = context.clock.now() - timedelta(hours=context.settings.upload_expiry_hours)
    # Check and update in one transaction: someone could retry a failed job at any moment.
    with context.database.write_queue():
        needed = jobs.inputs_in_use(list(here), since)
        # These have their final name, but their jobs don't know them yet.
        needed |= {upload.upload_id for upload in uploads.in_state(UploadState.ARRIVED)}
        unused = here.keys() - needed
        jobs.forget_inputs(unused | (named - here.keys()))
    for name in unused:
        here[name].unlink(missing_ok=True)
    return len(unused)
