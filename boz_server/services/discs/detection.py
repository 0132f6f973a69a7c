"""Discs as agents report them: put in, back, reported again, ejected.

A report is handled in one direction: look the disc up, outside of any transaction; then, in one
transaction, read what is known of it, propose its names, and write them.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import uuid4

from boz_server.context import Context
from boz_server.database.models import Disc, Title
from boz_server.domain.discs.disc_states import DiscStatus, PreviewStatus
from boz_server.domain.discs.proposals import change
from boz_server.domain.identification.layout import DiscFacts
from boz_server.domain.identification.title_facts import TitleFacts
from boz_server.errors import AgentNotFound, DiscNotFound
from boz_server.repositories.paging import Page, PageRequest
from boz_server.services.collection import archive
from boz_server.services.discs import ejection, inheritance, lookup
from boz_server.services.discs.identify import facts_of
from boz_server.services.discs.lookup import NOTHING, Findings
from boz_server.services.discs.preview_generator import PreviewGenerator, is_clear, put_preview
from boz_server.services.discs.thumbnails import Thumbnail, store_of
from boz_server.services.machines import presence
from boz_server.services.metadata.lookup import Metadata
from boz_server.services.queue import leases
from boz_server.services.seasons import tracker

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ReportedDisc:
    """A disc as an agent reports it."""

    agent_id: str
    drive: str
    disc_name: str
    disc_type: str
    titles: Sequence[TitleFacts]
    thumbnails: Sequence[Thumbnail] = ()
    content_hash: str | None = None

    def measured(self, title: TitleFacts) -> dict[str, Any]:
        """Return the columns of a title that were measured; a title without new thumbnails keeps
        its old ones."""
        columns = {
            "name": title.name,
            "duration_seconds": title.duration_seconds,
            "size_bytes": title.size_bytes,
            "chapters": title.chapters,
            "source_file": title.source_file or None,
            "segment_map": title.segment_map or None,
            "output_file": title.output_file or None,
        }
        at = [each.timestamp for each in self.thumbnails if each.title_index == title.index]
        return columns | {"thumbnail_timestamps": at} if at else columns


@dataclass(frozen=True, slots=True)
class LookedUp:
    """A reported disc, and what providers know of it."""

    report: ReportedDisc
    facts: DiscFacts
    findings: Findings


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of a reported disc.

    present: its record, if we believe it is in that drive already; other: the other disc that we
    believe is there. left: its record with an agent that was this one before it restarted. awaited:
    its record, if it left a drive lately and comes back now. accepted: the latest record of the
    same disc whose names were accepted. is_quiet: whether the agent has sent nothing else lately.
    """

    present: Disc | None = None
    other: Disc | None = None
    left: Disc | None = None
    awaited: Disc | None = None
    accepted: Disc | None = None
    is_quiet: bool = False

    @property
    def is_new(self) -> bool:
        """Whether no record tells what the disc is."""
        known = (self.present, self.left, self.awaited, self.accepted)
        return all(record is None for record in known)


def look_up(context: Context, metadata: Metadata, report: ReportedDisc) -> LookedUp:
    """Ask the providers about a disc, unless it is known. Raises AgentNotFound."""
    facts = facts_of(context, report.disc_name, report.titles, report.content_hash)
    if not (metadata.has_tv or metadata.has_films or metadata.has_discs):
        return LookedUp(report, facts, NOTHING)
    with context.database.write_queue():
        known = _read(context, report, facts)
    if not known.is_new:
        return LookedUp(report, facts, NOTHING)
    return LookedUp(report, facts, lookup.disc(context, metadata, facts))


def enter(context: Context, disc: LookedUp) -> Disc:
    """Enter a disc with proposed names; a disc that is in that drive already, or was lately in a
    drive of the agent, is updated.

    Another disc in that drive counts as ejected. What `look_up` has read is read again, as it may
    have changed since. Raises AgentNotFound.
    """
    report = disc.report
    with context.database.write_queue():
        known = _read(context, report, disc.facts)
        present = known.present
        if known.left is not None:
            present = inheritance.take_over(context, known.left, report.agent_id)
        if present is not None:
            entered = _update(context, present, report)
        else:
            if known.other is not None:
                ejection.close(context, known.other)
            if known.awaited is not None:
                entered = _update(context, known.awaited, report)
                ejection.come_back(context, entered, report.drive)
            else:
                entered = _insert(context, disc, known.accepted)
            leases.suspect_rips(context, report.agent_id, report.drive)
        if known.is_quiet:
            # Not before: what waits for the agent may be of a disc that is no longer there.
            presence.hear(context, report.agent_id)
        if entered.preview_status == PreviewStatus.APPROVED:
            # Nobody has to look at the thumbnails.
            context.stores.discs.drop_thumbnails(entered.disc_id)
            return get(context, entered.disc_id)
        if report.thumbnails:
            # Before the commit: a title that names thumbnails has them.
            store_of(context).save(entered.disc_id, report.thumbnails)
        return entered


