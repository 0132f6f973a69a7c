"""How jobs get into the queue: by a request, by a rip order, or as the next step of a file.

A rip's transcode is entered when the rip is done (transitions.next_job), and the agent posts it as
well. Whatever happens between the two, the file is transcoded, and once.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import peewee

from boz_server.context import Context
from boz_server.database.models import Disc, Job, Title
from boz_server.domain.naming.names import file_key, safe_component, split_extension
from boz_server.domain.queue.file_access import file_name_of, is_shared, same_file
from boz_server.domain.queue.job_states import HELD, OPEN, OVER, JobStatus, JobType
from boz_server.errors import Conflict, DiscNotFound
from boz_server.repositories.job_repository import Guard, JobValues
from boz_server.services.discs.thumbnails import Thumbnail, store_of
from boz_server.services.library import placement
from boz_server.services.library.output_folder import is_finished_file
from boz_server.services.queue import dispatcher, file_names, transitions
from boz_server.services.queue.transitions import SERVER, is_approved

log = logging.getLogger(__name__)

#: A rip in one of these states may be done, and its report have been lost; it waits where it was
#: taken back meanwhile.
UNREPORTED = HELD | {JobStatus.QUEUED}
#: A rip that was reported on so lately, with less progress than that, still goes on: agents report
#: every 2 seconds, and the last of these reports may say a good deal less than 100 % of a short
#: title.
STILL_RIPS_SECONDS, NEARLY_DONE_PROGRESS = 10, 75


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job that someone asks for; None where the request leaves a value out.

    requires_approval: whether it waits for a person before it waits for a machine.
    """

    job_type: JobType
    disc_id: str | None = None
    title_index: int | None = None
    input_file: str | None = None
    output_name: str | None = None
    preset: str | None = None
    priority: int = 0
    requires_approval: bool = False
    source_disc_name: str | None = None
    input_file_size: int | None = None
    thumbnails: Sequence[Thumbnail] = ()


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the file of a new job comes from.

    source_job_id: the rip that wrote it. for_agent_id: on whose disk it lies. goes_on: whether the
    job needs no approval. rip: that rip, even where another job transcodes its file already.
    """

    source_job_id: str | None = None
    for_agent_id: str | None = None
    goes_on: bool = False
    rip: Job | None = None

    @property
    def is_unwanted(self) -> bool:
        """Whether a person has cancelled the rip, and its agent finished it all the same."""
        return self.rip is not None and self.rip.status == JobStatus.CANCELLED


def enqueue(context: Context, new: NewJob) -> Job:
    """Enter a job, and give it away at once where a machine is free.

    The transcode of a rip waits for no person where the settings say so. A request for the
    transcode of a file for which the server has entered a job returns that job, and one for what a
    rip writes says that the rip is done, whose own report was lost. A file outlives the
    record of its disc: only a rip needs a known disc, and raises DiscNotFound without one, and
    Conflict where the disc has left its drive.
    """
    with context.database.write_queue():
        new = replace(new, disc_id=_known_disc(context, new))
        rips, unreported = _rips(context, new)
        is_rip_over = _complete_rip(context, new, rips, unreported)
        if is_rip_over:
            rips, _ = _rips(context, new)
        job = _merge(context, new, rips) or _enter(context, new, rips)
        if job.status == JobStatus.QUEUED or is_rip_over:
            dispatcher.dispatch(context)
            job = context.stores.jobs.get(job.job_id) or job
    return job


def enqueue_rips(context: Context, disc: Disc, titles: Sequence[Title]) -> list[str]:
    """Enter a rip job for each title, for the disc's agent; returns their ids."""
    rips = [
        transitions.enter(
            context,
            {
                "job_type": JobType.RIP,
                "status": JobStatus.QUEUED,
                "disc": disc.disc_id,
                "title_index": title.title_index,
                # Agents add the extension of what they produce.
                "output_name": (title.proposed_filename or "").removesuffix(".mkv") or title.name,
                "source_disc_name": disc.disc_name,
                "input_file_size": title.size_bytes or None,
                "for_agent_id": disc.agent_id,
            },
        )
        for title in titles
    ]
    dispatcher.dispatch(context)
    return [job.job_id for job in rips]


