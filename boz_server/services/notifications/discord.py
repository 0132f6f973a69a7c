"""Notices for people: what became of jobs and files, posted to a Discord channel."""

import re
from pathlib import Path

from boz_server.database.models import Job
from boz_server.domain.queue.job_states import JobType
from boz_server.integrations.values import text
from boz_server.services.notifications.outbox import Outbox
from boz_server.settings import Settings

#: Who sends them.
DISCORD = "discord"
#: Of a machine's error, so much: the beginning, on one line.
ERROR_LENGTH = 1000
#: What Discord would take for formatting.
_MARKUP = re.compile(r"([\\*_~`|>#\[\]<])")

_DONE = {JobType.RIP: "Ripped", JobType.TRANSCODE: "Transcoded"}
_FAILED = {
    JobType.RIP: "Rip failed",
    JobType.TRANSCODE: "Transcode failed",
    JobType.ORGANIZE: "Filing into the library failed",
}


class Notices:
    """Enters notices into the outbox, as far as the settings want them.

    Every method runs inside the `write()` of the caller, who makes the change that it tells of.
    """

    def __init__(self, settings: Settings, outbox: Outbox) -> None:
        self.settings = settings
        self.outbox = outbox

    def job_completed(self, job: Job) -> None:
        """Tell that a rip or a transcode is done."""
        if self.settings.discord_notify_on_complete and job.job_type in _DONE:
            self._post(f"✅ {_DONE[job.job_type]}: {_name(job)}")

    def job_failed(self, job: Job) -> None:
        """Tell that a job has failed, and is not tried again by itself."""
        if self.settings.discord_notify_on_failure:
            reason = text(job.error, ERROR_LENGTH) or "no reason was given"
            self._post(f"❌ {_FAILED[job.job_type]}: {_name(job)}: {_plain(reason)}")

    def organized(self, job: Job, path: Path) -> None:
        """Tell that a job's file is in the library, at this path."""
        if self.settings.discord_notify_on_organized:
            self._post(f"📁 In the library: {_name(job)} ({_plain(str(path))})")

    def storage_low(self, notice: str) -> None:
        """Tell that a disk is filling up; one such notice waits at a time."""
        self._post(f"⚠️ {_plain(notice)}", key="storage_low")

    def _post(self, content: str, key: str | None = None) -> None:
        if self.settings.discord_enabled:
            self.outbox.enter(DISCORD, {"content": content}, key=key)


def _name(job: Job) -> str:
    """Call a job what people know it by."""
    name = text(job.output_name) or text(job.input_file) or f"job {job.job_id}"
    label = text(job.source_disc_name)
    return _plain(f"{name} ({label})" if label else name)


def _plain(words: str) -> str:
    return _MARKUP.sub(r"\\\1", words)
