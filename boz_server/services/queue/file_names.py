"""What the files of jobs are called on their agents' disks.

Agents write "{output_name}.mkv": rips into one folder, transcodes into another. So each name is one
that every disk accepts, and no two open jobs of an agent have the same. A job that gets a number
for that reason keeps the name without it for the library.
"""

from collections.abc import Sequence
from datetime import timedelta

from boz_server.context import Context
from boz_server.database.models import Job
from boz_server.domain.naming.names import file_key, file_stem
from boz_server.repositories.job_repository import JobValues

#: For how long a cancelled job still counts whose machine had begun it: today's agents go on.
CANCELLED_COUNTS = timedelta(days=1)


def settle(
    context: Context,
    agent_id: str | None,
    output_name: str | None,
    library_name: str | None = None,
    *,
    own: Sequence[str | None] = (),
    number: int = 1,
) -> JobValues:
    """Return the columns of a job's name on the disk of an agent.

    agent_id: None while no agent is known. output_name: as wanted, or as it is; it stays if it can.
    library_name: as in Job. own: the ids of the job itself and of the rip that wrote its input.
    number: from 2 on, the first one to add to the name.
    """
    context.database.require_queue()
    if not (output_name or "").strip():
        return {"output_name": None, "library_name": None, "file_key": None}
    name, jobs = file_stem(output_name or ""), context.stores.jobs
    wanted = library_name or name
    if number > 1:
        name = file_stem(wanted, number)
    since = context.clock.now() - CANCELLED_COUNTS
    besides = [job_id for job_id in own if job_id is not None]
    while agent_id is not None and jobs.has_file(agent_id, file_key(name), since, besides):
        number += 1
        name = file_stem(wanted, number)
    return {
        "output_name": name,
        "library_name": None if name == wanted else wanted,
        "file_key": file_key(name),
    }


def of_job(context: Context, job: Job, agent_id: str | None) -> JobValues:
    """Return the columns of an existing job's name on the disk of an agent."""
    own = (job.job_id, job.source_job_id)
    return settle(context, agent_id, job.output_name, job.library_name, own=own)


def of_next_attempt(context: Context, job: Job) -> JobValues:
    """Return the columns of a rip's name for its next attempt, where the latest one may have left a
    file: agents on Windows can't rename onto one."""
    own, number = (job.job_id, job.source_job_id), job.attempt + 1
    name, agent_id = job.library_name or job.output_name, job.for_agent_id
    return settle(context, agent_id, job.output_name, name, own=own, number=number)


def renamed(context: Context, job: Job, name: str | None, agent_id: str | None) -> JobValues:
    """Return the columns of a job's name after someone named it.

    name: None, or a name that it has, leaves it as it is.
    """
    if not name or is_named(job, name):
        return of_job(context, job, agent_id)
    return settle(context, agent_id, name, own=(job.job_id, job.source_job_id))


def is_named(job: Job, name: str) -> bool:
    """Whether a job's file has that name, on its agent's disk or in the library."""
    stems = {file_stem(each) for each in (job.output_name, job.library_name) if each}
    return file_stem(name) in stems
