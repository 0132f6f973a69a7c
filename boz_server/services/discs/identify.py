"""Says what a disc is: weighs its label, its layout, other discs and providers' answers."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

from boz_server.context import Context
from boz_server.database.models import Disc
from boz_server.domain.identification.bonus import KnownFilm, why_no_film
from boz_server.domain.identification.candidates import (
    GOOD_FILM,
    SAME_NAME,
    ScoredFilm,
    ScoredSeries,
    runtime_fit,
    same_name,
)
from boz_server.domain.identification.identity import (
    Clue,
    Identity,
    MediaType,
    Verdict,
    weigh,
)
from boz_server.domain.identification.known_titles import KnownTitles
from boz_server.domain.identification.label import DiscLabel
from boz_server.domain.identification.layout import DiscFacts, Layout, LayoutRules
from boz_server.domain.identification.signs import (
    BY_A_PERSON,
    Judgement,
    Question,
    Sign,
    least,
)
from boz_server.domain.identification.title_facts import TitleFacts, TitleKind
from boz_server.domain.metadata.answers import Episode, Film
from boz_server.domain.naming import names as naming
from boz_server.domain.seasons.matcher import LOW, VERY_LOW, share_fitting
from boz_server.services.collection.archive import LATEST_DISCS
from boz_server.services.discs.lookup import (
    SHARE_THAT_FITS,
    Findings,
    film_candidate,
    series_candidate,
)

#: Why a disc has neither film nor episodes, by its own word.
BONUS = "The disc says that it has only extras."
_CLOSE_SCORES = 0.03
_SAME_LENGTH = 0.15
_CERTAIN_NAME = 0.5
# "Babylon 5" is one show's name; behind more words, a number is more often the disc's.
_WORDS_BEFORE_A_NUMBER = 2


@dataclass(frozen=True, slots=True)
class Known:
    """What other discs tell about one.

    disc: the latest other disc of its name, or of the show that it continues. lengths: the seconds
    of episodes on other discs of that disc's season. begins_with: a show whose name is the
    beginning of this disc's; it is its special, or its film.
    is_accepted: a disc of that name was approved as what `disc` is.
    """

    disc: Disc | None = None
    lengths: tuple[int, ...] = ()
    begins_with: str | None = None
    film: KnownFilm | None = None
    is_accepted: bool = False


UNHEARD_OF = Known()


def facts_of(
    context: Context,
    label: str,
    titles: Sequence[TitleFacts],
    content_hash: str | None = None,
) -> DiscFacts:
    """Return a disc's facts, to be divided as the settings say."""
    settings = context.settings
    rules = LayoutRules(settings.extras_min_duration_seconds, settings.extras_duration_variance)
    return DiscFacts(label, titles, rules, content_hash or "")


def stored_facts(context: Context, disc: Disc) -> DiscFacts:
    """Return what was reported of a stored disc."""
    titles = [TitleFacts.of(title) for title in disc.titles]
    return facts_of(context, disc.disc_name, titles, disc.content_hash)


def read_known(context: Context, facts: DiscFacts) -> Known:
    """Read what other discs tell about one."""
    read, discs = facts.read, context.stores.discs
    if not read.key:
        return UNHEARD_OF
    same = discs.latest_named(read.key, facts.fingerprint)
    if same is not None:
        lengths = _lengths(context, same, facts.fingerprint)
        return Known(
            same,
            lengths,
            film=_film_on(context, same),
            is_accepted=discs.is_accepted(read.key, same),
        )
    usual = [title.duration_seconds for title in facts.layout().episodes]
    shows = discs.latest_shows(LATEST_DISCS)
    for disc in shows if read.disc_number is not None and usual else ():
        if read.continues(disc.title_key, disc.disc_number) and _is_as_long(context, disc, usual):
            return Known(disc, _lengths(context, disc, facts.fingerprint))
    begins = (disc.tv_show_name for disc in shows if _begins_with(read, disc))
    return Known(begins_with=next(begins, None))


def _begins_with(read: DiscLabel, disc: Disc) -> bool:
    """Whether a label's words begin with a show's name."""
    show = (disc.tv_show_name or "").casefold().split()
    words = (read.name or "").casefold().split()
    return 0 < len(show) < len(words) and words[: len(show)] == show


