"""Where a finished file goes in the library: by what is known about its title, else by its name."""

from boz_server.context import Context
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
from boz_server.settings import Settings


def roots(settings: Settings) -> Roots:
    """Return the library's folders for films and for shows."""
    return Roots(settings.nas_movie_path, settings.nas_tv_path)


def path_of_result(context: Context, job: Job, filename: str) -> str:
    """Return the path of a job's result, which was uploaded under that name.

    The disc's preview takes precedence over the names of job and file.
    """
    extension = split_extension(filename)[1]
    named = name_of(job)
    proposed = _proposed(context, job)
    if proposed is not None:
        name = named if job.is_named_by_person else None
        return proposed_path(proposed, _bare(name, extension), extension, roots(context.settings))
    name = _bare(named, extension) or filename.removesuffix(extension)
    return path_of_name(context.settings, safe_component(name + extension))


def name_of(job: Job) -> str | None:
    """Return the name of a job's result, without an extension; None when none is known."""
    return job.library_name or job.output_name


def path_of_name(settings: Settings, filename: str) -> str:
    """Return the path of a file without a job."""
    return named_path(filename, roots(settings))


def path_of_description(settings: Settings, name: str, extension: str, described: Described) -> str:
    """Return the path of a file that a user described. Raises Refused for an episode without its
    season and number."""
    try:
        return described_path(name, extension, described, roots(settings))
    except ValueError as error:
        raise Refused(
            "An episode needs its season and its number: send season and episode."
        ) from error


def _proposed(context: Context, job: Job) -> Proposed | None:
    if job.disc_id is None or job.title_index is None:
        return None
    title = context.stores.discs.title(job.disc_id, job.title_index)
    if title is None or title.proposed_filename is None or not title.proposed_path:
        return None
    return Proposed(title.proposed_path, title.proposed_filename, title.is_extra)


def _bare(name: str | None, extension: str) -> str | None:
    """Return a name without the extension that will be added to it."""
    return name.removesuffix(extension) if name else None
