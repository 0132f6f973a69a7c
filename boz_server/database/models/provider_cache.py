"""Answers of TheTVDB, OMDb, TMDb and TheDiscDb."""

import peewee

from boz_server.database.fields import JSONField, UTCDateTimeField
from boz_server.database.models.base import BaseModel, index


class ProviderAnswer(BaseModel):
    """The latest answer of one provider to one question."""

    #: "thetvdb", "omdb", "tmdb" or "thediscdb".
    provider = peewee.CharField(max_length=20)
    #: The question, such as "film_id:tt0133093" (see services/metadata).
    key = peewee.CharField(max_length=300)
    #: List of the films, shows, episodes or discs found (see domain/metadata); empty if there were
    #: none.
    answer = JSONField()
    fetched_at = UTCDateTimeField()

    class Meta:
        table_name = "provider_cache"
        primary_key = peewee.CompositeKey("provider", "key")


index("idx_provider_cache_age", ProviderAnswer, ProviderAnswer.fetched_at)
