"""Which discs are related: they go into the archive together, and come back together."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class LinkKind(StrEnum):
    """What two discs may have in common."""

    #: They are the same disc, reported twice.
    FINGERPRINT = "fingerprint"
    #: Their labels have the same name (see Disc.title_key).
    TITLE_KEY = "title_key"
    #: They are of one show.
    SHOW_NAME = "show_name"


#: What discs have in common, and its value.
Link = tuple[LinkKind, str]


@dataclass(frozen=True, slots=True)
class LinkedDisc:
    """A disc with its links to others. is_spare: on its own it may be archived."""

    disc_id: str
    links: frozenset[Link]
    is_spare: bool


def links_of(fingerprint: str, title_key: str, show_name: str | None) -> frozenset[Link]:
    """Return a disc's links. show_name: None without a season. An empty title_key links nothing."""
    links = {(LinkKind.FINGERPRINT, fingerprint)}
    if title_key:
        links.add((LinkKind.TITLE_KEY, title_key))
    if show_name is not None:
        links.add((LinkKind.SHOW_NAME, show_name))
    return frozenset(links)


def related_groups(discs: Sequence[LinkedDisc]) -> list[list[LinkedDisc]]:
    """Divide discs into groups that are linked, directly or through other discs."""
    linked: dict[Link, list[LinkedDisc]] = {}
    for disc in discs:
        for link in disc.links:
            linked.setdefault(link, []).append(disc)
    placed: set[str] = set()
    groups = []
    for disc in discs:
        group = [] if disc.disc_id in placed else [disc]
        placed.add(disc.disc_id)
        for member in group:  # grows while we walk it
            for other in (other for link in member.links for other in linked.pop(link, ())):
                if other.disc_id not in placed:
                    placed.add(other.disc_id)
                    group.append(other)
        if group:
            groups.append(group)
    return groups


def is_archivable(group: Sequence[LinkedDisc]) -> bool:
    """Whether a group may be archived: all of it, or none."""
    return all(disc.is_spare for disc in group)
