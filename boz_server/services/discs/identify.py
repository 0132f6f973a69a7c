"""Says what a disc is: label, layout, other discs and providers' answers weighed together."""

from collections.abc import Sequence
from dataclasses import replace
from statistics import median

from boz_server.database.models import Disc
from boz_server.domain.identification.candidates import (
    GOOD_FILM,
    SAME_NAME,
    ScoredFilm,
    runtime_fit,
    same_name,
)
from boz_server.domain.identification.identity import (
    CERTAIN,
    GUESSED_NAME,
    NOT_LOOKED_UP,
    UNCERTAIN_FILM,
    Identity,
    read_label,
)
from boz_server.domain.identification.label import DiscLabel
from boz_server.domain.identification.layout import Layout
from boz_server.domain.identification.media_type import Clue, MediaType, Verdict, weigh
from boz_server.domain.identification.title_facts import TitleFacts
from boz_server.domain.metadata.answers import Episode
from boz_server.domain.naming import names as naming
from boz_server.domain.seasons.matcher import LOW, MEDIUM, VERY_LOW, fit
from boz_server.repositories.disc_repository import DiscRepository
from boz_server.services.discs.disc_candidates import film_candidate, series_candidate
from boz_server.services.discs.disc_findings import Findings
from boz_server.services.discs.lookup import layout_of
from boz_server.services.seasons.tracker import SeasonTracker
from boz_server.settings import Settings

#: How many of the latest discs are looked through for a show whose label is written otherwise.
LATEST_DISCS = 50
_CLOSE_SCORES = 0.03
_SHARE_THAT_FITS = 2 / 3
_SAME_LENGTH = 0.15
#: A name that another disc has is no guess any more.
NAME_SEEN = 0.8
_CERTAIN_NAME = 0.5
_LONG_EXTRA_SECONDS = 600
_MANY_LONG_EXTRAS = 3


class DiscIdentifier:
    """Identifies discs, in the caller's transaction."""

    def __init__(self, settings: Settings, discs: DiscRepository, seasons: SeasonTracker) -> None:
        self.settings = settings
        self.discs = discs
        self.seasons = seasons

    def identify(
        self, label: str, titles: Sequence[TitleFacts], fingerprint: str, findings: Findings
    ) -> Identity:
        """Say what a disc is, how sure that is, and why."""
        read = read_label(label, titles)
        known = self._known(read, titles, fingerprint)
        layout = self.layout(titles, self._lengths(known, fingerprint))
        verdict = weigh(read, layout, [*_of_known(known, layout), *_of_findings(findings, layout)])
        if verdict.media_type is MediaType.TV_SHOW:
            return self._show(read, label, verdict, known, findings)
        if verdict.media_type is MediaType.MOVIE:
            is_bonus = read.is_bonus or _is_bonus(read, known, layout)
            return replace(_film(read, label, verdict, findings), is_bonus=is_bonus)
        return Identity(
            MediaType.UNKNOWN,
            _name(read.film_name, label),
            warnings=("Nothing says what this disc is: name it with override-media-type.",),
            reasons=verdict.reasons,
        )

    def as_film(self, label: str, titles: Sequence[TitleFacts], findings: Findings) -> Identity:
        """Say which film a disc is that is known to be one."""
        verdict = Verdict(MediaType.MOVIE, CERTAIN, ())
        return _film(read_label(label, titles), label, verdict, findings)

    def layout(self, titles: Sequence[TitleFacts], season_lengths: Sequence[int] = ()) -> Layout:
        """Divide a disc's titles, as the settings say."""
        return layout_of(self.settings, titles, season_lengths)

    def _known(
        self, read: DiscLabel, titles: Sequence[TitleFacts], fingerprint: str
    ) -> Disc | None:
        """The latest other disc of that name, or one of a show that is written otherwise."""
        if not read.key:
            return None
        same = self.discs.latest_named(read.key, fingerprint)
        if same is not None or read.disc_number is None:
            return same
        lengths = [title.duration_seconds for title in self.layout(titles).episodes]
        for disc in self.discs.latest_shows(LATEST_DISCS) if lengths else ():
            goes_on = disc.disc_number == read.disc_number - 1
            contained = disc.title_key and (
                disc.title_key in read.key or read.key in disc.title_key
            )
            if goes_on and contained and self._as_long(disc, lengths):
                return disc
        return None

    def _as_long(self, disc: Disc, lengths: Sequence[int]) -> bool:
        usual = self._lengths(disc, "")
        return bool(usual) and abs(median(usual) - median(lengths)) <= median(usual) * _SAME_LENGTH

    def _lengths(self, known: Disc | None, fingerprint: str) -> list[int]:
        if known is None or known.tv_season_id is None:
            return []
        return self.seasons.lengths_elsewhere(known.tv_season_id, fingerprint)

    def _show(
        self,
        read: DiscLabel,
        label: str,
        verdict: Verdict,
        known: Disc | None,
        findings: Findings,
    ) -> Identity:
        known_show = known if known is not None and known.tv_show_name else None
        found = findings.show
        name, certainty = _name(read.name, label), read.certainty
        if known_show is not None and (found is None or known_show.thetvdb_series_id is not None):
            name, certainty = known_show.tv_show_name or name, max(certainty, NAME_SEEN)
        elif found is not None:
            name, certainty = naming.safe_component(found.series.name), found.score
        season = read.season_number if read.season_number is not None else read.book_number
        is_guess = season is None
        if season is None:
            season = known_show.tv_season_number if known_show is not None else None
        warnings = _warnings(certainty, findings)
        return Identity(
            MediaType.TV_SHOW,
            name=name,
            confidence=_capped(verdict.confidence, certainty, findings),
            name_confidence=certainty,
            season_number=season,
            season_is_guess=is_guess,
            series_id=found.series.series_id
            if found is not None
            else (known_show.thetvdb_series_id if known_show is not None else None),
            year=read.year,
            reasons=verdict.reasons,
            warnings=warnings,
            candidates=tuple(series_candidate(each) for each in findings.series),
        )


