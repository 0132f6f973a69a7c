"""Numbers extras over all discs of a season or film: their files share folders, and disks."""

from collections.abc import Sequence
from itertools import count
from typing import Any

from boz_server.domain.discs.disc_states import PreviewStatus
from boz_server.domain.discs.proposals import change
from boz_server.domain.naming.names import extra_number, with_extra_number


def number_extras(name: str, discs: Sequence[Any]) -> None:
    """Number the extras of undecided discs, in memory; approved names stay.

    name: of the show or film. discs: all records of its discs, with their titles, in the order in
    which they are numbered. Records of one disc share their numbers.
    """
    accepted: dict[str, set[int]] = {}
    for disc in discs:
        if disc.preview_status == PreviewStatus.APPROVED:
            accepted.setdefault(disc.fingerprint, set()).update(_numbers(name, disc))
    given: dict[str, dict[int, int]] = {}
    for disc in discs:
        # A disc that comes again has the names that were accepted, unless a person corrects it.
        if disc.preview_status == PreviewStatus.PENDING and (
            disc.is_told or disc.fingerprint not in accepted
        ):
            others = {key: numbers for key, numbers in accepted.items() if key != disc.fingerprint}
            taken = set().union(*others.values(), *(own.values() for own in given.values()))
            _give(name, disc, given.setdefault(disc.fingerprint, {}), taken)


def _give(name: str, disc: Any, own: dict[int, int], taken: set[int]) -> None:
    """Give a disc's extras the lowest numbers that are not taken. own: what other records of the
    same disc got, by title, to which this one's are added."""
    free = (number for number in count(1) if number not in taken)
    for title in disc.titles:
        filename = title.proposed_filename
        if filename is None or extra_number(name, filename) is None:
            continue
        if title.title_index not in own:
            own[title.title_index] = next(free)
        renamed = with_extra_number(name, filename, own[title.title_index])
        change(title, {"proposed_filename": renamed})


def _numbers(name: str, disc: Any) -> set[int]:
    found = {extra_number(name, title.proposed_filename or "") for title in disc.titles}
    return {number for number in found if number is not None}
