"""Takes discs out of the archive that have a bearing on one that is put in."""

from collections.abc import Sequence

from boz_server.domain.collection.related import LinkKind, links_of
from boz_server.domain.identification.identity import read_label
from boz_server.domain.identification.label import parse_label
from boz_server.domain.identification.title_facts import TitleFacts
from boz_server.repositories.archive_repository import ArchiveRepository
from boz_server.services.discs.identify import LATEST_DISCS


class DiscRecall:
    """Brings back what DiscIdentifier and SeasonTracker go by, in the caller's transaction."""

    def __init__(self, archive: ArchiveRepository) -> None:
        self.archive = archive

    def before(self, label: str, titles: Sequence[TitleFacts], fingerprint: str) -> bool:
        """Bring back the records of the same disc, the discs of its name, and the one that it
        follows in a box whose labels are written otherwise; False when there is none."""
        read = read_label(label, titles)
        keys = {parse_label(label).key, read.key} - {""}
        if read.key and read.disc_number is not None:
            keys |= self._keys_before(read.key, read.disc_number)
        return self.archive.bring_back(
            links_of(fingerprint, "", None) | {(LinkKind.TITLE_KEY, key) for key in keys}
        )

    def _keys_before(self, key: str, disc_number: int) -> set[str]:
        """The names of shows' discs of which this may be the next, as DiscIdentifier has it."""
        alike = [
            (disc_id, other)
            for disc_id, other in self.archive.latest_shows(LATEST_DISCS)
            if other in key or key in other
        ]
        discs = ((self.archive.get(disc_id), other) for disc_id, other in alike)
        return {other for disc, other in discs if disc and disc.disc_number == disc_number - 1}
