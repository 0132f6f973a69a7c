"""Notifications for people in a Discord channel: what became of jobs and files.

Every function that enters one runs inside the `write()` that makes the change it reports.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from boz_server.context import Context
from boz_server.database.models import Job
from boz_server.domain.queue.job_states import JobType
from boz_server.domain.text import one_line
from boz_server.integrations.discord import Discord
from boz_server.services.notifications.outbox import Sender
from boz_server.settings import Settings

#: The kind of these messages in the outbox.
KIND = "discord"
#: An error is cut at this length, a name at the other.
ERROR_LENGTH, NAME_LENGTH = 1000, 300
#: What Discord would read as formatting; our own words have none of it.
_MARKUP = re.compile(r"([\\*_~`|>#\[\]<])")

_DONE = {JobType.RIP: "Ripped", JobType.TRANSCODE: "Transcoded"}
_FAILED = {
    JobType.RIP: "Rip failed",
    JobType.TRANSCODE: "Transcode failed",
    JobType.ORGANIZE: "Filing into the library failed",
}


def job_completed(context: Context, job: Job) -> None:
    """Report a rip or a transcode that is done; other jobs are not reported."""
    if context.settings.discord_notify_on_complete and job.job_type in _DONE:
        _post(context, f"✅ {_DONE[job.job_type]}: {_name(job)}")


def job_failed(context: Context, job: Job) -> None:
    """Report a job that has failed and will not be retried automatically."""
    if context.settings.discord_notify_on_failure:
        reason = one_line(job.error, ERROR_LENGTH) or "no reason was given"
        _post(context, f"❌ {_FAILED[job.job_type]}: {_name(job)}: {reason}")


def job_stalled(context: Context, job: Job, reason: str) -> None:
    """Report a job that stands still, with what to do about it."""
    if context.settings.discord_notify_on_failure:
        _post(context, f"⚠️ Stands still: {_name(job)}: {one_line(reason, ERROR_LENGTH)}")


def organized(context: Context, job: Job, path: Path) -> None:
    """Report the path at which a job's file is in the library."""
    if context.settings.discord_notify_on_organized:
        _post(context, f"📁 In the library: {_name(job)} ({path})")


def storage_low(context: Context, text: str) -> None:
    """Report a disk that is filling up; a new report replaces one that was not sent yet."""
    _post(context, f"⚠️ {text}", key="storage_low")


def senders(settings: Settings) -> Mapping[str, Sender]:
    """Build what posts to the channel: {kind: sender}, empty when Discord is disabled."""
    if not settings.discord_enabled:
        return {}
    discord = Discord(settings.discord_webhook_url or "")
    return {KIND: lambda payload, deadline: discord.post(payload["content"], deadline)}


def _post(context: Context, text: str, key: str | None = None) -> None:
    if context.settings.discord_enabled:
        payload = {"content": _MARKUP.sub(r"\\\1", text)}
        context.stores.outbox.enter(KIND, payload, context.clock.now(), key=key)


def _name(job: Job) -> str:
    """Name a job by its file and disc, as people know it."""
    name = one_line(job.output_name, NAME_LENGTH) or one_line(job.input_file, NAME_LENGTH)
    label = one_line(job.source_disc_name, NAME_LENGTH)
    return (name or f"job {job.job_id}") + (f" ({label})" if label else "")