def enqueue_organize_result(
    context: Context, file: Path, name: str, origin: Job | None
) -> Job | None:
    """Enter the job that organizes a finished file; None where there is no library.

    name: the name that the file was meant to have; its own may have a number, because another file
    of the output folder has that name. origin: the job whose result it is; None for none.
    """
    if not context.settings.nas_enabled:
        return None
    if origin is None:
        path = placement.path_of_name(context.settings, name)
    else:
        path = placement.path_of_result(context, origin, name)
    return _enter_organize(context, file, path, origin)


def enqueue_organize(context: Context, file: Path, path: str) -> Job:
    """Enqueue the job that moves a file to a path in the library, as a person asks; returns the
    open job for that file if there is one.

    Raises Conflict while the file is being passed on by its upload.
    """
    context.database.require_queue()
    known = context.stores.jobs.open_organize(str(file))
    if known is not None:
        return known
    _require_passed_on(context, str(file))
    return _enter_organize(context, file, path, None)


def _enter_organize(context: Context, file: Path, path: str, origin: Job | None) -> Job:
    values: JobValues = {
        "job_type": JobType.ORGANIZE,
        "status": JobStatus.QUEUED,
        "input_file": str(file),
        "input_file_size": file.stat().st_size,
        "output_name": Path(path).name,
        "library_path": path,
    }
    if origin is not None:
        values |= {
            "disc": origin.disc_id,
            "title_index": origin.title_index,
            "source_job_id": origin.job_id,
            "source_disc_name": origin.source_disc_name,
        }
    return transitions.enter(context, values)


def _require_passed_on(context: Context, file: str) -> None:
    """Raise Conflict while an upload has yet to pass on its file: it enters the file's job."""
    if context.stores.uploads.is_path_reserved(file):
        raise Conflict("The file has just been uploaded, and its job is entered in a moment.")


def _enter(context: Context, new: NewJob, rips: Sequence[Job]) -> Job:
    origin, library_path = _origin(context, new, rips), _library_path(context, new)
    if library_path is not None and new.input_file is not None:
        _require_passed_on(context, new.input_file)
    new = _completed(new, origin.rip)
    waits = origin.is_unwanted or (new.requires_approval and not origin.goes_on)
    try:
        job = transitions.enter(
            context,
            {
                "job_type": new.job_type,
                "status": JobStatus.PENDING if waits else JobStatus.QUEUED,
                "requires_approval": waits,
                "disc": new.disc_id,
                "title_index": new.title_index,
                "input_file": new.input_file,
                "output_name": new.output_name,
                "library_name": _library_name(new, origin.rip),
                "preset": new.preset,
                "priority": new.priority,
                "source_disc_name": new.source_disc_name,
                "input_file_size": new.input_file_size,
                "thumbnail_timestamps": [one.timestamp for one in new.thumbnails],
                "source_job_id": origin.source_job_id,
                "for_agent_id": origin.for_agent_id,
                "library_path": library_path,
            },
        )
    except peewee.IntegrityError as error:
        what = "title of the disc" if new.job_type == JobType.RIP else "file"
        raise Conflict(
            f"This {what} has a {new.job_type} job already: see GET /api/jobs, or cancel that one"
            " first."
        ) from error
    if origin.is_unwanted:
        detail = "Its rip was cancelled, and finished all the same: approve it, or cancel it."
        transitions.note(context, job, actor=SERVER, detail=detail)
    # Before the commit: a job that names thumbnails has them.
    store_of(context).save(job.job_id, new.thumbnails)
    log.info("Job entered", extra={"job_id": job.job_id, "job_type": job.job_type})
    return job


