"""What a person says that a disc is; everything is then worked out anew."""

import logging
from dataclasses import replace

from boz_server.clock import Clock
from boz_server.database.connection import Database
from boz_server.database.models import Disc
from boz_server.domain.discs.disc_states import PreviewStatus
from boz_server.domain.identification.identity import Identity, read_label
from boz_server.domain.identification.media_type import MediaType
from boz_server.errors import Refused
from boz_server.repositories.disc_repository import DiscRepository
from boz_server.services.discs.disc_findings import Findings, told, with_findings
from boz_server.services.discs.disc_rules import facts_of, found, require_undecided
from boz_server.services.discs.identify import DiscIdentifier
from boz_server.services.discs.lookup import DiscLookup
from boz_server.services.discs.preview_generator import PreviewGenerator
from boz_server.services.seasons.tracker import SeasonTracker

log = logging.getLogger(__name__)


class DiscOverrides:
    """Takes a person's word; providers are asked before the one transaction of each."""

    def __init__(
        self,
        clock: Clock,
        database: Database,
        *,
        discs: DiscRepository,
        lookup: DiscLookup,
        identifier: DiscIdentifier,
        previews: PreviewGenerator,
        seasons: SeasonTracker,
    ) -> None:
        self.clock = clock
        self.database = database
        self.discs = discs
        self.lookup = lookup
        self.identifier = identifier
        self.previews = previews
        self.seasons = seasons

    def update_season(self, disc_id: str, season_number: int, starting_episode: int) -> Disc:
        """Number and name a TV disc anew. Raises Refused when it is none."""
        disc = self._read(disc_id)
        _require_show(disc)
        findings = self.lookup.show(disc.tv_show_name or "", disc.thetvdb_series_id)
        with self.database.write_queue():
            disc = self._hold(disc_id)
            _require_show(disc)
            series_id = disc.thetvdb_series_id
            if series_id is None and findings.show is not None:
                series_id = findings.show.series.series_id
            identity = Identity(
                MediaType.TV_SHOW,
                disc.tv_show_name or "",
                season_number=season_number,
                starting_episode=starting_episode,
                series_id=series_id,
                candidates=tuple(disc.candidates),
            )
            return self._identify_as(disc, identity, findings)

    def override_media_type(self, disc_id: str, identity: Identity) -> Disc:
        """Take a person's word for what a disc is; what they leave out, the label says."""
        disc = self._read(disc_id)
        if identity.media_type is MediaType.TV_SHOW:
            findings = self.lookup.show(identity.name)
            identity = _in_its_season(disc, identity)
        else:
            identity, findings = self._film(disc, identity)
        with self.database.write_queue():
            disc = self._hold(disc_id)
            return self._identify_as(disc, with_findings(identity, findings), findings)

    def identify(self, disc_id: str, provider: str, external_id: str) -> Disc:
        """Take a person's choice of a show or film that a provider knows.

        Raises DiscNotFound, Invalid where the provider has none of that id, Refused where there
        is no key for it, ProviderUnavailable where it can't be asked, and Conflict once the rip
        has begun.
        """
        require_undecided(self._read(disc_id))
        chosen = self.lookup.chosen(provider, external_id)
        with self.database.write_queue():
            disc = self._hold(disc_id)
            identity = replace(chosen.identity, candidates=tuple(disc.candidates))
            if identity.media_type is MediaType.MOVIE:
                edition = read_label(disc.disc_name, facts_of(disc)).edition
                identity = replace(identity, edition=edition)
            elif disc.tv_season_number is None:
                identity = _in_its_season(disc, identity)
            else:
                identity = replace(
                    identity,
                    season_number=disc.tv_season_number,
                    season_is_guess=bool(disc.identification.get("season_is_guess")),
                    starting_episode=disc.told_first_episode,
                )
            return self._identify_as(disc, identity, chosen.findings)

    def _film(self, disc: Disc, identity: Identity) -> tuple[Identity, Findings]:
        """The film that a person says a disc is, and what providers know of it."""
        facts = facts_of(disc)
        read = read_label(disc.disc_name, facts)
        feature = self.identifier.layout(facts).main_feature
        seconds = feature.duration_seconds if feature else None
        name = identity.name or disc.movie_title or read.film_name
        year = identity.year or (None if identity.name else disc.movie_year or read.year)
        findings = self.lookup.film(name, year, seconds)
        if not identity.name:
            guess = self.identifier.as_film(disc.disc_name, facts, findings)
            is_named = disc.movie_title is not None
            identity = replace(
                identity,
                name=disc.movie_title or guess.name,
                name_confidence=disc.movie_confidence if is_named else guess.name_confidence,
                year=year,
            )
        return replace(identity, edition=read.edition), findings

    def _read(self, disc_id: str) -> Disc:
        return found(self.discs.get(disc_id), disc_id)

    def _hold(self, disc_id: str) -> Disc:
        disc = found(self.discs.lock(disc_id), disc_id)
        require_undecided(disc)
        return disc

    def _identify_as(self, disc: Disc, identity: Identity, findings: Findings) -> Disc:
        """Name a disc anew for what a person says it is; a refusal of the old names is moot."""
        identity = told(replace(identity, warnings=(*identity.warnings, *findings.failed)))
        preview = self.previews.propose(
            disc.disc_name, disc.fingerprint, facts_of(disc), identity, findings
        )
        status = disc.preview_status
        # Until it is numbered, it is numbered with the season's other discs.
        self.discs.put_preview(
            disc.disc_id,
            preview.disc | {"preview_status": PreviewStatus.PENDING},
            preview.titles,
        )
        now = self.clock.now()
        self.seasons.refresh([disc.tv_season_id, preview.disc["tv_season"]], now)
        if status == PreviewStatus.APPROVED:
            self.discs.update(disc.disc_id, preview_status=status)
            approved = self._read(disc.disc_id)
            self.seasons.require_free_numbers(approved)
            self.seasons.accept(approved, now)
        log.info("Disc identified by a person", extra={"disc_id": disc.disc_id})
        return self._read(disc.disc_id)


def _in_its_season(disc: Disc, identity: Identity) -> Identity:
    """The show that a person names, in the season that they name, or else the label does."""
    if identity.season_number is not None:
        return identity
    season = read_label(disc.disc_name, facts_of(disc)).season_number
    return replace(identity, season_number=season, season_is_guess=season is None)


def _require_show(disc: Disc) -> None:
    if disc.media_type != MediaType.TV_SHOW or disc.tv_show_name is None:
        raise Refused(f"The disc counts as {disc.media_type}, not as TV: use override-media-type.")
