"""Paths of files on the machines' own disks."""

import ntpath
import re

_SHARE = re.compile(r"(?:\\\\|//)(?![?.]\\)|\\\\[?.]\\UNC\\", re.IGNORECASE)


def same_file(one: str, other: str) -> bool:
    """Whether two paths name one file: on Windows in any case, and with either slash."""
    return one == other or _key(one) == _key(other)


def is_shared(path: str | None) -> bool:
    """Whether a path names a network share, which other machines may reach as well.

    What begins with "\\\\?\\" is a long path: of the machine's own disk, but for "\\\\?\\UNC\\"
    ("Naming Files, Paths, and Namespaces", learn.microsoft.com).
    """
    return path is not None and _SHARE.match(path) is not None


def disk_of(agent_id: str | None, path: str | None) -> str | None:
    """Return the agent on whose disk a file of its lies; None where it lies on a share."""
    return None if is_shared(path) else agent_id


def is_windows(path: str) -> bool:
    """Whether a path begins with a drive's letter or a share, as on Windows."""
    return ntpath.splitdrive(path)[0] != ""


def _key(path: str) -> str:
    return ntpath.normcase(ntpath.normpath(path)) if is_windows(path) else path
