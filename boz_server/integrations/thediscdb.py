"""Discs from TheDiscDb: what each title of a known disc is.

https://thediscdb.com/graphql/, without a key; schema and client in github.com/TheDiscDb/web. A show
or film (`mediaItems`) has releases, these have discs, and these titles as MakeMKV reads them, each
with an `item` once somebody has said what it is. A hash is looked for through the junction between
releases and discs (`disc: {…}`): the server fails on the junction's own `contentHash`.
"""

import json
import re
from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Any

from boz_server.domain.metadata.answers import ListedDisc, ListedKind, ListedTitle
from boz_server.integrations.http import Json
from boz_server.integrations.json_client import JSONClient
from boz_server.integrations.thetvdb import LAST_ID
from boz_server.integrations.values import number, objects, text, year

#: Shows and films in a page, and pages that are read of an answer.
PAGE, MAX_PAGES = 20, 10
#: No question has so many discs, and no disc so many titles.
MAX_DISCS, MAX_TITLES = 2000, 2000
#: A day, and more bytes than any disc has.
MAX_SECONDS, MAX_BYTES = 24 * 60 * 60, 2**40
MAX_NUMBER = 9999
#: No title plays more episodes.
MAX_SPAN = 200

_FIELDS = (
    "nodes { title type year externalids { imdb tvdb } releases { slug discs {"
    " contentHash index name format slug titles {"
    " index duration size sourceFile segmentMap item { title season episode type } } } } }"
    " pageInfo { hasNextPage endCursor }"
)
_DURATION = re.compile(r"(?:([0-9]{1,2}):)?([0-5]?[0-9]):([0-5][0-9])")
_HASH = re.compile(r"[0-9A-Fa-f]{32}")
_IMDB_ID = re.compile(r"tt[0-9]{5,12}")
_NUMBERS = re.compile(r"([0-9]{1,4})(?:\s*[-–&,+]\s*([0-9]{1,4}))?")
_MAX_CURSOR = 500
_KINDS = {
    "episode": ListedKind.EPISODE,
    "mainmovie": ListedKind.MAIN_MOVIE,
    "trailer": ListedKind.TRAILER,
    "deletedscene": ListedKind.DELETED_SCENE,
}
_IS_SHOW = {"series": True, "movie": False}


class TheDiscDb:
    """Discs from TheDiscDb. Every method may raise ProviderUnavailable."""

    provider = "thediscdb"

    def __init__(self, url: str) -> None:
        self.client = JSONClient("TheDiscDb", url)
        # The client leaves the last slash out, and the server redirects without it.
        self._path = "/" if url.endswith("/") else ""

    def with_hash(self, content_hash: str, deadline: float) -> list[ListedDisc]:
        """Return the discs with a content hash (upper-case hex), of all their releases."""
        within = f"{{disc: {{contentHash: {{eq: {_quoted(content_hash)}}}}}}}"
        found = self._discs(f"{{releases: {{some: {{discs: {{some: {within}}}}}}}}}", deadline)
        return [disc for disc in found if disc.content_hash == content_hash]

    def named(self, name: str, deadline: float) -> list[ListedDisc]:
        """Return the discs of the shows and films whose names contain a text."""
        return self._discs(f"{{title: {{contains: {_quoted(name)}}}}}", deadline)

    def with_lengths(self, seconds: Collection[int], deadline: float) -> list[ListedDisc]:
        """Return the discs that have a title of each of these lengths."""
        some = ", ".join(
            f"{{titles: {{some: {{duration: {{eq: {_quoted(_duration(each))}}}}}}}}}"
            for each in seconds
        )
        within = f"{{disc: {{and: [{some}]}}}}"
        return self._discs(f"{{releases: {{some: {{discs: {{some: {within}}}}}}}}}", deadline)

    def _discs(self, where: str, deadline: float) -> list[ListedDisc]:
        found: list[ListedDisc] = []
        after = ""
        for _ in range(MAX_PAGES):
            page = self._page(where, after, deadline)
            for disc in _listed(page.get("nodes")):
                found.append(disc)
                if len(found) > MAX_DISCS:
                    raise self.client.refuse("it answered more discs than can be meant")
            cursor = _cursor(page)
            if cursor in (None, after):
                break
            after = cursor or ""
        return found

    def _page(self, where: str, after: str, deadline: float) -> Json:
        """Return one page. The values are in the query's own text: the plainest form there is."""
        beyond = f", after: {_quoted(after)}" if after else ""
        query = f"query {{ mediaItems(first: {PAGE}{beyond}, where: {where}) {{ {_FIELDS} }} }}"
        body = {"query": query, "variables": {}}
        answer = self.client.require(
            self.client.ask("POST", self._path, deadline=deadline, body=body)
        )
        data = answer.get("data")
        page = data.get("mediaItems") if isinstance(data, dict) else None
        if answer.get("errors") or not isinstance(page, dict):
            raise self.client.refuse("it answered something else than discs")
        return page