def _library_path(context: Context, new: NewJob) -> str | None:
    """Return where an organize job puts a file of the output folder; None for other files, and for
    other jobs."""
    file = Path(new.input_file or "")
    is_ours = is_finished_file(context.settings.output_dir, file)
    if new.job_type is not JobType.ORGANIZE or not is_ours:
        return None
    stem, extension = split_extension(file.name)
    name = (new.output_name or stem).removesuffix(extension)
    return placement.path_of_name(context.settings, safe_component(name + extension))


def _known_disc(context: Context, new: NewJob) -> str | None:
    if new.disc_id is None:
        return None
    is_rip, discs = new.job_type == JobType.RIP, context.stores.discs
    if discs.exists(new.disc_id):
        if is_rip and not discs.in_its_drive(new.disc_id):
            # The number of its title would rip another disc.
            raise Conflict("The disc has left its drive: put it in again to rip it.")
        return new.disc_id
    if is_rip:
        raise DiscNotFound(new.disc_id)
    log.warning("Job of an unknown disc", extra={"disc_id": new.disc_id})
    return None


def _complete_rip(
    context: Context, new: NewJob, known: Sequence[Job], unreported: Sequence[Job]
) -> bool:
    """Complete the rip that wrote the file of a request, if its report of that was lost; whether it
    was. known, unreported: see `_rips`.

    Agents ask for a transcode once they have ripped the title. Those that send tokens repeat their
    reports.
    """
    rips = known or unreported
    # Two agents may rip discs of one name at a time.
    rip = rips[0] if len(rips) == 1 else None
    if rip is None or rip.token_used or rip.status not in UNREPORTED:
        return False
    if not known and _still_rips(context, rip):
        # Another machine has a file of that name, from a disc of that label.
        return False
    if rip.status is not JobStatus.RUNNING and context.stores.jobs.taken_back(rip.job_id) is None:
        return False
    if rip.status is JobStatus.QUEUED and rip.for_agent_id is not None:
        rip = transitions.assign(context, rip, rip.for_agent_id, None) or rip
    values: JobValues = {"output_file": new.input_file, "progress": 100.0}
    if new.input_file_size is not None:
        values["output_file_size"] = new.input_file_size
    completed = transitions.move(
        context,
        rip,
        JobStatus.COMPLETED,
        guard=Guard(only_from=HELD, attempt=rip.attempt),
        detail="Its agent asked for the transcode of what it wrote.",
        values=values,
    )
    return completed is not None


def _still_rips(context: Context, rip: Job) -> bool:
    """Whether a machine has just said of a rip that it is far from done."""
    if rip.status is not JobStatus.RUNNING or rip.reported_at is None:
        return False
    since = context.clock.now() - timedelta(seconds=STILL_RIPS_SECONDS)
    return rip.reported_at > since and rip.progress < NEARLY_DONE_PROGRESS


def _merge(context: Context, new: NewJob, rips: Sequence[Job]) -> Job | None:
    """Return the job that there is already for the file of a request, with what the request adds;
    None when it asks for a new one."""
    known = _known_transcode(context, new, rips)
    if known is None:
        return None
    jobs, values = context.stores.jobs, JobValues(is_announced=True)
    if _is_untouched(known):
        values |= _added(context, known, new)
    if new.thumbnails and known.status in OPEN:
        values["thumbnail_timestamps"] = [one.timestamp for one in new.thumbnails]
        # The job's addresses have its own title's number, which the request may have left out.
        own = [replace(one, title_index=known.title_index or 0) for one in new.thumbnails]
        # Before the commit: a job that names thumbnails has them.
        store_of(context).save(known.job_id, own)
    job = jobs.change(known.job_id, values)
    if job is not None and not new.requires_approval and job.status == JobStatus.PENDING:
        detail, values = "Its agent asks for no approval.", JobValues(requires_approval=False)
        transitions.move(context, job, JobStatus.QUEUED, actor=SERVER, detail=detail, values=values)
    return jobs.get(known.job_id)


