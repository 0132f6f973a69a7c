"""The processes' leadership, the runs of maintenance steps, and answers to repeated requests."""

from datetime import UTC, datetime, timedelta

import peewee

from boz_server.database.models import IdempotencyKey, Lease, MaintenanceRun

#: The name of the leadership: there is one.
LEADERSHIP = "maintenance"
#: Stands for a leadership that was never renewed.
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
#: Keys that one transaction deletes, so that requests never wait for it.
BATCH = 500


class MaintenanceRepository:
    """Queries on leaderships, runs and idempotency keys."""

    def leadership(self) -> Lease | None:
        """Return the leadership with its holder, or None when nobody entered it."""
        return Lease.get_or_none(Lease.name == LEADERSHIP)

    def enter_leadership(self) -> None:
        """Enter the leadership without a holder, unless it is there already."""
        row = Lease.insert(name=LEADERSHIP, holder=None, renewed_at=NEVER)
        row.on_conflict("NOTHING").execute()

    def take_leadership(self, holder: str, now: datetime, term: timedelta) -> bool:
        """Take or renew the leadership; False while another process has it.

        A renewal in the future does not count: the clock was put back.
        """
        free = (
            (Lease.holder == holder)
            | Lease.holder.is_null()
            | (Lease.renewed_at <= now - term)
            | (Lease.renewed_at > now)
        )
        query = Lease.update(holder=holder, renewed_at=now).where(Lease.name == LEADERSHIP, free)
        return bool(query.execute())

    def drop_leadership(self, holder: str) -> None:
        """Give up the leadership; another process may take it at once."""
        query = Lease.update(holder=None)
        query.where(Lease.name == LEADERSHIP, Lease.holder == holder).execute()

    def record(
        self, step: str, started_at: datetime, duration_seconds: float, error: str | None
    ) -> None:
        """Record how the latest run of a step went."""
        (
            MaintenanceRun.insert(
                step=step, started_at=started_at, duration_seconds=duration_seconds, error=error
            )
            .on_conflict(
                conflict_target=[MaintenanceRun.step],
                preserve=[
                    MaintenanceRun.started_at,
                    MaintenanceRun.duration_seconds,
                    MaintenanceRun.error,
                ],
            )
            .execute()
        )

    def runs(self) -> dict[str, MaintenanceRun]:
        """Return the latest run of each step, by its name."""
        return {run.step: run for run in MaintenanceRun.select()}

    def enter_key(
        self, endpoint: str, key: str, body_hash: str, answer: str, now: datetime
    ) -> None:
        """Store the answer to a request under its Idempotency-Key."""
        IdempotencyKey.create(
            endpoint=endpoint, key=key, body_hash=body_hash, answer=answer, created_at=now
        )

    def key(self, endpoint: str, key: str) -> IdempotencyKey | None:
        """Return a key with its answer, or None."""
        return IdempotencyKey.get_or_none(
            IdempotencyKey.endpoint == endpoint, IdempotencyKey.key == key
        )

    def delete_key(self, endpoint: str, key: str) -> None:
        """Delete one key."""
        IdempotencyKey.delete().where(
            IdempotencyKey.endpoint == endpoint, IdempotencyKey.key == key
        ).execute()

    def delete_older_keys(self, than: datetime) -> int:
        """Delete a batch of keys from before then; returns how many."""
        old = (
            IdempotencyKey.select(IdempotencyKey.endpoint, IdempotencyKey.key)
            .where(IdempotencyKey.created_at < than)
            .order_by(IdempotencyKey.created_at)
            .limit(BATCH)
        )
        key = peewee.Tuple(IdempotencyKey.endpoint, IdempotencyKey.key)
        return int(IdempotencyKey.delete().where(key.in_(old)).execute())