def identify(facts: DiscFacts, known: Known, findings: Findings) -> Identity:
    """Say what a disc is, how sure that is, and why."""
    if findings.known is not None:
        return _of_database(
            facts, known.disc, KnownTitles(findings.known, facts.layout()), findings
        )
    read, label = facts.read, facts.label
    layout = facts.layout(known.lengths)
    clues = [*_of_known(known, layout), *_of_findings(findings, layout)]
    verdict = weigh(read, layout, clues, has_episodes=facts.has_episodes)
    if known.disc is not None and verdict.judgement.sign is Sign.ANOTHER_DISC:
        kind = _no_surer(verdict.judgement, known, Question.MEDIA_TYPE)
        verdict = replace(verdict, judgement=kind)
    if verdict.media_type is MediaType.TV_SHOW:
        return _show(read, label, verdict, known, findings)
    if verdict.media_type is MediaType.MOVIE:
        why = BONUS if facts.is_bonus else why_no_film(read, layout, known.film)
        return replace(_film(read, label, verdict, findings), why_no_film=why)
    return Identity(
        MediaType.UNKNOWN,
        _name(read.film_name, label),
        kind=verdict.judgement,
        named=Judgement(0.0),
        warnings=("Nothing says what this disc is: name it with override-media-type.",),
    )


def _of_database(
    facts: DiscFacts, other: Disc | None, contents: KnownTitles, findings: Findings
) -> Identity:
    """Say what a disc is that a disc database knows. other: the latest disc of its name."""
    found, disc = contents.known, contents.known.disc
    year = f" ({disc.year})" if disc.year else ""
    by = "its content hash" if found.by_hash else f"the lengths of {len(found.titles)} titles"
    sure = Judgement.by(
        Sign.LISTED_IN_PART if found.is_disputed else Sign.KNOWN_DISC,
        reasons=[f"TheDiscDb knows this disc by {by}: {disc.name}{year}."],
    )
    identity = Identity(
        MediaType.TV_SHOW if disc.is_show else MediaType.MOVIE,
        naming.safe_component(disc.name),
        kind=sure,
        named=sure,
        film_fit=sure.confidence,
        year=disc.year,
        edition=facts.read.edition,
        contents=contents,
    )
    if not disc.is_show:
        imdb_id = disc.imdb_id
        film = Film("omdb", imdb_id, disc.name, disc.year, None, imdb_id) if imdb_id else None
        return replace(identity, film=film)
    season = contents.season
    if season is None:
        season = facts.read.season_number or facts.read.book_number
    show = other.tv_show_name if other is not None else None
    if show and same_name(show, disc.name) >= SAME_NAME:
        identity = replace(identity, name=show)
    found_show = findings.show
    return replace(
        identity,
        season_number=season,
        season_is_guess=season is None,
        series_id=disc.series_id if found_show is None else found_show.series.series_id,
        candidates=tuple(series_candidate(each) for each in findings.series),
    )


def as_film(facts: DiscFacts, findings: Findings) -> Identity:
    """Say which film a disc is that is known to be one."""
    return _film(facts.read, facts.label, Verdict(MediaType.MOVIE, BY_A_PERSON), findings)


def _lengths(context: Context, disc: Disc, without: str) -> tuple[int, ...]:
    """Return the seconds of the episodes of a disc's season, without one disc (a fingerprint)."""
    if disc.tv_season_id is None:
        return ()
    return tuple(context.stores.seasons.lengths_elsewhere(disc.tv_season_id, without))


def _film_on(context: Context, disc: Disc) -> KnownFilm | None:
    """Return the film that a disc has; None without one."""
    with_titles = context.stores.discs.get(disc.disc_id) if disc.movie_title else None
    titles = with_titles.titles if with_titles is not None else ()
    films = [
        KnownFilm(title.duration_seconds, title.chapters)
        for title in titles
        if title.kind == TitleKind.FEATURE
    ]
    return max(films, default=None)


