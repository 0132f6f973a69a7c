"""Discs as agents report them: put in, reported again, ejected."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

from boz_server.clock import Clock
from boz_server.context import Context
from boz_server.database.connection import Database
from boz_server.database.models import Disc
from boz_server.domain.discs.disc_states import DiscStatus, PreviewStatus
from boz_server.domain.identification.title_facts import TitleFacts, fingerprint
from boz_server.domain.queue.job_states import UNSTARTED, JobStatus
from boz_server.errors import AgentNotFound
from boz_server.repositories.agent_repository import AgentRepository
from boz_server.repositories.archive_repository import ArchiveRepository
from boz_server.repositories.disc_repository import DiscRepository
from boz_server.repositories.job_repository import Guard, JobRepository
from boz_server.repositories.paging import Page, PageRequest
from boz_server.services.discs.disc_findings import NOTHING, Findings
from boz_server.services.discs.disc_recall import DiscRecall
from boz_server.services.discs.disc_rules import found
from boz_server.services.discs.hands_free import is_clear
from boz_server.services.discs.lookup import DiscLookup
from boz_server.services.discs.preview_generator import Preview, PreviewGenerator
from boz_server.services.discs.thumbnails import Thumbnail, ThumbnailStore
from boz_server.services.queue import dispatcher, transitions
from boz_server.services.queue.transitions import DISC_GONE
from boz_server.services.seasons.tracker import SeasonTracker
from boz_server.settings import Settings

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ReportedDisc:
    """A disc as an agent reports it. findings: what providers know of it, once they were asked."""

    agent_id: str
    drive: str
    disc_name: str
    disc_type: str
    titles: Sequence[TitleFacts]
    thumbnails: Sequence[Thumbnail] = ()
    findings: Findings | None = None

    @property
    def fingerprint(self) -> str:
        """The same for the same disc in any drive."""
        return fingerprint(self.disc_name, self.titles)

    def title_columns(self) -> dict[int, dict[str, Any]]:
        """What was measured of each title, by its index."""
        columns: dict[int, dict[str, Any]] = {
            title.index: {
                "name": title.name,
                "duration_seconds": title.duration_seconds,
                "size_bytes": title.size_bytes,
                "chapters": title.chapters,
                "source_file": title.source_file or None,
                "segment_map": title.segment_map or None,
                "output_file": title.output_file or None,
                "thumbnail_timestamps": [],
            }
            for title in self.titles
        }
        for thumbnail in self.thumbnails:
            columns[thumbnail.title_index]["thumbnail_timestamps"].append(thumbnail.timestamp)
        return columns


class DiscManager:
    """Takes what agents report of their drives, and keeps discs and their names."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        database: Database,
        *,
        agents: AgentRepository,
        discs: DiscRepository,
        archive: ArchiveRepository,
        recall: DiscRecall,
        jobs: JobRepository,
        lookup: DiscLookup,
        previews: PreviewGenerator,
        seasons: SeasonTracker,
        context: Context,
        thumbnails: ThumbnailStore,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.database = database
        self.agents = agents
        self.discs = discs
        self.archive = archive
        self.recall = recall
        self.jobs = jobs
        self.lookup = lookup
        self.previews = previews
        self.seasons = seasons
        self.context = context
        self.thumbnails = thumbnails

    def looked_up(self, report: ReportedDisc) -> ReportedDisc:
        """Ask the providers about a disc, unless it is known already; outside of transactions.

        Raises AgentNotFound.
        """
        if self.agents.get(report.agent_id) is None:
            raise AgentNotFound(report.agent_id)
        with self.database.write_queue():
            present = self._in_drive(report)
        is_known = present is not None and present.fingerprint == report.fingerprint
        if is_known or self.discs.approved_before(report.fingerprint) is not None:
            return replace(report, findings=NOTHING)
        found = self.lookup.disc(report.disc_name, report.titles, report.fingerprint)
        return replace(report, findings=found)

    def detected(self, report: ReportedDisc) -> Disc:
        """Enter a disc with proposed names, or refresh it where it is the one known to lie there.

        Another disc in that drive counts as ejected. Raises AgentNotFound.
        """
        if report.findings is None:
            report = self.looked_up(report)
        with self.database.write_queue():
            # Two reports for one drive come one after the other, on any engine.
            if not self.agents.lock(report.agent_id):
                raise AgentNotFound(report.agent_id)
            # Again: since the providers were asked, what came back may have been put away.
            present = self._in_drive(report)
            if present is not None and present.fingerprint == report.fingerprint:
                disc = self._refresh(present.disc_id, report)
            else:
                if present is not None:
                    self._close(present)
                disc = self._enter(report)
            if disc.preview_status == PreviewStatus.APPROVED:
                # No one has to look at them any more.
                self.discs.drop_thumbnails(disc.disc_id)
                return self.get(disc.disc_id)
            # Before the commit: a title that names thumbnails has them.
            self.thumbnails.save(disc.disc_id, report.thumbnails)
            return disc

    def ejected(self, agent_id: str, drive: str) -> str | None:
        """Close the disc in a drive; returns its id, or None when none is known there."""
        with self.database.write_queue():
            if not self.agents.lock(agent_id):
                return None
            present = self.discs.in_drive(agent_id, drive)
            if present is None:
                return None
            self._close(present)
            return str(present.disc_id)

    def get(self, disc_id: str) -> Disc:
        """Return a disc with its titles, from the archive too; raises DiscNotFound."""
        return found(self.discs.get(disc_id) or self.archive.get(disc_id), disc_id)

    def page(self, request: PageRequest) -> Page[Disc]:
        """Return discs with their titles, the latest detected first."""
        return self.discs.page(request)

    def _in_drive(self, report: ReportedDisc) -> Disc | None:
        """Return the disc that is known to lie where one is reported, and may be that one. What
        the archive has that counts for another comes back first, be it the disc itself."""
        present = self.discs.in_drive(report.agent_id, report.drive)
        if present is not None and present.fingerprint == report.fingerprint:
            return present
        if self.recall.before(report.disc_name, report.titles, report.fingerprint):
            return self.discs.in_drive(report.agent_id, report.drive)
        return present

    def _enter(self, report: ReportedDisc) -> Disc:
        now = self.clock.now()
        disc_id = str(uuid4())
        before = self.discs.approved_before(report.fingerprint)
        preview = self._preview(report) if before is None else self.previews.again(before)
        titles = report.title_columns()
        self.discs.insert(
            [
                {"title_index": index} | titles[index] | proposal
                for index, proposal in preview.titles.items()
            ],
            disc_id=disc_id,
            agent=report.agent_id,
            drive=report.drive,
            disc_name=report.disc_name,
            disc_type=report.disc_type,
            fingerprint=report.fingerprint,
            detected_at=now,
            **preview.disc,
        )
        self.seasons.refresh([preview.disc["tv_season"]], now)
        disc = self.get(disc_id)
        if is_clear(self.settings, disc, was_approved=before is not None):
            self.discs.update(disc_id, preview_status=PreviewStatus.APPROVED)
            self.seasons.accept(disc, now)
            disc = self.get(disc_id)
        log.info("Disc detected", extra={"disc_id": disc_id, "disc_name": report.disc_name})
        return disc

    def _preview(self, report: ReportedDisc) -> Preview:
        return self.previews.identified(
            report.disc_name, report.fingerprint, report.titles, report.findings or NOTHING
        )

    def _refresh(self, disc_id: str, report: ReportedDisc) -> Disc:
        """Take over what was measured anew; what is proposed or decided stays."""
        for index, columns in report.title_columns().items():
            if not columns["thumbnail_timestamps"]:
                del columns["thumbnail_timestamps"]
            self.discs.update_title(disc_id, index, **columns)
        self.discs.update(disc_id, disc_type=report.disc_type)
        return self.get(disc_id)

    def _close(self, disc: Disc) -> None:
        """A disc has left its drive: what has not begun of it can't be done any more.

        The ids of its titles would rip another disc's, were its jobs left to the agent.
        """
        self.discs.update(disc.disc_id, status=DiscStatus.EJECTED)
        for job in self.jobs.unstarted_rips(disc.disc_id):
            transitions.end(
                self.context,
                job.job_id,
                JobStatus.FAILED,
                actor=f"agent:{disc.agent_id}",
                guard=Guard(only_from=UNSTARTED),
                detail=DISC_GONE,
                values={"error": DISC_GONE},
            )
        dispatcher.dispatch(self.context)
        log.info("Disc ejected", extra={"disc_id": disc.disc_id})
