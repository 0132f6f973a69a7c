"""How our paths translate to those of another machine or container."""

import re
from dataclasses import dataclass
from pathlib import PurePath, PurePosixPath, PureWindowsPath
from typing import Self

#: The start of a Windows path: a drive and a slash, or a machine's name.
_WINDOWS = re.compile(r"[A-Za-z]:[\\/]|\\\\[^\\/]")


@dataclass(frozen=True, slots=True)
class PathMap:
    """Pairs of our folder and the other side's path of it; without pairs all paths are the same."""

    pairs: tuple[tuple[PurePosixPath, PurePath], ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        r"""Parse "/nas:/media,/nas/TV Shows:D:\TV"; raises ValueError for anything else."""
        pairs: dict[PurePosixPath, PurePath] = {}
        for pair in text.split(","):
            ours, colon, theirs = (part.strip() for part in pair.partition(":"))
            if not colon or not ours.startswith("/") or ".." in PurePosixPath(ours).parts:
                raise ValueError(pair)
            folder = their_path(theirs)
            if ".." in folder.parts or PurePosixPath(ours) in pairs:
                raise ValueError(pair)
            pairs[PurePosixPath(ours)] = folder
        return cls(tuple(pairs.items()))

    def theirs(self, path: str) -> str:
        """Translate an absolute path of ours.

        The longest matching folder counts; a path outside all of them stays the same.
        """
        own = PurePosixPath(path)
        fitting = [pair for pair in self.pairs if own.is_relative_to(pair[0])]
        if not fitting:
            return path
        ours, theirs = max(fitting, key=lambda pair: len(pair[0].parts))
        # Joining PureWindowsPaths would take a folder called "C:" for another drive.
        slash = "\\" if isinstance(theirs, PureWindowsPath) else "/"
        rest = own.relative_to(ours).parts
        return slash.join([str(theirs).rstrip(slash), *rest]) if rest else str(theirs)

    def __str__(self) -> str:
        return ",".join(f"{ours}:{theirs}" for ours, theirs in self.pairs)


def their_path(path: str) -> PurePath:
    """Parse an absolute path of another machine; raises ValueError if it isn't one."""
    if _WINDOWS.match(path):
        return PureWindowsPath(path)
    if not path.startswith("/"):
        raise ValueError(path)
    return PurePosixPath(path)


def lies_in(path: str, folder: str) -> bool:
    """Whether a path of another machine is a folder of that machine, or inside it.

    On Windows regardless of case and slashes. False for anything that isn't a path.
    """
    try:
        inner, outer = their_path(path), their_path(folder)
    except ValueError:
        return False
    return type(inner) is type(outer) and inner.is_relative_to(outer)
