"""Jellyfin and Emby: their sections (they call them libraries), and scans of single folders.

POST /Library/Media/Updated {"Updates": [{"Path", "UpdateType": "Created"}]} makes either scan a
path, and has an empty answer: https://typescript-sdk.jellyfin.org (MediaUpdateInfoDto),
https://dev.emby.media/reference/RestAPI/LibraryService/postLibraryMediaUpdated.html. A path outside
all sections is accepted too, but nothing happens. GET /System/Info has ServerName and Version;
GET /Library/VirtualFolders is a list of {"Name", "CollectionType", "ItemId", "Locations": [path]}.

They differ in how the key is sent. Jellyfin: `Authorization: MediaBrowser Token="…"`, because 12.0
accepts no older form by default (github.com/jellyfin/jellyfin/issues/17245). Emby: X-Emby-Token,
and all paths below /emby (https://dev.emby.media/doc/restapi/).
"""

from boz_server.domain.naming.media_library import LibraryType, Section, ServerIdentity
from boz_server.domain.naming.path_map import PathMap
from boz_server.integrations.server_client import ServerClient
from boz_server.integrations.values import objects, strings, text
from boz_server.settings import Settings


class Jellyfin:
    """One Jellyfin or Emby server. Every method may raise RecipientUnavailable."""

    def __init__(self, client: ServerClient, path_map: PathMap) -> None:
        self.client = client
        self.path_map = path_map

    def identity(self, deadline: float) -> ServerIdentity:
        """Return which server it is."""
        found = self.client.read("/System/Info", deadline)
        if not isinstance(found, dict):
            raise self._refuse_other()
        return ServerIdentity(text(found.get("ServerName")), text(found.get("Version")))

    def sections(self, deadline: float) -> list[Section]:
        """Return its sections of every type, which it calls libraries."""
        found = self.client.read("/Library/VirtualFolders", deadline)
        if not isinstance(found, list):
            raise self._refuse_other()
        return [
            Section(
                text(item.get("ItemId")) or "",
                text(item.get("Name")) or "",
                text(item.get("CollectionType")) or "mixed",
                tuple(strings(item.get("Locations"))),
            )
            for item in objects(found)
        ]

    def scan(self, folder: str, library_type: LibraryType, deadline: float) -> None:
        """Have it scan a folder of ours for changes; it finds the section itself."""
        update = {"Path": self.path_map.theirs(folder), "UpdateType": "Created"}
        self.client.tell("POST", "/Library/Media/Updated", deadline, body={"Updates": [update]})

    def _refuse_other(self) -> Exception:
        return self.client.refuse(f"it answered something else than {self.client.name} does")


def jellyfin(settings: Settings) -> Jellyfin:
    """Build the client of the settings' Jellyfin server."""
    key = settings.jellyfin_api_key
    client = ServerClient(
        "Jellyfin",
        settings.jellyfin_url,
        {"Authorization": f'MediaBrowser Token="{key}"'} if key else {},
        url_setting="BOZ_JELLYFIN_URL",
        key_setting="BOZ_JELLYFIN_API_KEY",
    )
    return Jellyfin(client, settings.jellyfin_path_map)


def emby(settings: Settings) -> Jellyfin:
    """Build the client of the settings' Emby server."""
    key = settings.emby_api_key
    base_url = settings.emby_url.rstrip("/").removesuffix("/emby")
    client = ServerClient(
        "Emby",
        f"{base_url}/emby",
        {"X-Emby-Token": key} if key else {},
        url_setting="BOZ_EMBY_URL",
        key_setting="BOZ_EMBY_API_KEY",
    )
    return Jellyfin(client, settings.emby_path_map)
