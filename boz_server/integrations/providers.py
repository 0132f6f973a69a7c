"""The providers that the settings have keys for, and the disc database."""

from dataclasses import dataclass
from typing import Protocol

from boz_server.domain.metadata.answers import Film
from boz_server.integrations.json_client import JSONClient
from boz_server.integrations.omdb import OMDb
from boz_server.integrations.thediscdb import TheDiscDb
from boz_server.integrations.thetvdb import TheTVDB
from boz_server.integrations.tmdb import TMDb
from boz_server.settings import Settings


class FilmProvider(Protocol):
    """A provider of films. Both methods may raise ProviderUnavailable."""

    provider: str
    client: JSONClient

    def search(self, title: str, year: int | None, deadline: float) -> list[Film]:
        """Return films with that title or a similar one."""

    def film(self, external_id: str, deadline: float) -> Film | None:
        """Return the film with one of the provider's ids, and its running time."""


@dataclass(frozen=True, slots=True)
class Providers:
    """The providers that can be asked; None or empty without a key, or if it is turned off."""

    tv: TheTVDB | None
    films: tuple[FilmProvider, ...]
    discs: TheDiscDb | None


def configured(settings: Settings) -> Providers:
    """Build a client for each provider with a key; sends nothing yet."""
    tv, films = None, list[FilmProvider]()
    if settings.thetvdb_api_key:
        client = JSONClient("TheTVDB", settings.thetvdb_url)
        tv = TheTVDB(client, settings.thetvdb_api_key, settings.tv_order)
    if settings.omdb_api_key:
        films.append(OMDb(JSONClient("OMDb", settings.omdb_url), settings.omdb_api_key))
    if settings.tmdb_api_key:
        films.append(TMDb(JSONClient("TMDb", settings.tmdb_url), settings.tmdb_api_key))
    discs = TheDiscDb(settings.thediscdb_url) if settings.thediscdb_enabled else None
    return Providers(tv, tuple(films), discs)