def _of_known(known: Disc | None, layout: Layout) -> list[Clue]:
    """What the disc of the same name says that came before."""
    if known is None:
        return []
    if known.media_type is MediaType.TV_SHOW:
        clue = Clue(3, f"Another disc of this name is of the show {known.tv_show_name}.")
        return [clue, Clue(2, "Titles are as long as its episodes.")] if layout.episodes else [clue]
    return [Clue(-3, "Another disc of this name is a film's.")]


def _of_findings(findings: Findings, layout: Layout) -> list[Clue]:
    clues = []
    show = findings.show
    if show is not None:
        clues.append(Clue(1, f"TheTVDB knows a show of this name: {show.series.name}."))
        if _fits_show(findings.episodes, layout):
            clues.append(Clue(1.5, "The titles are as long as its episodes."))
    film = next(iter(findings.films), None)
    feature = layout.main_feature
    if film is not None and feature is not None and _is_its_name(film):
        near = runtime_fit(film.film.runtime_minutes, feature.duration_seconds)
        if near is not None and near >= _SHARE_THAT_FITS:
            clues.append(Clue(-2.5, f"{film.film.title} is a film of this name and length."))
        else:
            clues.append(Clue(-0.7, f"{film.film.title} is a film of this name."))
    return clues


def _is_its_name(film: ScoredFilm) -> bool:
    return film.score >= GOOD_FILM


def _fits_show(episodes: Sequence[Episode], layout: Layout) -> bool:
    """Whether most titles are as long as some episode of a regular season."""
    runtimes = {each.runtime_minutes for each in episodes if each.season_number} - {None}
    fitting = [
        title
        for title in layout.episodes
        if any(fit(title.duration_seconds, minutes) >= MEDIUM for minutes in runtimes)
    ]
    return bool(layout.episodes) and len(fitting) >= len(layout.episodes) * _SHARE_THAT_FITS


def _film(read: DiscLabel, label: str, verdict: Verdict, findings: Findings) -> Identity:
    films = findings.films
    best = films[0] if films and films[0].score >= GOOD_FILM else None
    warnings = list(_warnings(best.score if best else read.certainty, findings))
    confidence = _capped(verdict.confidence, best.score if best else read.certainty, findings)
    if films and best is None:
        warnings.append(f"No film found fits well; {films[0].film.title} is the nearest.")
        confidence = min(confidence, UNCERTAIN_FILM)
    elif best is not None and len(films) > 1 and _rival(best, films[1]):
        warnings.append(f"It may also be {_described(films[1])}: choose with identify.")
        confidence = min(confidence, UNCERTAIN_FILM)
    edition = read.edition
    return Identity(
        MediaType.MOVIE,
        name=naming.safe_component(best.film.title) if best else _name(read.film_name, label),
        confidence=confidence,
        name_confidence=best.score if best else _label_confidence(read),
        year=(best.film.year if best else None) or read.year,
        edition=edition,
        film=best.film if best else None,
        reasons=verdict.reasons,
        warnings=tuple(warnings),
        candidates=tuple(film_candidate(each) for each in films),
    )


def _is_bonus(read: DiscLabel, known: Disc | None, layout: Layout) -> bool:
    """Whether a film's later disc has but extras: several long ones beside its longest title."""
    if known is None or known.media_type is not MediaType.MOVIE or (read.disc_number or 1) == 1:
        return False
    feature = layout.main_feature
    long = [title for title in layout.singles if title.duration_seconds >= _LONG_EXTRA_SECONDS]
    return feature is not None and len(long) - 1 >= _MANY_LONG_EXTRAS


def _rival(best: ScoredFilm, second: ScoredFilm) -> bool:
    """Whether another film fits as well, and is another one (providers list some twice)."""
    same = second.film.year == best.film.year and (
        same_name(second.film.title, best.film.title) >= SAME_NAME
    )
    return best.score - second.score < _CLOSE_SCORES and not same


def _described(each: ScoredFilm) -> str:
    year = f" ({each.film.year})" if each.film.year else ""
    return f"{each.film.title}{year}"


def _warnings(certainty: float, findings: Findings) -> tuple[str, ...]:
    warnings = list(findings.failed)
    if certainty < _CERTAIN_NAME:
        warnings.append("The label hardly says what the disc is called: check the name.")
    return tuple(warnings)


def _capped(confidence: float, name_certainty: float, findings: Findings) -> float:
    if name_certainty < _CERTAIN_NAME:
        confidence = min(confidence, GUESSED_NAME)
    return min(confidence, NOT_LOOKED_UP) if findings.failed else confidence


def _label_confidence(read: DiscLabel) -> float:
    """How sure a film's name is without metadata, as dashboards show it."""
    return LOW if read.certainty >= _CERTAIN_NAME else VERY_LOW


def _name(name: str | None, label: str) -> str:
    """What a disc is called, for want of better the label itself."""
    return naming.safe_component(name or label, "Unknown disc")
