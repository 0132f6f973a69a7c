"""Paths of this server as another machine, or container, sees them."""

import re
from dataclasses import dataclass
from pathlib import PurePath, PurePosixPath, PureWindowsPath
from typing import Self

#: What a Windows path begins with: a drive and a slash, or the name of a machine.
_WINDOWS = re.compile(r"[A-Za-z]:[\\/]|\\\\[^\\/]")


@dataclass(frozen=True, slots=True)
class PathMap:
    """Folders of ours, and where the other side has each; none of them: paths are the same."""

    pairs: tuple[tuple[PurePosixPath, PurePath], ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        r"""Read "/nas:/media,/nas/TV Shows:D:\TV"; raises ValueError where it is no such list."""
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
        """Return an absolute path of ours as the other side has it.

        The longest folder that it lies in counts; one that lies in none is the same there.
        """
        own = PurePosixPath(path)
        fitting = [pair for pair in self.pairs if own.is_relative_to(pair[0])]
        if not fitting:
            return path
        ours, theirs = max(fitting, key=lambda pair: len(pair[0].parts))
        # Not by joining paths: to Windows' a folder called "C:" would be another drive.
        slash = "\\" if isinstance(theirs, PureWindowsPath) else "/"
        rest = own.relative_to(ours).parts
        return slash.join([str(theirs).rstrip(slash), *rest]) if rest else str(theirs)

    def __str__(self) -> str:
        return ",".join(f"{ours}:{theirs}" for ours, theirs in self.pairs)


def their_path(path: str) -> PurePath:
    """Read an absolute path of another machine; raises ValueError where it is none."""
    if _WINDOWS.match(path):
        return PureWindowsPath(path)
    if not path.startswith("/"):
        raise ValueError(path)
    return PurePosixPath(path)


def lies_in(path: str, folder: str) -> bool:
    """Whether a path of another machine is a folder of its, or lies in it; on Windows in any
    case, and with either slash. False for whatever is no path."""
    try:
        inner, outer = their_path(path), their_path(folder)
    except ValueError:
        return False
    return type(inner) is type(outer) and inner.is_relative_to(outer)
