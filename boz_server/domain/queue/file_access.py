"""Which workers can read the file of a transcode, and when two paths name one file."""

import ntpath
import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass

from boz_server.domain.queue.placement import Machine

_SHARE = re.compile(r"(?:\\\\|//)(?![?.]\\)|\\\\[?.]\\UNC\\", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class FilePlace:
    """Where a file is.

    agent_id: the agent on whose disk it lies; None when that is not known, or it lies on a share
    that any worker may read. is_here: whether the server has a copy to download. can_come: whether
    its agent uploads files when asked to.
    """

    agent_id: str | None
    is_here: bool = False
    can_come: bool = False


def can_access(machine: Machine, file: FilePlace) -> bool:
    """Whether a worker can read a file now. fleet_repository.accessible_by is the same in SQL."""
    is_near = file.agent_id is None or machine.agent_id == file.agent_id
    return is_near or machine.shares_files or (machine.fetches and file.is_here)


def could_access(machine: Machine, file: FilePlace) -> bool:
    """Whether a worker can read a file now, or once its agent has uploaded it."""
    return can_access(machine, file) or (machine.fetches and file.can_come)


def is_upload_wanted(
    machines: Iterable[Machine], file: FilePlace, for_worker_id: str | None, preset: str | None
) -> bool:
    """Whether a file's agent should upload it: the worker that a person chose is elsewhere, or no
    worker on the agent's own machine can do the job and another one can."""
    if file.agent_id is None or file.is_here or not file.can_come:
        return False
    machines = list(machines)
    if for_worker_id is not None:
        chosen = [one for one in machines if one.worker_id == for_worker_id]
        return any(not can_access(one, file) and one.fetches for one in chosen)
    able = [one for one in machines if one.enabled and not one.lacks(preset)]
    near = [one for one in able if one.agent_id == file.agent_id]
    return not near and any(one.fetches for one in able)


def is_shared(path: str | None) -> bool:
    """Whether a path names a network share, which other machines may read as well.

    A path that begins with "\\\\?\\" is a long path on the machine's own disk, unless it begins
    with "\\\\?\\UNC\\" ("Naming Files, Paths, and Namespaces", learn.microsoft.com).
    """
    return path is not None and _SHARE.match(path) is not None


def same_file(one: str, other: str) -> bool:
    """Whether two paths name one file: on Windows in any case, and with either slash."""
    return one == other or _key(one) == _key(other)


def file_name_of(path: str) -> str:
    """Return the last part of a path of another machine."""
    return ntpath.basename(path) if is_windows(path) else posixpath.basename(path)


def is_windows(path: str) -> bool:
    """Whether a path begins with a drive's letter or a share, as on Windows."""
    return ntpath.splitdrive(path)[0] != ""


def _key(path: str) -> str:
    return ntpath.normcase(ntpath.normpath(path)) if is_windows(path) else path
