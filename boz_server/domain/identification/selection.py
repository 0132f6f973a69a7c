"""How sure it is that just the right titles of a disc are proposed to be ripped."""

from collections.abc import Sequence
from statistics import median

from boz_server.domain.identification.bonus import has_long_chapters
from boz_server.domain.identification.episodes import LONGEST_EPISODE_SECONDS
from boz_server.domain.identification.layout import MANY_CUTS, Evidence, Layout
from boz_server.domain.identification.repeats import FILM_SECONDS
from boz_server.domain.identification.signs import Judgement, Sign
from boz_server.domain.identification.title_facts import TitleFacts

# Titles of this share of an episode's length are long ones; a documentary may be such a one.
_LONG_SHARE = 0.6
# Episodes of one show are this close to the usual length.
_USUAL = 0.1
_FEW = 3
# A film is this close to a provider's running time: with the speed of PAL, too.
_AS_LONG = 0.05


def judge_episodes(layout: Layout) -> tuple[list[str], Judgement]:
    """Return warnings about a show's titles, and how sure it is that these are its episodes."""
    episodes = layout.episodes
    if not episodes:
        whole = [t for t in layout.singles if t.duration_seconds > LONGEST_EPISODE_SECONDS]
        warnings = [f"Several episodes in one, by its length: {_listed(whole)}."] if whole else []
        return warnings, Judgement.by(Sign.LONG_EXTRAS if _is_long(layout) else Sign.NO_EPISODES)
    hidden = _times_listed(episodes, layout)
    if hidden > MANY_CUTS:
        return [_hidden(hidden, "an episode")], Judgement.by(Sign.FILM_HIDDEN)
    sign, reason = _sign(layout)
    return [], Judgement.by(sign, reasons=[reason])


def _sign(layout: Layout) -> tuple[Sign, str]:
    """Return the sign by which titles are taken for episodes, and say it."""
    if left := _left_out(layout):
        return Sign.EPISODES_AMONG_OTHERS, f"Nearly as long, but left out: {_listed(left)}."
    if odd := _odd(layout):
        return Sign.EPISODES_OF_OTHER_LENGTH, f"Not as long as the others: {_listed(odd)}."
    if layout.evidence is Evidence.PLAY_ALL:
        return Sign.EPISODES_LISTED, "One title plays them all, and nothing else is as long."
    if layout.evidence is Evidence.COPIES:
        return Sign.EPISODES_LISTED, "Each episode is there twice, and nothing else is as long."
    if len(layout.episodes) < _FEW:
        return Sign.EPISODES_FEW, "Few titles are as long as episodes."
    return Sign.EPISODES_REGULAR, "All long titles are of one length."


def judge_features(
    features: Sequence[TitleFacts],
    layout: Layout,
    why_none: str | None = None,
    disc_number: int | None = None,
    film_minutes: int | None = None,
) -> tuple[list[str], Judgement]:
    """Return warnings about a film's titles, and how sure it is which one to rip.

    features: the film, and the titles that are as long. why_none: why there is no film.
    disc_number: from the label. film_minutes: a provider's.
    """
    if not features:
        reason = why_none or "No title is a film: a disc of extras."
        if why_none is None and _is_long(layout):
            return [reason], Judgement.by(Sign.LONG_EXTRAS)
        sign = Sign.NO_FILM if why_none is None else Sign.FILM_ELSEWHERE
        return [reason], Judgement.by(sign, reasons=[reason])
    listed = len(features) - 1 + _times_listed(features[:1], layout)
    if listed > MANY_CUTS:
        return [_hidden(listed, "the film")], Judgement.by(Sign.FILM_HIDDEN)
    if len(features) > 1:
        warning = f"As long as the film: {_listed(features[1:])}. Choose what you want."
        return [warning], Judgement.by(Sign.FILM_CUTS)
    film = features[0]
    is_as_long = film_minutes is not None and (
        abs(film.duration_seconds - film_minutes * 60) <= film.duration_seconds * _AS_LONG
    )
    is_doubtful = (disc_number or 1) > 1 or has_long_chapters(film)
    sign, reason = _sign_of_film(film, layout, is_doubtful=is_doubtful and not is_as_long)
    return [], Judgement.by(sign, reasons=[reason])


def _sign_of_film(film: TitleFacts, layout: Layout, *, is_doubtful: bool) -> tuple[Sign, str]:
    """Return the sign by which a title is taken for the film, and say it.

    is_doubtful: it may be a documentary.
    """
    rivals = [
        title
        for title in layout.singles
        if title is not film and title.duration_seconds >= film.duration_seconds * _LONG_SHARE
    ]
    if rivals:
        return Sign.FILM_AMONG_OTHERS, f"Nearly as long as the film: {_listed(rivals)}."
    if is_doubtful:
        return Sign.FILM_OR_DOCUMENTARY, "One title is the longest: the film, or a documentary."
    return Sign.FILM_ALONE, "One title is much longer than all others."


def _is_long(layout: Layout) -> bool:
    """Whether a title is as long as a film: a documentary, or one after all."""
    return any(title.duration_seconds >= FILM_SECONDS for title in layout.singles)


def _times_listed(titles: Sequence[TitleFacts], layout: Layout) -> int:
    """Return how often the disc lists that one of these titles which it lists most often."""
    originals = {title.index for title in titles}
    times = dict.fromkeys(originals, 1)
    for copy in layout.copies.values():
        if copy.of in times:
            times[copy.of] += 1
    return max(times.values(), default=0)


def _hidden(count: int, what: str) -> str:
    return (
        f"{count} titles are as long as {what}, as on discs that hide it among false ones: find the"
        " one that plays right, and select it."
    )


def _left_out(layout: Layout) -> list[TitleFacts]:
    """Return the titles that are nearly as long as the episodes, but not taken for any."""
    usual = median(title.duration_seconds for title in layout.episodes)
    taken = {title.index for title in layout.episodes}
    return [
        title
        for title in layout.singles
        if title.index not in taken and title.duration_seconds >= usual * _LONG_SHARE
    ]


def _odd(layout: Layout) -> list[TitleFacts]:
    """Return the episodes that are shorter or longer than the others, but for doubles."""
    usual = median(title.duration_seconds for title in layout.episodes)
    return [
        title
        for title in layout.episodes
        if title.index not in layout.doubles
        and abs(title.duration_seconds - usual) > usual * _USUAL
    ]


def _listed(titles: Sequence[TitleFacts]) -> str:
    indexes = ", ".join(str(title.index) for title in titles[:MANY_CUTS])
    return f"title {indexes}" if len(titles) == 1 else f"titles {indexes}"
