"""Plex, Jellyfin, Emby and Discord, as their documentation has them; see integrations/ for where.

with FakeMediaServers() as others:
    settings = replace(settings, **others.settings("plex", "discord"))
    others.fail("401", provider="plex")
    ...
    assert others.scans("plex") == ["/nas/Movies/Serenity (2005)"]
"""

import re
from typing import Any

from tests.fake_servers import Answer, Asked, FakeServers

#: The key that all of them accept; Discord's is part of its address.
KEY = "the-key"
PAGE_401 = b"<html><head><title>Unauthorized</title></head></html>"
#: Title and type of each section, for Plex and for the others.
PLEX_LIBRARIES = {"1": ("Films", "movie"), "2": ("Shows", "show"), "3": ("More films", "movie")}
OTHER_LIBRARIES = {"1": ("Films", "movies"), "2": ("Shows", "tvshows"), "3": ("More", "movies")}


class FakeMediaServers(FakeServers):
    """Servers that have /nas/Movies and /nas/TV Shows in two libraries, unless told otherwise."""

    def __init__(self) -> None:
        self.folders = {"1": ["/nas/Movies"], "2": ["/nas/TV Shows"]}
        super().__init__()

    def settings(self, *names: str) -> dict[str, Any]:
        """Settings with these servers enabled."""
        found: dict[str, Any] = {f"{name}_enabled": True for name in names}
        for name in names:
            if name == "discord":
                found["discord_webhook_url"] = f"{self.url}/discord/webhooks/1/{KEY}"
            else:
                # Emby puts its own name behind its address.
                found[f"{name}_url"] = self.url if name == "emby" else f"{self.url}/{name}"
                found["plex_token" if name == "plex" else f"{name}_api_key"] = KEY
        return found

    def scans(self, name: str) -> list[str | None]:
        """The folders that a server was asked to scan, in order; None for a whole library."""
        asked = [each for each in self.requests if each.provider == name]
        if name == "plex":
            return [each.params.get("path") for each in asked if each.path.endswith("/refresh")]
        return [update["Path"] for each in asked if each.body for update in each.body["Updates"]]

    def posts(self) -> list[str]:
        """What was posted to Discord, in order."""
        return [each.body["content"] for each in self.requests if each.provider == "discord"]

    def right_answer(self, asked: Asked) -> Answer:
        if asked.provider == "discord":
            is_ours = (asked.method, asked.path) == ("POST", f"/webhooks/1/{KEY}")
            return (204, b"") if is_ours else (404, {"message": "Unknown Webhook", "code": 10015})
        if asked.provider == "plex":
            return self._plex(asked)
        return self._jellyfin(asked) if asked.provider in ("jellyfin", "emby") else (404, b"")

    def _plex(self, asked: Asked) -> Answer:
        if asked.headers.get("X-Plex-Token") != KEY:
            return 401, PAGE_401
        refresh = re.fullmatch(r"/library/sections/(\w+)/refresh", asked.path)
        if asked.method != "GET" or (refresh and refresh[1] not in self.folders):
            return 404, b""
        if refresh:
            return 200, b""
        if asked.path == "/library/sections":
            libraries = [
                {
                    "key": key,
                    "title": PLEX_LIBRARIES[key][0],
                    "type": PLEX_LIBRARIES[key][1],
                    "Location": [{"id": index, "path": path} for index, path in enumerate(paths)],
                }
                for key, paths in self.folders.items()
            ]
            return 200, {"MediaContainer": {"size": len(libraries), "Directory": libraries}}
        if asked.path == "/":
            return 200, {"MediaContainer": {"friendlyName": "Den", "version": "1.41.0.8994"}}
        return 404, b""

    def _jellyfin(self, asked: Asked) -> Answer:
        sent = {"jellyfin": f'MediaBrowser Token="{KEY}"', "emby": KEY}[asked.provider]
        header = {"jellyfin": "Authorization", "emby": "X-Emby-Token"}[asked.provider]
        if asked.headers.get(header) != sent:
            return 401, b""
        match asked.method, asked.path:
            case "GET", "/System/Info":
                return 200, {"ServerName": "Attic", "Version": "10.10.3", "Id": "f00"}
            case "GET", "/Library/VirtualFolders":
                return 200, [
                    {
                        "Name": OTHER_LIBRARIES[key][0],
                        "CollectionType": OTHER_LIBRARIES[key][1],
                        "ItemId": key,
                        "Locations": paths,
                    }
                    for key, paths in self.folders.items()
                ]
            case "POST", "/Library/Media/Updated":
                return (204 if asked.provider == "jellyfin" else 200), b""
        return 404, b""
