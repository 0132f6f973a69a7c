"""Where a file goes in the library: by what is known of its title, else by its name."""

from boz_server.database.models import Job
from boz_server.domain.naming.library_paths import (
    Described,
    Proposed,
    Roots,
    described_path,
    named_path,
    proposed_path,
)
from boz_server.domain.naming.names import safe_component, split_extension
from boz_server.errors import Refused
from boz_server.repositories.disc_repository import DiscRepository
from boz_server.settings import Settings


class LibraryPlaces:
    """Decides on paths below the library's root; what the preview said beats what a name says."""

    def __init__(self, settings: Settings, discs: DiscRepository) -> None:
        self.discs = discs
        self.roots = Roots(settings.nas_movie_path, settings.nas_tv_path)

    def of_job(self, job: Job, filename: str) -> str:
        """Where the result of a job goes, which has come as a file of that name."""
        extension = split_extension(filename)[1]
        proposed = self._proposed(job)
        if proposed is not None:
            name = job.output_name if job.is_named_by_person else None
            return proposed_path(proposed, _bare(name, extension), extension, self.roots)
        name = _bare(job.output_name, extension) or filename.removesuffix(extension)
        return self.of_name(safe_component(name + extension))

    def of_name(self, filename: str) -> str:
        """Where a file goes that belongs to no job."""
        return named_path(filename, self.roots)

    def described(self, name: str, extension: str, said: Described) -> str:
        """Where a file goes that a person has described. Raises Refused for an episode without
        season and number."""
        try:
            return described_path(name, extension, said, self.roots)
        except ValueError as error:
            raise Refused(
                "An episode needs its season and its number: send season and episode."
            ) from error

    def _proposed(self, job: Job) -> Proposed | None:
        if job.disc_id is None or job.title_index is None:
            return None
        title = self.discs.title(job.disc_id, job.title_index)
        if title is None or title.proposed_filename is None or not title.proposed_path:
            return None
        return Proposed(title.proposed_path, title.proposed_filename, title.is_extra)


def _bare(name: str | None, extension: str) -> str | None:
    """A name without the extension that it gets."""
    return name.removesuffix(extension) if name else None
