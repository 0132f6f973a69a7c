"""Whether files can be written in a folder."""

from pathlib import Path

PROBE = ".boz-probe"


def prove_writable(folder: Path) -> None:
    """Write a file in a folder and delete it; raises OSError where that can't be done.

    It is the only test that holds for root, read-only mounts and access lists.
    """
    probe = folder / PROBE
    probe.touch()
    probe.unlink(missing_ok=True)  # another process may have probed just now
