"""TheDiscDb, of the discs that a test gives it.

with FakeDiscDb([disc, other]) as database:
    settings = replace(settings, **database.settings())
    ...
    assert database.count() == 2
"""

import json
import re
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from boz_server.domain.metadata.answers import ListedDisc, ListedKind, ListedTitle
from tests.fake_servers import Answer, Asked, FakeServers

#: As many shows and films as the real one gives in a page.
LARGEST_PAGE = 50
TYPES = {
    ListedKind.EPISODE: "Episode",
    ListedKind.MAIN_MOVIE: "MainMovie",
    ListedKind.EXTRA: "Extra",
    ListedKind.TRAILER: "Trailer",
    ListedKind.DELETED_SCENE: "DeletedScene",
}
STRING = r'"((?:[^"\\]|\\.)*)"'
HASH = re.compile(rf"\bdisc: ?{{ ?contentHash: ?{{ ?eq: ?{STRING}")
#: The junction's own field, on which the real server fails.
BROKEN = re.compile(r"\bsome: ?{ ?contentHash\b")
LENGTH = re.compile(rf"\bduration: ?{{ ?eq: ?{STRING}")
NAME = re.compile(rf"\btitle: ?{{ ?contains: ?{STRING}")
FIRST, AFTER = re.compile(r"\bfirst: ?([0-9]+)"), re.compile(rf"\bafter: ?{STRING}")


class FakeDiscDb(FakeServers):
    """A GraphQL server with these discs, each in a release of its own. `discs` may be changed."""

    def __init__(self, discs: Iterable[ListedDisc] = (), *, page_size: int = LARGEST_PAGE) -> None:
        self.discs = list(discs)
        self.page_size = page_size
        super().__init__()

    def settings(self) -> dict[str, Any]:
        """Settings for this database."""
        return {"thediscdb_enabled": True, "thediscdb_url": f"{self.url}/graphql/"}

    def queries(self) -> list[str]:
        """The queries that were sent, in order."""
        return [asked.body["query"] for asked in self.requests]

    def right_answer(self, asked: Asked) -> Answer:
        if (asked.provider, asked.path, asked.method) != ("graphql", "/", "POST"):
            return 404, {}
        query = asked.body["query"]
        if BROKEN.search(query):
            return 200, {"errors": [{"message": "Unexpected Execution Error"}], "data": None}
        nodes = [node(discs) for discs in grouped(self.found(query))]
        after = _text(AFTER, query) or ""
        begin = int(after) if after.isdecimal() else 0
        asked_for = FIRST.search(query)
        size = min(self.page_size, int(asked_for[1]) if asked_for else 10)
        has_next = begin + size < len(nodes)
        page = {
            "nodes": nodes[begin : begin + size],
            "pageInfo": {"hasNextPage": has_next, "endCursor": str(begin + size)},
        }
        return 200, {"data": {"mediaItems": page}}

    def found(self, query: str) -> list[ListedDisc]:
        """The discs of all shows and films that a query asks for."""
        content_hash, name = _text(HASH, query), _text(NAME, query)
        if content_hash is not None:
            names = {disc.name for disc in self.discs if disc.content_hash == content_hash}
            return [disc for disc in self.discs if disc.name in names]
        lengths = set(LENGTH.findall(query))
        if lengths:
            return [disc for disc in self.discs if lengths <= durations(disc)]
        if name is not None:
            return [disc for disc in self.discs if name.casefold() in disc.name.casefold()]
        return self.discs


def durations(disc: ListedDisc) -> set[str]:
    return {title_json(title)["duration"] for title in disc.titles}


def _text(pattern: re.Pattern[str], query: str) -> str | None:
    match = pattern.search(query)
    return json.loads(f'"{match[1]}"') if match else None


def grouped(discs: Iterable[ListedDisc]) -> list[list[ListedDisc]]:
    """The discs of each show and film."""

    def key(disc: ListedDisc) -> tuple[Any, ...]:
        return disc.name, disc.is_show, disc.year or 0

    return [list(same) for _, same in groupby(sorted(discs, key=key), key)]


def node(discs: Sequence[ListedDisc]) -> dict[str, Any]:
    """A show or film with its discs."""
    first = discs[0]
    return {
        "title": first.name,
        "type": "Series" if first.is_show else "Movie",
        "year": first.year or 0,
        "slug": first.name.casefold().replace(" ", "-"),
        "externalids": {
            "tmdb": None,
            "imdb": first.imdb_id,
            "tvdb": str(first.series_id) if first.series_id else None,
        },
        "releases": [
            {"slug": f"release-{place}", "discs": [_disc(disc, place)]}
            for place, disc in enumerate(discs)
        ],
    }


def _disc(disc: ListedDisc, place: int) -> dict[str, Any]:
    return {
        "contentHash": disc.content_hash,
        "index": place + 1,
        "name": f"Disc {place + 1}",
        "format": "DVD",
        "slug": f"disc-{place + 1}",
        "titles": [title_json(title) for title in disc.titles],
    }


def title_json(title: ListedTitle) -> dict[str, Any]:
    """A title in the server's form."""
    hours, minutes, seconds = title.seconds // 3600, title.seconds // 60 % 60, title.seconds % 60
    item = None
    if title.kind is not None:
        numbers = sorted({title.first, title.last} - {None}, key=int)
        item = {
            "title": title.name,
            "season": None if title.season is None else str(title.season),
            "episode": "-".join(map(str, numbers)) or None,
            "type": TYPES[ListedKind(title.kind)],
        }
    return {
        "index": title.index,
        "duration": f"{hours}:{minutes:02d}:{seconds:02d}",
        "size": title.size_bytes,
        "sourceFile": title.source_file,
        "segmentMap": title.segment_map,
        "item": item,
    }
