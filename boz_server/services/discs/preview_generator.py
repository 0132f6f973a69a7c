"""How an identified disc's titles are to be called, and which of them to rip."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from boz_server.context import Context
from boz_server.database.models import Disc
from boz_server.domain.discs.disc_states import PreviewStatus
from boz_server.domain.discs.extras import number_extras
from boz_server.domain.discs.film_parts import LISTED_PART, name_parts
from boz_server.domain.discs.known_proposals import known_extras, known_features, known_part
from boz_server.domain.discs.proposals import (
    DiscProposal,
    TitleProposal,
    extra_place,
    free_ordinal,
    propose_title,
    with_the_rest,
)
from boz_server.domain.identification.identity import Identity, MediaType, how_sure_of
from boz_server.domain.identification.label import parse_label
from boz_server.domain.identification.layout import DiscFacts, Layout
from boz_server.domain.identification.selection import judge_episodes, judge_features
from boz_server.domain.identification.title_facts import TitleFacts, TitleKind
from boz_server.domain.metadata.answers import Episode
from boz_server.domain.naming import names as naming
from boz_server.domain.seasons.matcher import HIGH, MEDIUM, VERY_LOW, fit
from boz_server.services.discs.identify import BONUS, identify, read_known
from boz_server.services.discs.lookup import Findings
from boz_server.services.seasons import tracker
from boz_server.services.seasons.tracker import Season
from boz_server.settings import Settings


@dataclass(frozen=True, slots=True)
class Preview:
    """What is proposed of a disc.

    seasons: those that were read for it, its own last; none unless it is of a show. Its episodes
    get their numbers when it is put among its season's discs (see `put_preview`).
    """

    proposal: DiscProposal
    seasons: Sequence[Season] = ()


class PreviewGenerator:
    """Proposes names. Reads what is known, inside the caller's `write_queue()`; writes nothing.

    disc_id: the record of a disc that is proposed anew; it counts as if it were not there.
    """

    def __init__(self, context: Context) -> None:
        self.context = context
        self.settings = context.settings

    def identified(self, facts: DiscFacts, findings: Findings, disc_id: str = "") -> Preview:
        """Say what a disc is, and propose what each title is, and its name."""
        identity = identify(facts, read_known(self.context, facts), findings)
        return self.propose(facts, identity, findings, disc_id)

    def propose(
        self, facts: DiscFacts, identity: Identity, findings: Findings, disc_id: str = ""
    ) -> Preview:
        """Propose what each title of an identified disc is, and its name."""
        proposal = DiscProposal(
            media_type=identity.media_type,
            title_key=facts.title_key,
            disc_number=identity.disc_number or facts.read.disc_number or facts.read.volume_number,
            candidates=[dict(each) for each in identity.candidates],
            lookup_due=bool(findings.failed) and not identity.from_user,
            is_told=identity.from_user,
        )
        if identity.media_type is MediaType.TV_SHOW:
            identity, seasons = _choose_season(self.context, facts, identity, findings, disc_id)
            return Preview(self._episodes(facts, identity, seasons[-1], proposal), seasons)
        if identity.media_type is MediaType.MOVIE:
            return Preview(self._film(facts, identity, proposal))
        folder = naming.safe_component(identity.name)
        titles = with_the_rest(facts.layout(), identity.name, folder, {})
        return Preview(replace(proposal, identification=identity.stored(), titles=titles))

    def again(self, disc: Disc) -> Preview:
        """Propose what was accepted of the same disc when it was here before.

        Equal fingerprints mean equal titles: what a person chose, numbered and named stays.
        """
        season_id = disc.tv_season_id
        season = None if season_id is None else tracker.read(self.context, season_id)
        # What was accepted waits for no provider, and counts more than a person's correction.
        proposal = replace(
            DiscProposal.of(disc), lookup_due=False, is_told=False, told_first_episode=None
        )
        return Preview(proposal, () if season is None else (season,))

    def renamed(
        self, disc: Disc, title: TitleProposal, *, taken: Collection[str | None]
    ) -> tuple[str, str]:
        """Return a title's file name and folder after its number, name or kind was edited.

        taken: the file names of the disc's other titles.
        """
        if disc.media_type == MediaType.TV_SHOW:
            show, season = disc.tv_show_name or "", disc.tv_season_number or 0
            folder = naming.season_folder(self.settings.nas_tv_path, show, season)
            if title.is_extra or title.episode_number is None:
                return extra_place(show, free_ordinal(show, taken), folder)
            filename = naming.episode_filename(
                show,
                season,
                title.episode_number,
                title.episode_title,
                last=title.last_episode_number,
            )
            return filename, folder
        movie, year = disc.movie_title, disc.movie_year
        read = parse_label(disc.disc_name)
        if movie is None:
            # Nothing has identified it as a film so far: the label names it.
            movie = naming.safe_component(read.film_name or disc.disc_name, "Unknown disc")
            year = read.year
        folder = naming.movie_folder(self.settings.nas_movie_path, movie, year)
        if title.is_extra:
            return extra_place(movie, free_ordinal(movie, taken), folder)
        return naming.movie_filename(movie, year, edition=read.edition), folder

    def _episodes(
        self, facts: DiscFacts, identity: Identity, season: Season, proposal: DiscProposal
    ) -> DiscProposal:
        layout, warnings = self._season_layout(facts, identity, season, proposal.disc_number)
        show, number = identity.name, season.row.season_number
        folder = naming.season_folder(self.settings.nas_tv_path, show, number)
        titles = {
            title.index: propose_title(
                TitleKind.DOUBLE_EPISODE if title.index in layout.doubles else TitleKind.EPISODE,
                None,
                folder,
            )
            for title in layout.episodes
        }
        contents = identity.contents
        if contents is not None:
            titles |= known_extras(contents, show, folder)
        doubts, judgement = judge_episodes(layout)
        if contents is not None:
            doubts, judgement = [], contents.judgement
        return replace(
            proposal,
            tv_show_name=show,
            tv_season_number=number,
            tv_season_id=season.row.season_id,
            thetvdb_series_id=identity.series_id,
            told_first_episode=identity.starting_episode,
            starting_episode_number=identity.starting_episode,
            identification=identity.stored(judgement, [*warnings, *doubts]),
            titles=with_the_rest(layout, show, folder, titles),
        )

    def _season_layout(
        self, facts: DiscFacts, identity: Identity, season: Season, disc_number: int | None
    ) -> tuple[Layout, list[str]]:
        """Find the episodes of a season's disc; its other discs show how long they are."""
        if identity.contents is not None:
            return identity.contents.divided(), list(identity.contents.doubts)
        if facts.is_bonus and not identity.from_user:
            return replace(facts.layout(), episodes=(), doubles=frozenset()), [BONUS]
        lengths: Sequence[int] = ()
        if not season.is_new:
            stores = self.context.stores
            lengths = stores.seasons.lengths_elsewhere(season.row.season_id, facts.fingerprint)
        layout = facts.layout(lengths)
        if not layout.episodes and identity.from_user:
            # The person has seen it: a pilot film, or specials of another length.
            layout = facts.layout()
        if not layout.episodes:
            return layout, ["No title is as long as an episode: a disc of extras."]
        if not identity.from_user and season.is_complete(
            facts.fingerprint, disc_number, is_guess=identity.season_is_guess
        ):
            layout = replace(layout, episodes=(), doubles=frozenset())
            return layout, ["All episodes of the season are on other discs: only extras here."]
        return layout, []

    def _film(self, facts: DiscFacts, identity: Identity, proposal: DiscProposal) -> DiscProposal:
        layout, contents = facts.layout(), identity.contents
        name, year = identity.name, identity.year
        folder = naming.movie_folder(self.settings.nas_movie_path, name, year)
        features = () if identity.why_no_film else layout.features
        titles = {
            title.index: _feature(title, ordinal, layout, identity, folder)
            for ordinal, title in enumerate(features)
        }
        minutes = identity.film.runtime_minutes if identity.film else None
        warnings, judgement = judge_features(
            features, layout, identity.why_no_film, facts.read.disc_number, minutes
        )
        if contents is not None:
            layout, judgement = contents.divided(), contents.judgement
            warnings = list(contents.doubts)
            root = self.settings.nas_movie_path
            titles = known_features(contents, name, year, identity.edition, root)
            titles |= known_extras(contents, name, folder)
        said = identity.stored(judgement, warnings)
        part = None if contents is None else known_part(contents)
        return replace(
            proposal,
            movie_title=name,
            movie_year=year,
            movie_confidence=identity.film_fit,
            omdb_imdb_id=identity.film.imdb_id if identity.film else None,
            identification=said if part is None else said | {LISTED_PART: part},
            titles=with_the_rest(layout, name, folder, titles),
        )


