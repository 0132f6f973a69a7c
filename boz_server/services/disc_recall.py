"""Takes discs out of the archive that have a bearing on one that is put in."""

from collections.abc import Sequence

from boz_server.domain.disc_label import parse_label
from boz_server.domain.identification import read_label
from boz_server.domain.kinship import Likeness, ties
from boz_server.domain.title_facts import TitleFacts
from boz_server.repositories.archive_repository import ArchiveRepository
from boz_server.services.disc_identifier import LATEST_DISCS


class DiscRecall:
    """Brings back what DiscIdentifier and SeasonTracker go by, in the caller's transaction."""

    def __init__(self, archive: ArchiveRepository) -> None:
        self.archive = archive

    def before(self, label: str, titles: Sequence[TitleFacts], fingerprint: str) -> None:
        """Bring back the records of the same disc, the discs of its name, and those whose name is
        a part of its own, or the other way round: the show may be written otherwise there."""
        keys = {parse_label(label).key, read_label(label, titles).key} - {""}
        alike = {
            other
            for other in self.archive.latest_show_keys(LATEST_DISCS)
            if any(key in other or other in key for key in keys)
        }
        self.archive.bring_back(
            ties(fingerprint, "", None) | {(Likeness.TITLE_KEY, key) for key in keys | alike}
        )
