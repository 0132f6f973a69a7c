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
class DemoDisc:
    """A disc: its volume label, its format (DVD | Blu-ray | UHD) and all its titles.

    titles: as MakeMKV reads them; name and chapters are None if the disc has none.
    """

    label: str
    format: str
    titles: list[Json]

    def report(self, agent_id: str, drive: str) -> Json:
        """Return what an agent sends when the disc is inserted."""
        return {
            "agent_id": agent_id,
            "drive": drive,
            "disc_name": self.label,
            "disc_type": _DISC_TYPES[self.format],
            "titles": [
                title
                | {
                    "name": title["name"] or f"Title {title['index']}",
                    "chapters": title["chapters"] or 0,
                }
                for title in self.titles
                if title["duration_seconds"] >= SHORTEST_REPORTED_SECONDS
            ],
        }


def load_discs() -> list[DemoDisc]:
    """Return the discs in the order of their file names, which is the order of the demo."""
    found = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json"))]
    return [DemoDisc(facts["label"], facts["format"], facts["titles"]) for facts in found]
