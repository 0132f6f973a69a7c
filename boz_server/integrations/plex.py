"""Plex Media Server: its sections (Plex calls them libraries), and scans of single folders.

https://plexapi.dev/api-reference/library: GET /library/sections lists the sections, in JSON as
{"MediaContainer": {"Directory": [{"key", "title", "type", "Location": [{"path"}]}]}};
GET /library/sections/{key}/refresh?path= scans one folder and answers with an empty 200. It must be
a GET, because since 1.32.7 other methods are 404 (github.com/Cloudbox/autoscan/issues/218), and a
folder, not a file (github.com/jxxghp/MoviePilot/pull/2203). A path outside the section is also a
200, but nothing happens. GET / returns name and version. The token is the header X-Plex-Token.
"""

from urllib.parse import quote

from boz_server.domain.naming.media_library import LibraryType, Section, ServerIdentity
from boz_server.domain.naming.path_map import PathMap, lies_in
from boz_server.errors import RecipientUnavailable
from boz_server.integrations.json_client import Json
from boz_server.integrations.server_client import ServerClient
from boz_server.integrations.values import objects, text
from boz_server.settings import Settings

#: Plex's words for what our folders hold.
TYPES = {LibraryType.MOVIE: "movie", LibraryType.TV: "show"}


class Plex:
    """One Plex server. Every method may raise RecipientUnavailable."""

    def __init__(self, settings: Settings) -> None:
        token = settings.plex_token
        self.client = ServerClient(
            "Plex",
            settings.plex_url,
            # Plex can allow some networks in without a token.
            {"X-Plex-Token": token} if token else {},
            url_setting="BOZ_PLEX_URL",
            key_setting="BOZ_PLEX_TOKEN",
        )
        self.path_map: PathMap = settings.plex_path_map
        self._section_ids = {
            LibraryType.MOVIE: settings.plex_movie_library_id,
            LibraryType.TV: settings.plex_tv_library_id,
        }

    def identity(self, deadline: float) -> ServerIdentity:
        """Return which server it is."""
        found = self._container("/", deadline)
        return ServerIdentity(text(found.get("friendlyName")), text(found.get("version")))

    def sections(self, deadline: float) -> list[Section]:
        """Return its sections of every type, except those without a key: Plex can't scan them."""
        found = self._container("/library/sections", deadline)
        read = (_section(item) for item in objects(found.get("Directory")))
        return [section for section in read if section is not None]

    def scan(
        self, folder: str, library_type: LibraryType, deadline: float, *, whole: bool = False
    ) -> None:
        """Have it scan a folder of ours, or the whole section that holds it, for changes."""
        path = self.path_map.theirs(folder)
        section_id = self._section_ids[library_type]
        if section_id is None:
            section_id = self._section_id(path, library_type, deadline)
        self.client.tell(
            "GET",
            f"/library/sections/{quote(section_id, safe='')}/refresh",
            deadline,
            params=None if whole else {"path": path},
            missing=f"it has no library {section_id!r} that can be scanned",
        )

    def _section_id(self, path: str, library_type: LibraryType, deadline: float) -> str:
        """Return the id of the section whose location holds the path most closely."""
        fitting = [
            (len(place), section.id)
            for section in self.sections(deadline)
            if section.type == TYPES[library_type]
            for place in section.locations
            if lies_in(path, place)
        ]
        if not fitting:
            raise self._no_section(path, library_type)
        return max(fitting)[1]

    def _no_section(self, path: str, library_type: LibraryType) -> RecipientUnavailable:
        return self.client.refuse(
            f"none of its libraries of type {TYPES[library_type]} has the folder {path!r}: see"
            f" BOZ_PLEX_PATH_MAP and BOZ_PLEX_{library_type.upper()}_LIBRARY_ID"
        )

    def _container(self, path: str, deadline: float) -> dict[str, object]:
        answer = self.client.read(path, deadline)
        found = answer.get("MediaContainer") if isinstance(answer, dict) else None
        if not isinstance(found, dict):
            raise self.client.refuse("it answered something else than Plex does")
        return found


def _section(item: Json) -> Section | None:
    key = item.get("key")
    key = str(key) if type(key) is int else text(key)
    if key is None:
        return None
    places = (place.get("path") for place in objects(item.get("Location")))
    return Section(
        key,
        text(item.get("title")) or "",
        text(item.get("type")) or "",
        tuple(place for place in places if isinstance(place, str)),
    )
