"""The discs that the demo puts into its drive: facts about real ones."""

import json
from dataclasses import dataclass
from pathlib import Path

from boz_server.demo.client import Json

FOLDER = Path(__file__).parent / "discs"

#: Agents don't report shorter titles: logos, menus and warnings.
SHORTEST_REPORTED_SECONDS = 120

#: {format: MakeMKV's disc type}; it does not distinguish Blu-ray and UHD.
_DISC_TYPES = {"DVD": "DVD disc", "Blu-ray": "Blu-ray disc", "UHD": "Blu-ray disc"}


@dataclass(frozen=True)
class DemoTitle:
    """A title as MakeMKV reads it; name and chapters are None if the disc has none."""

    index: int
    name: str | None
    duration_seconds: int
    size_bytes: int
    chapters: int | None

    def report(self) -> Json:
        """Return the title as an agent reports it."""
        return {
            "index": self.index,
            "name": self.name or f"Title {self.index}",
            "duration_seconds": self.duration_seconds,
            "size_bytes": self.size_bytes,
            "chapters": self.chapters or 0,
        }


@dataclass(frozen=True)
class DemoDisc:
    """A disc: its volume label, its format (DVD | Blu-ray | UHD) and all its titles."""

    label: str
    format: str
    titles: tuple[DemoTitle, ...]

    def report(self, agent_id: str, drive: str) -> Json:
        """Return what an agent sends when the disc is inserted."""
        return {
            "agent_id": agent_id,
            "drive": drive,
            "disc_name": self.label,
            "disc_type": _DISC_TYPES[self.format],
            "titles": [
                title.report()
                for title in self.titles
                if title.duration_seconds >= SHORTEST_REPORTED_SECONDS
            ],
        }


def load_discs() -> list[DemoDisc]:
    """Return the discs in the order of their file names, which is the order of the demo."""
    return [_load(path) for path in sorted(FOLDER.glob("*.json"))]


def _load(path: Path) -> DemoDisc:
    facts = json.loads(path.read_text(encoding="utf-8"))
    titles = tuple(DemoTitle(**title) for title in facts["titles"])
    return DemoDisc(label=facts["label"], format=facts["format"], titles=titles)
