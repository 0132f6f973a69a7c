"""A person says what a disc is; everything is then worked out anew.

Providers are asked before the one transaction of each correction.
"""

import logging
from dataclasses import replace

from boz_server.context import Context
from boz_server.database.models import Disc
from boz_server.domain.discs.disc_states import PreviewStatus
from boz_server.domain.identification.identity import Identity, MediaType
from boz_server.domain.identification.signs import BY_A_PERSON
from boz_server.errors import Refused
from boz_server.services.discs import choices, lookup
from boz_server.services.discs.choices import Choice
from boz_server.services.discs.identify import as_film, stored_facts
from boz_server.services.discs.lookup import Findings
from boz_server.services.discs.preview_generator import PreviewGenerator, put_preview
from boz_server.services.discs.review import read_disc, require_undecided
from boz_server.services.metadata.lookup import Metadata
from boz_server.services.seasons import tracker

log = logging.getLogger(__name__)


def update_season(
    context: Context,
    metadata: Metadata,
    disc_id: str,
    season_number: int,
    starting_episode: int | None,
) -> Disc:
    """Number and name a TV disc anew.

    starting_episode: None for the first that no other approved disc has; the next ones skip what
    those have, too. Raises Refused when it is no TV disc, and
    Conflict when its names can't change any more, a later choice was made meanwhile, or another
    disc was approved with one of the numbers.
    """
    disc = read_disc(context, disc_id)
    _require_show(disc)
    choice = choices.begin(context, disc)
    findings = lookup.show(metadata, disc.tv_show_name or "", disc.thetvdb_series_id)
    with context.database.write_queue():
        disc = _undecided(context, disc_id, choice)
        _require_show(disc)
        series_id = disc.thetvdb_series_id
        if series_id is None and findings.show is not None:
            series_id = findings.show.series.series_id
        identity = Identity(
            MediaType.TV_SHOW,
            disc.tv_show_name or "",
            season_number=season_number,
            starting_episode=(
                tracker.first_free(context, disc, season_number)
                if starting_episode is None
                else starting_episode
            ),
            series_id=series_id,
            candidates=tuple(disc.candidates),
        )
        numbered = _identify_as(
            context, disc, identity, findings, is_number_told=starting_episode is not None
        )
        if starting_episode is not None:
            tracker.require_free_from(context, numbered, starting_episode)
        return numbered


def override_media_type(
    context: Context, metadata: Metadata, disc_id: str, identity: Identity
) -> Disc:
    """Take a person's word for what a disc is; the label says what they leave out.

    Raises Conflict when its names can't change any more, or a later choice was made meanwhile.
    """
    disc = read_disc(context, disc_id)
    choice = choices.begin(context, disc)
    if identity.media_type is MediaType.TV_SHOW:
        findings = lookup.show(metadata, identity.name)
        identity = _in_its_season(context, disc, identity)
    else:
        identity, findings = _film(context, metadata, disc, identity)
    with context.database.write_queue():
        disc = _undecided(context, disc_id, choice)
        identity = lookup.with_findings(identity, findings)
        return _identify_as(context, disc, identity, findings)


def identify(
    context: Context, metadata: Metadata, disc_id: str, provider: str, external_id: str
) -> Disc:
    """Take a person's choice of a show or film that a provider knows.

    Raises DiscNotFound, Invalid when the provider doesn't know the id, Refused when there is no
    key for it, ProviderUnavailable when it can't be asked, and Conflict once a rip has started, or
    when a later choice was made meanwhile.
    """
    disc = read_disc(context, disc_id)
    require_undecided(disc)
    choice = choices.begin(context, disc)
    identity, findings = lookup.chosen(metadata, provider, external_id)
    with context.database.write_queue():
        disc = _undecided(context, disc_id, choice)
        identity = replace(identity, candidates=tuple(disc.candidates))
        if identity.media_type is MediaType.MOVIE:
            identity = replace(identity, edition=stored_facts(context, disc).read.edition)
        elif disc.tv_season_number is None:
            identity = _in_its_season(context, disc, identity)
        else:
            identity = replace(
                identity,
                season_number=disc.tv_season_number,
                season_is_guess=tracker.is_guess(disc),
                starting_episode=disc.told_first_episode,
            )
        return _identify_as(context, disc, identity, findings)


def _film(
    context: Context, metadata: Metadata, disc: Disc, identity: Identity
) -> tuple[Identity, Findings]:
    """Return the film that a person says a disc is, and what providers know of it."""
    facts = stored_facts(context, disc)
    feature = facts.layout().main_feature
    name = identity.name or disc.movie_title or facts.read.film_name
    year = identity.year or (None if identity.name else disc.movie_year or facts.read.year)
    findings = lookup.film(metadata, name, year, feature.duration_seconds if feature else None)
    if not identity.name:
        guess = as_film(facts, findings)
        is_named = disc.movie_title is not None
        identity = replace(
            identity,
            name=disc.movie_title or guess.name,
            named=BY_A_PERSON if is_named else guess.named,
            film_fit=disc.movie_confidence if is_named else guess.film_fit,
            year=year,
        )
    return replace(identity, edition=facts.read.edition), findings


def _undecided(context: Context, disc_id: str, choice: Choice) -> Disc:
    """Return a disc whose names may still change, with the choice noted on it.

    Raises DiscNotFound, and Conflict also where a later choice was made meanwhile.
    """
    context.database.require_queue()
    disc = read_disc(context, disc_id)
    require_undecided(disc)
    choices.settle(context, disc, choice)
    return disc


def _identify_as(
    context: Context,
    disc: Disc,
    identity: Identity,
    findings: Findings,
    *,
    is_number_told: bool = True,
) -> Disc:
    """Name a disc anew as what a person says it is; a rejection of the old names is void.

    is_number_told: whether a person gave the first episode's number, if there is one.
    """
    disc_id, status, now = disc.disc_id, disc.preview_status, context.clock.now()
    identity = replace(
        identity,
        warnings=(*identity.warnings, *findings.failed),
        from_user=True,
    )
    # Pending until it is numbered with its season's other discs.
    context.stores.discs.decide(disc_id, PreviewStatus.PENDING)
    facts = stored_facts(context, disc)
    preview = PreviewGenerator(context).propose(facts, identity, findings, disc_id)
    put_preview(context, disc, preview, now)
    if status == PreviewStatus.APPROVED:
        context.stores.discs.decide(disc_id, status)
        approved = read_disc(context, disc_id)
        if identity.starting_episode is not None and is_number_told:
            # Nobody has accepted other numbers than these.
            tracker.require_free_from(context, approved, identity.starting_episode)
        tracker.accept(context, approved, now)
    log.info("Disc identified by a person", extra={"disc_id": disc_id})
    return read_disc(context, disc_id)


def _in_its_season(context: Context, disc: Disc, identity: Identity) -> Identity:
    """Return the show that a person names, in the season that they or else the label name."""
    if identity.season_number is not None:
        return identity
    season = stored_facts(context, disc).read.season_number
    return replace(identity, season_number=season, season_is_guess=season is None)


def _require_show(disc: Disc) -> None:
    if disc.media_type != MediaType.TV_SHOW or disc.tv_show_name is None:
        raise Refused(f"The disc counts as {disc.media_type}, not as TV: use override-media-type.")
