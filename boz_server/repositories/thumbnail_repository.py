"""What titles and jobs say of their thumbnails, in the database."""

from typing import NamedTuple

from boz_server.database.models import Disc, Job, Title
from boz_server.domain.discs.disc_states import DiscStatus, PreviewStatus
from boz_server.domain.queue.job_states import OPEN


class Shown(NamedTuple):
    """The thumbnails of one title of a disc, or of a job, that someone may still look at.

    owner_id: the disc's id, or the job's. seconds: the thumbnails' timestamps.
    """

    owner_id: str
    title_index: int
    seconds: list[int]


class ThumbnailRepository:
    """Queries on thumbnails; an owner is a disc or a job, by its id."""

    def shown(self, owner_id: str) -> list[Shown]:
        """Return what is shown of a disc in its drive whose names are not approved, or of a job
        that is not over; nothing of others."""
        titles = (
            Title.select(Title.title_index, Title.thumbnail_timestamps)
            .join(Disc)
            .where(
                Disc.disc_id == owner_id,
                Disc.preview_status != PreviewStatus.APPROVED,
                Disc.status != DiscStatus.EJECTED,
            )
        )
        jobs = Job.select(Job.title_index, Job.thumbnail_timestamps).where(
            Job.job_id == owner_id, Job.status.in_(list(OPEN))
        )
        return [
            Shown(owner_id, one.title_index or 0, one.thumbnail_timestamps)
            for query in (titles, jobs)
            for one in query
        ]

    def clear(self, owner_id: str) -> None:
        """Note that no thumbnails are kept of a disc's titles, or of a job, any more."""
        Title.update(thumbnail_timestamps=[]).where(Title.disc == owner_id).execute()
        Job.update(thumbnail_timestamps=[]).where(Job.job_id == owner_id).execute()

    def set_seconds(self, shown: Shown, seconds: list[int]) -> None:
        """Note which thumbnails are left of a title or job."""
        Title.update(thumbnail_timestamps=seconds).where(
            Title.disc == shown.owner_id, Title.title_index == shown.title_index
        ).execute()
        Job.update(thumbnail_timestamps=seconds).where(Job.job_id == shown.owner_id).execute()
