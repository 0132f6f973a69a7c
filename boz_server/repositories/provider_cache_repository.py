"""The answers of TheTVDB, OMDb and TMDb, in the database."""

from datetime import datetime
from typing import Any

import peewee

from boz_server.database.models import ProviderAnswer

#: Rows that one transaction deletes, so that requests never wait for it.
BATCH = 500


class ProviderCacheRepository:
    """Queries on answers."""

    def get(self, provider: str, key: str) -> ProviderAnswer | None:
        """Return the stored answer to a question, or None."""
        return ProviderAnswer.get_or_none(
            ProviderAnswer.provider == provider, ProviderAnswer.key == key
        )

    def put(self, provider: str, key: str, answer: list[dict[str, Any]], now: datetime) -> None:
        """Store an answer, in place of an earlier one."""
        (
            ProviderAnswer.insert(provider=provider, key=key, answer=answer, fetched_at=now)
            .on_conflict(
                conflict_target=[ProviderAnswer.provider, ProviderAnswer.key],
                preserve=[ProviderAnswer.answer, ProviderAnswer.fetched_at],
            )
            .execute()
        )

    def delete_older(self, than: datetime) -> int:
        """Delete a batch of answers from before then; returns how many."""
        old = (
            ProviderAnswer.select(ProviderAnswer.provider, ProviderAnswer.key)
            .where(ProviderAnswer.fetched_at < than)
            .order_by(ProviderAnswer.fetched_at)
            .limit(BATCH)
        )
        query = ProviderAnswer.delete().where(
            peewee.Tuple(ProviderAnswer.provider, ProviderAnswer.key).in_(old),
            # Another process may have stored a new answer meanwhile.
            ProviderAnswer.fetched_at < than,
        )
        return int(query.execute())
