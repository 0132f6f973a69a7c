"""What the kernel has mounted, by its own list: no share is touched, as a dead one blocks whoever
asks it."""

from dataclasses import dataclass
from pathlib import Path

MOUNTS = Path("/proc/self/mountinfo")
#: man 5 proc, mountinfo: fields before " - ", of which a variable number is at the end.
_ROOT_FIELD, _POINT_FIELD = 3, 4


@dataclass(frozen=True, slots=True)
class Mount:
    """One mount. root: which folder of its file system it shows, "/" for the whole; type: the
    kernel's word for that, such as "ext4" or "nfs4"."""

    point: Path
    root: str
    type: str


def mounts(listed: Path = MOUNTS) -> list[Mount]:
    """Return all mounts; of two at one place the later lies on top. Empty where there is no list
    (not Linux)."""
    try:
        lines = listed.read_text().splitlines()
    except OSError:
        return []
    return [_mount(line) for line in lines]


def _mount(line: str) -> Mount:
    before, _, after = line.partition(" - ")
    fields = before.split(" ")
    # Blanks are written as \040.
    point = Path(fields[_POINT_FIELD].replace("\\040", " "))
    return Mount(point, fields[_ROOT_FIELD], after.split(" ")[0])