def _added(context: Context, known: Job, new: NewJob) -> JobValues:
    """Return what a request adds to the job that the server entered before it."""
    values: JobValues = {}
    if new.output_name is not None:
        values |= file_names.renamed(context, known, new.output_name, known.for_agent_id)
    if new.source_disc_name is not None:
        values["source_disc_name"] = new.source_disc_name
    if new.input_file_size is not None:
        values["input_file_size"] = new.input_file_size
    if new.preset is not None:
        values["preset"] = new.preset
    return values


def _origin(context: Context, new: NewJob, rips: Sequence[Job]) -> Origin:
    """Return where a new job's file lies: with the agent that ripped it, or that has the disc it
    came from; nothing where neither is known, or it lies on a share."""
    if rips:
        rip = rips[0]
        others = context.stores.jobs.transcodes_of([rip.job_id])
        has_open = any(job.status in OPEN for job in others)
        # A person decides about the file of a failed rip, and about doing something twice.
        holder = rip.assigned_agent_id or rip.for_agent_id
        is_fresh = rip.status not in (JobStatus.FAILED, JobStatus.CANCELLED) and not others
        return Origin(
            None if has_open else rip.job_id,
            None if is_shared(new.input_file) else transitions.heir(context, holder),
            goes_on=is_fresh and is_approved(context, new.disc_id or rip.disc_id),
            rip=rip,
        )
    disc = None if new.disc_id is None else context.stores.discs.get(new.disc_id)
    agent_id = None if disc is None else transitions.heir(context, disc.agent_id)
    return Origin(for_agent_id=None if is_shared(new.input_file) else agent_id)


def _known_transcode(context: Context, new: NewJob, rips: Sequence[Job]) -> Job | None:
    """Return the file's job that its agent has yet to hear of, else the one that is still open."""
    if not rips or new.input_file is None:
        return None
    jobs = [
        job
        for job in context.stores.jobs.transcodes_of([rip.job_id for rip in rips])
        if job.input_file is not None
        and same_file(job.input_file, new.input_file)
        and (not job.is_announced or job.status in OPEN)
    ]
    # Two agents may have a file of that name: the one from a disc of that label is meant.
    label = new.source_disc_name
    jobs.sort(key=lambda job: (job.source_disc_name != label, job.is_announced))
    return next(iter(jobs), None)


def _rips(context: Context, new: NewJob) -> tuple[list[Job], list[Job]]:
    """Return the rips that may have written the file of a request, the likeliest first; and those
    that are under way and may have written it, if none told of that file."""
    if new.job_type != JobType.TRANSCODE or new.input_file is None:
        return [], []
    jobs = context.stores.jobs
    found = jobs.rips_that_wrote(new.input_file, new.disc_id, new.title_index)
    if found or new.source_disc_name is None:
        return found, []
    names = [split_extension(file_name_of(new.input_file))[0], new.output_name]
    keys = {file_key(name) for name in names if name}
    silent = jobs.rips_without_file(keys, new.source_disc_name, new.disc_id, new.title_index)
    # One that was cancelled, or given up, could not tell its file.
    over = [rip for rip in silent if rip.status in OVER]
    return over, [rip for rip in silent if rip.status in UNREPORTED]


def _completed(new: NewJob, rip: Job | None) -> NewJob:
    """Add to a request for the transcode of what a rip wrote which title of which disc that is."""
    if rip is None or new.disc_id is not None or new.title_index is not None:
        return new
    return replace(new, disc_id=rip.disc_id, title_index=rip.title_index)


def _library_name(new: NewJob, rip: Job | None) -> str | None:
    """Return the library's name for what a rip wrote, unless the request names it otherwise."""
    is_same = rip is not None and file_names.is_named(rip, new.output_name or "")
    return rip.library_name if rip is not None and is_same else None


def _is_untouched(job: Job) -> bool:
    """Whether neither a person nor a machine has had a job in hand."""
    by_itself = job.status == JobStatus.QUEUED and not job.requires_approval and not job.attempt
    return job.status == JobStatus.PENDING or by_itself