def _feature(
    title: TitleFacts, ordinal: int, layout: Layout, identity: Identity, folder: str
) -> TitleProposal:
    """Propose the film, or a title that is as long as it."""
    edition, kind, note = identity.edition, TitleKind.FEATURE, None
    if title.index in layout.further_films:
        edition, note = f"Film {ordinal + 1}", "As long as the film, and another one."
    elif ordinal:
        edition, kind = f"Version {ordinal + 1}", TitleKind.OTHER_CUT
        note = "As long as the film: another cut of it, or another film."
    return propose_title(
        kind,
        naming.movie_filename(identity.name, identity.year, edition=edition),
        folder,
        note=note,
        confidence=VERY_LOW if ordinal else identity.film_fit,
    )


def _choose_season(
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
    is_told = identity.from_user or identity.contents is not None
    if number and not is_told and _fits_only_specials(facts, listed, number):
        warning = f"The titles fit no episode of season {number}: taken for specials."
        identity = replace(identity, warnings=(*identity.warnings, warning))
        number = 0
    seasons = [_read_season(context, identity, number, listed, disc_id)]
    for following in regular if identity.season_is_guess else ():
        if following > number:
            if not seasons[-1].is_full(facts.fingerprint):
                break
            seasons.append(_read_season(context, identity, following, listed, disc_id))
    return replace(identity, season_number=seasons[-1].row.season_number), seasons


def _read_season(
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


def put_preview(
    context: Context, disc: Disc, preview: Preview, now: datetime, *, is_new: bool = False
) -> None:
    """Write a disc with what is proposed of it, and number its season's undecided discs with it.

    disc: with its titles. Its former season is brought in line too.
    """
    context.database.require_queue()
    stores, former = context.stores, disc.tv_season_id
    preview.proposal.put_on(disc)
    if disc.preview_status != PreviewStatus.PENDING:
        disc.preview_status = PreviewStatus.PENDING
    *passed, season = preview.seasons or (None,)
    others: list[Disc] = []
    for each in passed:
        tracker.write(context, each)
    if season is not None:
        season.include(disc)
        others = [each for each in tracker.number(season) if each is not disc]
        tracker.save(context, season, now)
    elif disc.movie_title is not None:
        others = _number_film(context, disc)
    if is_new:
        stores.discs.insert(disc)
    else:
        stores.discs.save(disc)
    for other in others:
        stores.discs.save(other)
    if former is not None and former != disc.tv_season_id:
        tracker.refresh(context, [former], now)


def refresh_film(context: Context, disc: Disc) -> None:
    """Number the extras on a film's undecided discs anew, after one of its discs was decided on."""
    context.database.require_queue()
    if disc.tv_season_id is None and disc.movie_title is not None:
        for other in _number_film(context, disc):
            context.stores.discs.save(other)


def _number_film(context: Context, disc: Disc) -> list[Disc]:
    """Number the extras of a film's discs, and name its parts, in memory, with a disc as it is
    there; returns the others."""
    title = disc.movie_title or ""
    found = context.stores.discs.of_film(title, disc.movie_year)
    others = [each for each in found if each.disc_id != disc.disc_id]
    discs = sorted([*others, disc], key=_in_its_box)
    number_extras(title, discs)
    name_parts(discs)
    return others


def _in_its_box(disc: Disc) -> tuple[bool, int, datetime, str]:
    """Sort a film's discs by the number on their label, those without one last; then by arrival."""
    return disc.disc_number is None, disc.disc_number or 0, disc.detected_at, disc.disc_id


def is_clear(settings: Settings, disc: Disc, *, was_approved: bool = False) -> bool:
    """Whether a disc may be approved without a person, by the settings.

    was_approved: the same disc was approved when it was here before.
    """
    if not settings.auto_approve_previews or disc.media_type is MediaType.UNKNOWN:
        return False
    confidence = how_sure_of(disc.identification)
    return was_approved or confidence >= settings.auto_approve_min_confidence