def ejected(context: Context, agent_id: str, drive: str) -> str | None:
    """Close the disc in a drive; returns its id, or None when none is known there."""
    with context.database.write_queue():
        if not context.stores.agents.lock(agent_id):
            return None
        present = context.stores.discs.in_drive(agent_id, drive)
        if present is not None:
            ejection.close(context, present)
        presence.hear(context, agent_id)
        return None if present is None else str(present.disc_id)


def get(context: Context, disc_id: str) -> Disc:
    """Return a disc with its titles, from the archive too; raises DiscNotFound."""
    disc = context.stores.discs.get(disc_id) or context.stores.archive.get(disc_id)
    if disc is None:
        raise DiscNotFound(disc_id)
    return disc


def page(context: Context, request: PageRequest) -> Page[Disc]:
    """Return discs with their titles, the latest detected first."""
    return context.stores.discs.page(request)


def _read(context: Context, report: ReportedDisc, facts: DiscFacts) -> _Known:
    """Read what is known of a disc, and of the agent that reports it. Raises AgentNotFound."""
    context.database.require_queue()
    agent = context.stores.agents.get(report.agent_id)
    if agent is None:
        raise AgentNotFound(report.agent_id)
    known = _recognise(context, report, facts)
    return replace(known, is_quiet=presence.is_quiet(context, agent))


def _recognise(context: Context, report: ReportedDisc, facts: DiscFacts) -> _Known:
    """Read what is known of a disc, after restoring from the archive what bears on it."""
    stores = context.stores
    there, records = _find(context, report, facts.fingerprint)
    if there not in records and archive.restore_related(context, facts):
        # The disc itself may have come back.
        there, records = _find(context, report, facts.fingerprint)
    left = inheritance.left_behind(context, report.agent_id, report.drive, records)
    if there in records:
        return _Known(present=stores.discs.get(there.disc_id), left=left)
    if left is not None:
        return _Known(other=there, left=left)
    awaited = ejection.awaited(context, report.agent_id, records)
    if awaited is not None:
        return _Known(other=there, awaited=awaited)
    approved = (each for each in records if each.preview_status == PreviewStatus.APPROVED)
    latest = next(approved, None)
    accepted = None if latest is None else stores.discs.get(latest.disc_id)
    return _Known(other=there, accepted=accepted)


def _find(
    context: Context, report: ReportedDisc, fingerprint: str
) -> tuple[Disc | None, list[Disc]]:
    """Return the disc that we believe is in the drive of a report, and the records of the reported
    disc, the latest detected first."""
    place = report.agent_id, report.drive
    found = context.stores.discs.candidates(*place, fingerprint)
    there = (
        disc
        for disc in found
        if disc.status != DiscStatus.EJECTED and (disc.agent_id, disc.drive) == place
    )
    return next(there, None), [disc for disc in found if disc.fingerprint == fingerprint]


def _update(context: Context, disc: Disc, report: ReportedDisc) -> Disc:
    """Store what was measured anew; what is proposed or decided stays."""
    titles = {title.title_index: title for title in disc.titles}
    for facts in report.titles:
        change(titles[facts.index], report.measured(facts))
    change(disc, {"disc_type": report.disc_type})
    if report.content_hash:
        change(disc, {"content_hash": report.content_hash})
    context.stores.discs.save(disc)
    return disc


def _insert(context: Context, looked_up: LookedUp, accepted: Disc | None) -> Disc:
    """Write a new disc with what is proposed of it; approve it if the settings allow that."""
    previews = PreviewGenerator(context)
    if accepted is not None:
        preview = previews.again(accepted)
    else:
        preview = previews.identified(looked_up.facts, looked_up.findings)
    disc = _new_disc(looked_up.report, looked_up.facts.fingerprint, context.clock.now())
    put_preview(context, disc, preview, disc.detected_at, is_new=True)
    if is_clear(context.settings, disc, was_approved=accepted is not None):
        context.stores.discs.decide(disc.disc_id, PreviewStatus.APPROVED)
        disc.preview_status = PreviewStatus.APPROVED
        tracker.accept(context, disc, disc.detected_at)
    log.info("Disc detected", extra={"disc_id": disc.disc_id, "disc_name": disc.disc_name})
    return disc


def _new_disc(report: ReportedDisc, fingerprint: str, now: datetime) -> Disc:
    """Return a disc in memory with what was measured, and nothing proposed yet."""
    disc = Disc(
        disc_id=str(uuid4()),
        agent=report.agent_id,
        drive=report.drive,
        disc_name=report.disc_name,
        disc_type=report.disc_type,
        content_hash=report.content_hash,
        fingerprint=fingerprint,
        detected_at=now,
    )
    disc.titles = [
        Title(disc=disc.disc_id, title_index=each.index, **report.measured(each))
        for each in sorted(report.titles, key=lambda title: title.index)
    ]
    return disc