def _is_as_long(context: Context, disc: Disc, lengths: Sequence[int]) -> bool:
    """Whether episodes are about as long as those of a disc's season."""
    season = _lengths(context, disc, "")
    if not season:
        return False
    usual = median(season)
    return abs(usual - median(lengths)) <= usual * _SAME_LENGTH


def _show(
    read: DiscLabel, label: str, verdict: Verdict, others: Known, findings: Findings
) -> Identity:
    known = others.disc if others.disc is not None and others.disc.tv_show_name else None
    found = findings.show
    bare = _without_number(read, known, found)
    name, named = _show_name(read if bare is None else bare, label, others, findings)
    season = read.season_number if read.season_number is not None else read.book_number
    is_guess = season is None
    if season is None and known is not None:
        season = known.tv_season_number
    series_id = known.thetvdb_series_id if known is not None else None
    if found is not None:
        series_id = found.series.series_id
    return Identity(
        MediaType.TV_SHOW,
        name=name,
        kind=verdict.judgement,
        named=named,
        season_number=season,
        season_is_guess=is_guess,
        series_id=series_id,
        disc_number=None if bare is None else read.last_number,
        year=read.year,
        warnings=_warnings(read, findings),
        candidates=tuple(series_candidate(each) for each in findings.series),
    )


def _without_number(
    read: DiscLabel, known: Disc | None, found: ScoredSeries | None
) -> DiscLabel | None:
    """Return a label whose last number is the disc's, without it; None if it is the show's, or
    there is none. A provider settles it; else few shows have a number behind their name."""
    if read.bare_name is None or known is not None:
        return None
    whole, bare = read.name or "", read.bare_name
    names = (found.series.name, *found.series.aliases) if found is not None else ()
    if any(same_name(whole, each) >= SAME_NAME for each in names):
        return None
    if not names and len(bare.split()) < _WORDS_BEFORE_A_NUMBER:
        return None
    return replace(read, name=bare)


def _show_name(
    read: DiscLabel, label: str, others: Known, findings: Findings
) -> tuple[str, Judgement]:
    """Return a show's name and how sure it is: from another disc, a provider, or the label."""
    found, known = findings.show, others.disc
    if (
        known is not None
        and known.tv_show_name
        and (found is None or known.thetvdb_series_id is not None)
    ):
        named = _sure_name(read, findings, Sign.NAME_OF_DISC)
        return known.tv_show_name, _no_surer(named, others, Question.NAME)
    if found is None:
        sign = _sign_of_label(read) if read.bare_name is None else Sign.NAME_NUMBERED
        sign = Sign.NAME_UNKNOWN if findings.asked_shows else sign
        return _name(read.name, label), _sure_name(read, findings, sign)
    sign = Sign.NAME_OF_SEVERAL if findings.rivals else Sign.NAME_OF_PROVIDER
    return naming.safe_component(found.series.name), _sure_name(read, findings, sign)


def _no_surer(judgement: Judgement, others: Known, question: Question) -> Judgement:
    """Return a judgement that rests on another disc: no surer than that one's, unless its answer
    was accepted."""
    if others.disc is None or others.is_accepted:
        return judgement
    sure = least(others.disc.identification, question)
    return judgement.at_most(sure, "The disc of this name before it is no surer.")


def _sign_of_label(read: DiscLabel) -> Sign:
    return Sign.NAME_OF_LABEL if read.certainty >= _CERTAIN_NAME else Sign.NAME_IS_CODE


def _sure_name(read: DiscLabel, findings: Findings, sign: Sign) -> Judgement:
    """Judge a name by its sign; not while a provider has not answered."""
    return Judgement.by(Sign.NAME_NOT_ASKED if findings.failed else sign)


def _of_known(known: Known, layout: Layout) -> list[Clue]:
    """Return what earlier discs say: of the same name, or of a show that this name begins with."""
    disc = known.disc
    if disc is None:
        if known.begins_with is None:
            return []
        reason = f"Its name begins with that of the show {known.begins_with}: a special, or a film."
        return [Clue(2, reason, Sign.ANOTHER_DISC)]
    if disc.media_type is MediaType.TV_SHOW:
        reason = f"Another disc of this name is of the show {disc.tv_show_name}."
        clue = Clue(7, reason, Sign.ANOTHER_DISC)
        lengths = Clue(2, "Titles are as long as its episodes.", Sign.ANOTHER_DISC)
        return [clue, lengths] if layout.episodes else [clue]
    return [Clue(-4, "Another disc of this name is a film's.", Sign.ANOTHER_DISC)]


