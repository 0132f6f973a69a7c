"""What is mounted where, by the kernel's list.

Nothing here touches a share, because a dead share blocks every process that does.
"""

from dataclasses import dataclass
from pathlib import Path

MOUNTS = Path("/proc/self/mountinfo")
#: man 5 proc, mountinfo: positions of fields before " - "; their number varies at the end.
_ROOT_FIELD, _POINT_FIELD = 3, 4

#: File systems that several machines may share. SQLite's WAL mode needs locks and shared memory
#: that these don't provide (https://www.sqlite.org/wal.html). 9p is not among them: virtual
#: machines and sandboxes use it for folders of their own host.
NETWORK_TYPES = frozenset(
    {
        "afs", "ceph", "cifs", "coda", "davfs", "fuse.davfs", "fuse.glusterfs",
        "fuse.rclone", "fuse.sshfs", "gfs2", "glusterfs", "lustre", "ncpfs", "nfs", "nfs4", "ocfs2",
        "smb3", "smbfs",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mount:
    """One mount.

    root: the folder of its file system that it shows, "/" for the whole of it. type: the kernel's
    name for the file system, such as "ext4" or "nfs4".
    """

    point: Path
    root: str
    type: str


def mounts(listed: Path = MOUNTS) -> list[Mount]:
    """Return all mounts, each above the earlier ones; empty without a list (not Linux)."""
    try:
        lines = listed.read_text().splitlines()
    except OSError:
        return []
    return [_mount(line) for line in lines]


def type_of(path: Path, listed: Path = MOUNTS) -> str | None:
    """Return the type of the file system that a path is on; None without a list (not Linux)."""
    found, longest = None, -1
    for mount in mounts(listed):
        # Of two mounts at one place, the later one is visible.
        if path.is_relative_to(mount.point) and len(mount.point.parts) >= longest:
            found, longest = mount.type, len(mount.point.parts)
    return found


def network_type(path: Path, listed: Path = MOUNTS) -> str | None:
    """Return the type of the network file system that a path is on; None if it is on none."""
    kind = type_of(path, listed)
    return kind if kind in NETWORK_TYPES else None


def _mount(line: str) -> Mount:
    before, _, after = line.partition(" - ")
    fields = before.split(" ")
    # Spaces are written as \040.
    point = Path(fields[_POINT_FIELD].replace("\\040", " "))
    return Mount(point, fields[_ROOT_FIELD], after.split(" ")[0])
