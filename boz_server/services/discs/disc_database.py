"""Looks a disc itself up in the disc database; never inside a transaction."""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from boz_server.context import Context
from boz_server.database.models import Disc
from boz_server.domain.identification import known_discs
from boz_server.domain.identification.known_discs import KnownDisc
from boz_server.domain.identification.label import parse_label
from boz_server.domain.identification.layout import DiscFacts
from boz_server.domain.metadata.answers import ListedDisc
from boz_server.errors import ProviderUnavailable
from boz_server.services.metadata.lookup import Metadata

#: The share of the time that the disc database may take: the others are asked after it.
SHARE = 0.6
# Shorter words are in too many names.
_WORD = re.compile(r"[^\W\d_]+|[0-9]{2,}")
_LEAST_LETTERS, _LEAST_NAME, _STEM = 4, 2, 5
_MOST_NAMES, _MOST_WORDS = 4, 3
# What follows is an episode's name, an edition, or a word of the disc's.
_HEAD = re.compile(r" - |: | \(")
# So many lengths are on no other disc; more than the database has discs.
_ASKED_LENGTHS, _DATABASE_DISCS = 3, 10_000


def look_up(
    context: Context, metadata: Metadata, facts: DiscFacts, other: Disc | None
) -> KnownDisc | None:
    """Return a disc's entry in the disc database, by its hash or else by its titles' lengths.

    Those of the shows and films that its label may mean are compared. A database that can't be
    asked counts as one without the disc.
    """
    if not metadata.has_discs or not facts.titles:
        return None
    layout = facts.layout()
    repeats = {*layout.copies, *layout.play_alls}
    discs: list[ListedDisc] = []
    seconds = context.settings.provider_timeout_seconds * SHARE
    # A question that is cut off counts as a failure: begin none when half of the time is over.
    last = time.monotonic() + seconds / 2
    with metadata.budget(seconds):
        for question, compared in _questions(metadata, facts, other):
            try:
                answer = question()
            except ProviderUnavailable:
                if not compared:
                    break
                answer = []
            asked = list(dict.fromkeys(answer if compared else [*discs, *answer]))
            if len(asked) > (0 if compared else len(discs)):
                found = known_discs.find(
                    facts.titles,
                    asked,
                    content_hash=facts.content_hash,
                    name=facts.read.film_name or facts.read.name or "",
                    repeats=repeats,
                    compared=compared,
                )
                if found is not None:
                    return found
            discs = discs if compared else asked
            if time.monotonic() > last:
                break
    return None


def _questions(
    metadata: Metadata, facts: DiscFacts, other: Disc | None
) -> Iterator[tuple[Callable[[], list[ListedDisc]], int]]:
    """Yield what to ask the disc database, the surest first.

    other: the latest disc of this name. With each question comes among how many discs the database
    compares lengths itself, or 0.
    """
    if facts.content_hash:
        yield partial(metadata.discs_with_hash, facts.content_hash), 0
    names = _names(facts, other)
    for name in names:
        yield partial(metadata.discs_named, name), 0
    layout = facts.layout()
    lengths = {title.duration_seconds for title in layout.singles}
    longest = sorted(lengths, reverse=True)[:_ASKED_LENGTHS]
    if len(longest) == _ASKED_LENGTHS:
        yield partial(metadata.discs_with_lengths, longest), _DATABASE_DISCS
    for word in _words(names)[:_MOST_WORDS]:
        yield partial(metadata.discs_named, word), 0


def _names(facts: DiscFacts, other: Disc | None) -> list[str]:
    """Return the names that a disc may have, in a box of which another disc may be identified."""
    known = [other.tv_show_name, other.movie_title] if other is not None else []
    label = parse_label(facts.label)
    names = [*known, facts.read.name, label.name, facts.read.film_name]
    heads = [_HEAD.split(name)[0].strip() for name in names if name]
    asked = [name for name in [*names, *heads] if name and len(name) >= _LEAST_NAME]
    return list({name.casefold(): name for name in reversed(asked)}.values())[::-1][:_MOST_NAMES]


def _words(names: Sequence[str]) -> list[str]:
    """Return the words of names, the longest first, and how the longest begins.

    Names have colons and articles that labels leave out, and labels are glued together.
    """
    whole = {name.casefold() for name in names}
    words = {word for name in names for word in _WORD.findall(name)}
    long = [
        word
        for word in sorted(words, key=lambda word: (-len(word), word))
        if (len(word) >= _LEAST_LETTERS or word.isdigit()) and word.casefold() not in whole
    ]
    longest = max(words, key=len, default="")
    stem = longest[:_STEM] if len(longest) > _STEM else ""
    return [*long[: _MOST_WORDS - 1], *([stem] if stem else [])]
