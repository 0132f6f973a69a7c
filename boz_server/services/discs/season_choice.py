"""Which season a show's disc belongs to."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from boz_server.context import Context
from boz_server.domain.identification.disc_facts import DiscFacts
from boz_server.domain.identification.identity import Identity
from boz_server.domain.identification.title_facts import TitleFacts
from boz_server.domain.metadata.answers import Episode
from boz_server.domain.seasons.matcher import HIGH, MEDIUM, fit
from boz_server.services.discs.lookup import Findings
from boz_server.services.seasons import tracker
from boz_server.services.seasons.records import Season


def choose_season(
    context: Context, facts: DiscFacts, identity: Identity, findings: Findings, disc_id: str
) -> tuple[Identity, list[Season]]:
    """Return the identity in its season, and the seasons that came into question, that one last.

    disc_id: the disc's own record, which counts as if it were not there.
    """
    context.database.require_queue()
    listed: dict[int, list[Episode]] = {}
    for episode in findings.episodes:
        listed.setdefault(episode.season_number, []).append(episode)
    regular = sorted(number for number in listed if number)
    number = identity.season_number
    if number is None:
        number = regular[0] if regular else 1
    if number and not identity.from_user and _fits_only_specials(facts, listed, number):
        warning = f"The titles fit no episode of season {number}: taken for specials."
        identity = replace(identity, warnings=(*identity.warnings, warning))
        number = 0
    seasons = [_read(context, identity, number, listed, disc_id)]
    for following in regular if identity.season_is_guess else ():
        if following > number:
            if not seasons[-1].is_full(facts.fingerprint):
                break
            seasons.append(_read(context, identity, following, listed, disc_id))
    return replace(identity, season_number=seasons[-1].row.season_number), seasons


def _read(
    context: Context,
    identity: Identity,
    number: int,
    listed: Mapping[int, Sequence[Episode]],
    disc_id: str,
) -> Season:
    """Read a season, with what the provider knows of it."""
    season = tracker.read_or_new(
        context, identity.name, number, context.clock.now(), without=disc_id
    )
    season.learn(listed.get(number, ()))
    if identity.series_id not in (None, season.row.thetvdb_series_id):
        season.row.thetvdb_series_id = identity.series_id
    return season


def _fits_only_specials(
    facts: DiscFacts, listed: Mapping[int, Sequence[Episode]], season: int
) -> bool:
    """Whether no title is as long as the season's episodes, and each as long as a special."""
    if not listed.get(season) or not listed.get(0):
        return False
    episodes = facts.layout().episodes

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
