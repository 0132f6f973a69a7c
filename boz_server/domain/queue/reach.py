"""Which workers can get at the file of a transcode."""

from collections.abc import Iterable
from dataclasses import dataclass

from boz_server.domain.queue.placement import Machine


@dataclass(frozen=True, slots=True)
class FilePlace:
    """Where a file is. agent_id: whose disk it lies on, None where that is not known or it lies on
    a share, which any worker may reach. is_here: the server has it, to be fetched. can_come: its
    agent is one that sends files."""

    agent_id: str | None
    is_here: bool = False
    can_come: bool = False


def reaches(machine: Machine, file: FilePlace) -> bool:
    """Whether a worker can read a file as things are."""
    is_near = file.agent_id is None or machine.agent_id == file.agent_id
    return is_near or machine.shares_files or (machine.fetches and file.is_here)


def could_reach(machine: Machine, file: FilePlace) -> bool:
    """Whether a worker can read a file at least once its agent has sent it."""
    return reaches(machine, file) or (machine.fetches and file.can_come)


def is_wanted_here(
    machines: Iterable[Machine], file: FilePlace, for_worker_id: str | None, preset: str | None
) -> bool:
    """Whether a file's agent is to send it: the worker that a person chose is elsewhere, or no
    worker on the agent's own machine can do the job and another one can."""
    if file.agent_id is None or file.is_here or not file.can_come:
        return False
    machines = list(machines)
    if for_worker_id is not None:
        chosen = [one for one in machines if one.worker_id == for_worker_id]
        return any(not reaches(one, file) and one.fetches for one in chosen)
    able = [one for one in machines if one.enabled and not one.lacks(preset)]
    near = [one for one in able if one.agent_id == file.agent_id]
    return not near and any(one.fetches for one in able)
