"""Which kind of file system a database's file is on."""

from pathlib import Path

MOUNTS = Path("/proc/self/mountinfo")
#: Where several machines may have the same file, and locks or shared memory are not what SQLite
#: takes them for: its log in WAL mode needs both (https://www.sqlite.org/wal.html).
#: Not 9p, by which a virtual machine or a sandbox has a folder of its own host.
NETWORK_TYPES = frozenset(
    {
        "afs", "ceph", "cifs", "coda", "davfs", "fuse.davfs", "fuse.glusterfs",
        "fuse.rclone", "fuse.sshfs", "gfs2", "glusterfs", "lustre", "ncpfs", "nfs", "nfs4", "ocfs2",
        "smb3", "smbfs",
    }
)  # fmt: skip
_MOUNT_POINT_FIELD = 4


def type_of(path: Path, mounts: Path = MOUNTS) -> str | None:
    """Return the kernel's word for the file system of a path, such as "ext4" or "nfs4"; None where
    there is no list of them (not Linux).

    The path itself is not touched: a share that does not answer blocks whoever asks it.
    """
    try:
        lines = mounts.read_text().splitlines()
    except OSError:
        return None
    found, longest = None, -1
    for line in lines:
        # man 5 proc: a variable number of fields, then " - " and the type; blanks are \040.
        before, _, after = line.partition(" - ")
        mount_point = Path(before.split(" ")[_MOUNT_POINT_FIELD].replace("\\040", " "))
        # Of two at the same place, the later one lies on top.
        if path.is_relative_to(mount_point) and len(mount_point.parts) >= longest:
            found, longest = after.split(" ")[0], len(mount_point.parts)
    return found


def network_type(path: Path, mounts: Path = MOUNTS) -> str | None:
    """Return the type of the network file system that a path is on; None where it is on none."""
    kind = type_of(path, mounts)
    return kind if kind in NETWORK_TYPES else None
