"""Which kind of file system a database's file is on."""

from pathlib import Path

from boz_server.mounts import MOUNTS, mounts

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


def type_of(path: Path, listed: Path = MOUNTS) -> str | None:
    """Return the kernel's word for the file system of a path, such as "ext4" or "nfs4"; None where
    there is no list of them (not Linux). The path itself is not touched."""
    found, longest = None, -1
    for mount in mounts(listed):
        # Of two at the same place, the later one lies on top.
        if path.is_relative_to(mount.point) and len(mount.point.parts) >= longest:
            found, longest = mount.type, len(mount.point.parts)
    return found


def network_type(path: Path, listed: Path = MOUNTS) -> str | None:
    """Return the type of the network file system that a path is on; None where it is on none."""
    kind = type_of(path, listed)
    return kind if kind in NETWORK_TYPES else None
