"""Films that tests make up, and a search for whole ones."""

import hashlib
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from threading import Lock
from typing import Any

#: The names of unfinished files begin with this.
UNFINISHED = "."


@dataclass(frozen=True)
class Film:
    """A file as its sender has it."""

    name: str
    content: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


@dataclass
class Films:
    """Makes films, and recognises them by their content."""

    random: Random
    made: dict[str, Film] = field(default_factory=dict)
    _lock: Any = field(default_factory=Lock)
    _known: dict[tuple[str, int, int, int], str] = field(default_factory=dict)

    def make(self, smallest: int, largest: int) -> Film:
        """Make up a film or an episode of a size within these bounds."""
        with self._lock:
            number = len(self.made)
            episode, film = f"Firefly - S01E{number:02d} - Pilot.mkv", f"Film {number} (2001).mkv"
            content = self.random.randbytes(self.random.randint(smallest, largest))
            made = Film(episode if number % 2 else film, content)
            self.made[made.sha256] = made
        return made

    def whole(self, *folders: Path) -> dict[str, list[Path]]:
        """Return the places of finished files by SHA-256; fails if one is no whole film."""
        found: dict[str, list[Path]] = defaultdict(list)
        for path in visible(*folders):
            sha256 = self._sha256(path)
            if sha256 is not None:
                assert sha256 in self.made, f"{path} is no whole film"
                found[sha256].append(path)
        return found

    def _sha256(self, path: Path) -> str | None:
        """A file's SHA-256, cached until the file changes; None if it is gone."""
        try:
            seen = path.stat()
            key = (str(path), seen.st_ino, seen.st_mtime_ns, seen.st_size)
            if key not in self._known:
                self._known[key] = hashlib.sha256(path.read_bytes()).hexdigest()
        except FileNotFoundError:
            return None
        return self._known[key]


def visible(*folders: Path) -> list[Path]:
    """Return the files with final names, at any depth."""
    return [
        path
        for folder in folders
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(UNFINISHED)
    ]


def total_bytes(paths: list[Path]) -> int:
    """Return the total size of files; deleted ones count as 0."""
    total = 0
    for path in paths:
        with suppress(FileNotFoundError):
            total += path.stat().st_size
    return total


def unfinished(*folders: Path) -> list[Path]:
    """Return the unfinished files, at any depth."""
    return [path for folder in folders for path in folder.rglob(".*") if path.is_file()]
