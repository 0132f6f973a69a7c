"""Which discs have a bearing on one another, so that none of them goes without the others."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Likeness(StrEnum):
    """What two discs may have in common."""

    #: They are one and the same disc, reported twice.
    FINGERPRINT = "fingerprint"
    #: Their labels have the same name (see Disc.title_key).
    TITLE_KEY = "title_key"
    #: They are of one show.
    SHOW_NAME = "show_name"


#: A likeness, and in what.
Tie = tuple[Likeness, str]


@dataclass(frozen=True, slots=True)
class Kin:
    """A disc as far as its family goes. is_spare: whether it may go, for its own part."""

    disc_id: str
    ties: frozenset[Tie]
    is_spare: bool


def ties(fingerprint: str, title_key: str, show_name: str | None) -> frozenset[Tie]:
    """Return what ties a disc to others. show_name: None where it is of no season; an empty
    title_key says nothing, and ties to no one."""
    found = {(Likeness.FINGERPRINT, fingerprint)}
    if title_key:
        found.add((Likeness.TITLE_KEY, title_key))
    if show_name is not None:
        found.add((Likeness.SHOW_NAME, show_name))
    return frozenset(found)


def families(discs: Sequence[Kin]) -> list[list[Kin]]:
    """Part discs into those that are tied to one another, over however many others."""
    tied: dict[Tie, list[Kin]] = {}
    for disc in discs:
        for tie in disc.ties:
            tied.setdefault(tie, []).append(disc)
    placed: set[str] = set()
    found = []
    for disc in discs:
        family = [] if disc.disc_id in placed else [disc]
        placed.add(disc.disc_id)
        for kin in family:  # it grows meanwhile
            for other in (other for tie in kin.ties for other in tied.pop(tie, ())):
                if other.disc_id not in placed:
                    placed.add(other.disc_id)
                    family.append(other)
        if family:
            found.append(family)
    return found


def may_go(family: Sequence[Kin]) -> bool:
    """Whether a family may go: all of it, or none."""
    return all(disc.is_spare for disc in family)
