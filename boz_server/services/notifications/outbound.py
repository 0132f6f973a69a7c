"""Puts together what goes out to other people's servers by way of the outbox."""

from dataclasses import dataclass

from boz_server.clock import Clock
from boz_server.database.connection import Database
from boz_server.domain.naming.media_library import LibraryType
from boz_server.integrations.discord import Discord
from boz_server.integrations.jellyfin import emby, jellyfin
from boz_server.integrations.plex import Plex
from boz_server.repositories.outbox_repository import OutboxRepository
from boz_server.services.notifications.discord import DISCORD, Notices
from boz_server.services.notifications.media_servers import MediaServer, MediaServers
from boz_server.services.notifications.outbox import Outbox, Sender
from boz_server.settings import Settings


@dataclass(frozen=True, slots=True)
class Outbound:
    """What tells others, and what sends it."""

    outbox: Outbox
    media_servers: MediaServers
    notices: Notices


def build_outbound(settings: Settings, clock: Clock, database: Database) -> Outbound:
    """Build a sender for whatever the settings enable; nothing is sent yet."""
    servers: dict[str, MediaServer] = {}
    if settings.plex_enabled:
        servers["plex"] = Plex(settings)
    if settings.jellyfin_enabled:
        servers["jellyfin"] = jellyfin(settings)
    if settings.emby_enabled:
        servers["emby"] = emby(settings)
    senders = {name: _scans_by(server) for name, server in servers.items()}
    if settings.discord_enabled:
        senders[DISCORD] = _posts_by(Discord(settings.discord_webhook_url or ""))
    outbox = Outbox(clock, database, OutboxRepository(database), senders)
    return Outbound(
        outbox=outbox,
        media_servers=MediaServers(settings, outbox, servers),
        notices=Notices(settings, outbox),
    )


def _scans_by(server: MediaServer) -> Sender:
    return lambda payload, deadline: server.scan(
        payload["folder"], LibraryType(payload["media_type"]), deadline
    )


def _posts_by(discord: Discord) -> Sender:
    return lambda payload, deadline: discord.post(payload["content"], deadline)