def _of_findings(findings: Findings, layout: Layout) -> list[Clue]:
    clues = []
    show = findings.show
    if show is not None:
        reason = f"TheTVDB knows a show of this name: {show.series.name}."
        clues.append(Clue(1, reason, Sign.PROVIDER_NAME))
        if _fits_show(findings.episodes, layout):
            reason = "The titles are as long as its episodes."
            clues.append(Clue(1.5, reason, Sign.PROVIDER_LENGTHS))
    film = next(iter(findings.films), None)
    feature = layout.main_feature
    if film is not None and feature is not None and film.score >= GOOD_FILM:
        near = runtime_fit(film.film.runtime_minutes, feature.duration_seconds)
        if near is not None and near >= SHARE_THAT_FITS:
            reason = f"{film.film.title} is a film of this name and length."
            clues.append(Clue(-2.5, reason, Sign.PROVIDER_LENGTHS))
        else:
            reason = f"{film.film.title} is a film of this name."
            clues.append(Clue(-0.7, reason, Sign.PROVIDER_NAME))
    return clues


def _fits_show(episodes: Sequence[Episode], layout: Layout) -> bool:
    """Whether most titles are as long as some episode of a regular season."""
    minutes = {each.runtime_minutes for each in episodes if each.season_number}
    lengths = [title.duration_seconds for title in layout.episodes]
    return share_fitting(lengths, minutes) >= SHARE_THAT_FITS


def _film(read: DiscLabel, label: str, verdict: Verdict, findings: Findings) -> Identity:
    films = findings.films
    best = films[0] if films and films[0].score >= GOOD_FILM else None
    is_readable = read.certainty >= _CERTAIN_NAME
    warnings = list(_warnings(read, findings))
    sign = Sign.NAME_UNKNOWN if findings.asked_films else _sign_of_label(read)
    sign = Sign.NAME_OF_PROVIDER if best else sign
    if films and best is None:
        warnings.append(f"No film found fits well; {films[0].film.title} is the nearest.")
    elif best is not None and len(films) > 1 and _rival(best, films[1]):
        rival = films[1].film
        year = f" ({rival.year})" if rival.year else ""
        warnings.append(f"It may also be {rival.title}{year}: choose with identify.")
        sign = Sign.NAME_OF_SEVERAL
    return Identity(
        MediaType.MOVIE,
        name=naming.safe_component(best.film.title) if best else _name(read.film_name, label),
        kind=verdict.judgement,
        named=_sure_name(read, findings, sign),
        film_fit=best.score if best else (LOW if is_readable else VERY_LOW),
        year=(best.film.year if best else None) or read.year,
        edition=read.edition,
        film=best.film if best else None,
        warnings=tuple(warnings),
        candidates=tuple(film_candidate(each) for each in films),
    )


def _rival(best: ScoredFilm, second: ScoredFilm) -> bool:
    """Whether a different film fits as well (providers list some films twice)."""
    same = second.film.year == best.film.year and (
        same_name(second.film.title, best.film.title) >= SAME_NAME
    )
    return best.score - second.score < _CLOSE_SCORES and not same


def _warnings(read: DiscLabel, findings: Findings) -> tuple[str, ...]:
    warnings = list(findings.failed)
    if read.certainty < _CERTAIN_NAME and findings.show is None:
        warnings.append("The label hardly says what the disc is called: check the name.")
    for rival in findings.rivals:
        year = f" ({rival.year})" if rival.year else ""
        warnings.append(f"It may also be the show {rival.name}{year}: choose with identify.")
    return tuple(warnings)


def _name(name: str | None, label: str) -> str:
    """Return what a disc is called; the label itself for want of a name."""
    return naming.safe_component(name or label, "Unknown disc")
