"""Which season a show's disc belongs to."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from boz_server.domain.identification.identity import Identity
from boz_server.domain.identification.title_facts import TitleFacts
from boz_server.domain.metadata.answers import Episode
from boz_server.domain.seasons.matcher import HIGH, MEDIUM, fit
from boz_server.services.discs.disc_findings import Findings
from boz_server.services.discs.identify import DiscIdentifier
from boz_server.services.seasons.tracker import SeasonTracker


class SeasonChoice:
    """Chooses seasons and opens them, in the caller's transaction."""

    def __init__(self, identifier: DiscIdentifier, seasons: SeasonTracker) -> None:
        self.identifier = identifier
        self.seasons = seasons

    def open(
        self,
        fingerprint: str,
        titles: Sequence[TitleFacts],
        identity: Identity,
        findings: Findings,
    ) -> tuple[Identity, str]:
        """Find the season the disc belongs to, and hold it until the transaction ends."""
        listed: dict[int, list[Episode]] = {}
        for episode in findings.episodes:
            listed.setdefault(episode.season_number, []).append(episode)
        regular = sorted(number for number in listed if number)
        season = identity.season_number
        if season is None:
            season = regular[0] if regular else 1
        if season and self._fits_only_specials(titles, listed, season) and not identity.is_told:
            warning = f"The titles fit no episode of season {season}: taken for specials."
            identity = replace(identity, warnings=(*identity.warnings, warning))
            season = 0
        season_id = self._enter(identity, season, listed)
        if identity.season_is_guess:
            for following in [number for number in regular if number > season]:
                if not self.seasons.is_full(season_id, fingerprint):
                    break
                season = following
                season_id = self._enter(identity, season, listed)
        return replace(identity, season_number=season), season_id

    def _enter(
        self, identity: Identity, season: int, listed: Mapping[int, Sequence[Episode]]
    ) -> str:
        season_id = self.seasons.open(identity.name, season, identity.series_id)
        self.seasons.learn(season_id, listed.get(season, ()))
        return season_id

    def _fits_only_specials(
        self, titles: Sequence[TitleFacts], listed: Mapping[int, Sequence[Episode]], season: int
    ) -> bool:
        """Whether no title is as long as the season's episodes, and each as long as a special."""
        if not listed.get(season) or not listed.get(0):
            return False
        episodes = self.identifier.layout(titles).episodes

        def best(title: TitleFacts, number: int) -> float:
            return max(
                (
                    fit(title.duration_seconds, each.runtime_minutes)
                    for each in listed.get(number, ())
                    if each.runtime_minutes
                ),
                default=0.0,
            )

        return bool(episodes) and all(
            0 < best(title, season) < MEDIUM and best(title, 0) >= HIGH for title in episodes
        )