def _quoted(value: str) -> str:
    """Return a text as GraphQL writes it, which is as JSON does."""
    return json.dumps(value, ensure_ascii=False)


def _cursor(page: Json) -> str | None:
    """Return where the next page begins; None after the last."""
    info = page.get("pageInfo")
    if not isinstance(info, dict) or info.get("hasNextPage") is not True:
        return None
    cursor = info.get("endCursor")
    return cursor if isinstance(cursor, str) and 0 < len(cursor) <= _MAX_CURSOR else None


def _listed(nodes: Any) -> Iterator[ListedDisc]:
    for node in objects(nodes):
        name, kind = text(node.get("title")), node.get("type")
        is_show = _IS_SHOW.get(kind.casefold()) if isinstance(kind, str) else None
        if name is None or is_show is None:
            continue
        ids = node.get("externalids")
        ids = ids if isinstance(ids, dict) else {}
        imdb_id = text(ids.get("imdb"))
        for release in objects(node.get("releases")):
            for disc in objects(release.get("discs")):
                titles = _titles(disc.get("titles"))
                if titles:
                    yield ListedDisc(
                        name=name,
                        is_show=is_show,
                        year=year(node.get("year")),
                        imdb_id=imdb_id if imdb_id and _IMDB_ID.fullmatch(imdb_id) else None,
                        series_id=number(ids.get("tvdb"), 1, LAST_ID),
                        content_hash=_hash(disc.get("contentHash")),
                        titles=titles,
                    )


def _titles(given: Any) -> tuple[ListedTitle, ...]:
    """Read a disc's titles; none at all if one makes no sense, as then the others prove nothing."""
    titles: dict[int, ListedTitle] = {}
    items = objects(given)
    if not items or len(items) > MAX_TITLES or len(items) != len(given):
        return ()
    for item in items:
        title = _title(item)
        if title is None or title.index in titles:
            return ()
        titles[title.index] = title
    return tuple(titles[index] for index in sorted(titles))


def _title(given: Json) -> ListedTitle | None:
    index = number(given.get("index"), 0, 2**31 - 1)
    seconds = _seconds(given.get("duration"))
    if index is None or seconds is None:
        return None
    title = ListedTitle(
        index,
        seconds,
        number(given.get("size"), 0, MAX_BYTES) or 0,
        text(given.get("sourceFile")) or "",
        text(given.get("segmentMap"), 10_000) or "",
    )
    item = given.get("item")
    kind = item.get("type") if isinstance(item, dict) else None
    if not isinstance(item, dict) or not isinstance(kind, str):
        return title
    first, last = _episodes(item.get("episode"))
    return replace(
        title,
        kind=_KINDS.get(kind.casefold(), ListedKind.EXTRA),
        name=text(item.get("title")),
        season=number(item.get("season"), 0, MAX_NUMBER),
        first=first,
        last=last,
    )


def _duration(seconds: int) -> str:
    return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def _seconds(value: Any) -> int | None:
    """Read "1:02:03"; None for anything else."""
    read = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    if read is None:
        return None
    seconds = int(read[1] or 0) * 3600 + int(read[2]) * 60 + int(read[3])
    return seconds if seconds <= MAX_SECONDS else None


def _episodes(value: Any) -> tuple[int | None, int | None]:
    """Read "3", or "1-2" and "1&2" for several episodes; None, None for anything else."""
    read = _NUMBERS.fullmatch(value.strip()) if isinstance(value, str) else None
    if read is None:
        single = number(value, 1, MAX_NUMBER)
        return single, single
    first, last = int(read[1]), int(read[2] or read[1])
    return (first, last) if 0 < first <= last < first + MAX_SPAN else (None, None)


def _hash(value: Any) -> str | None:
    is_hash = isinstance(value, str) and _HASH.fullmatch(value)
    return str(value).upper() if is_hash else None
