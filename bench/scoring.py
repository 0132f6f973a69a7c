"""Compares what a server proposes for real discs with what they contain."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bench.corpus import TRAPS, WANTED, RealDisc, Truth
from boz_server.domain.identification.candidates import SAME_NAME, same_name

#: On a disc with a warning, a number with at most this confidence is marked as a guess.
GUESS = 0.4


@dataclass
class Tally:
    """How many answers were right, out of how many."""

    right: int = 0
    of: int = 0

    def add(self, is_right: bool) -> bool:
        self.of += 1
        self.right += is_right
        return is_right

    @property
    def share(self) -> float:
        return self.right / self.of if self.of else 1.0

    def __str__(self) -> str:
        if not self.of:
            return "none"
        return f"{self.right}/{self.of} = {100 * self.share:.1f} %"


@dataclass
class Score:
    """All counts, and the misses in words."""

    media: Tally = field(default_factory=Tally)
    feature: Tally = field(default_factory=Tally)
    no_feature: Tally = field(default_factory=Tally)
    #: Precision: proposed titles that are wanted. Recall: wanted titles that are proposed, counted
    #: per title, and once per episode or film.
    precision: Tally = field(default_factory=Tally)
    recall: Tally = field(default_factory=Tally)
    recall_once: Tally = field(default_factory=Tally)
    traps_left: Tally = field(default_factory=Tally)
    numbers: Tally = field(default_factory=Tally)
    open_numbers: Tally = field(default_factory=Tally)
    wrong_marked: Tally = field(default_factory=Tally)
    misses: list[str] = field(default_factory=list)

    @property
    def f1(self) -> float:
        return _f1(self.precision.share, self.recall.share)

    @property
    def f1_once(self) -> float:
        return _f1(self.precision.share, self.recall_once.share)

    def rows(self) -> Iterator[tuple[str, str]]:
        """The table's lines."""
        yield "media type", str(self.media)
        yield "main feature", str(self.feature)
        yield "discs without one", str(self.no_feature)
        yield "rip this, precision", str(self.precision)
        yield "rip this, recall", str(self.recall)
        yield "rip this, F1", f"{self.f1:.3f}"
        yield "the same, each episode or film once", f"{self.f1_once:.3f}"
        yield "play-alls and duplicates left out", str(self.traps_left)
        yield "episode numbers, determined sets", str(self.numbers)
        yield "episode numbers, elsewhere", str(self.open_numbers)
        yield "wrong ones elsewhere marked", str(self.wrong_marked)


def score(disc: RealDisc, answer: Mapping[str, Any], result: Score, *, determined: bool) -> None:
    """Compare a disc's preview, as the API returns it, with the truth."""
    media = "tv_show" if disc.is_tv else "movie"
    if not result.media.add(answer["media_type"] == media):
        result.misses.append(f"{disc.disc_id}: taken for {answer['media_type']}")
    proposed = {title["index"]: title for title in answer["titles"] if title["selected"]}
    truth = {title["index"]: disc.truth[title["index"]] for title in disc.titles()}
    _score_feature(disc, proposed, truth, result)
    _score_ripped(disc, proposed, truth, result)
    tally = result.numbers if determined else result.open_numbers
    warned = bool(answer["identification"]["warnings"])
    for index, title in proposed.items():
        if truth[index].kind != "episode" or not truth[index].numbers:
            continue
        if not tally.add(_is_numbered(answer, title, truth[index])):
            marked = warned and title["confidence_score"] <= GUESS
            if not determined:
                result.wrong_marked.add(marked)
            result.misses.append(
                f"{disc.disc_id}: title {index} is S{truth[index].season}E{truth[index].numbers},"
                f" called {title['proposed_filename']} ({title['confidence_score']})"
            )


def _score_feature(
    disc: RealDisc,
    proposed: Mapping[int, Mapping[str, Any]],
    truth: Mapping[int, Truth],
    result: Score,
) -> None:
    """For films, the film must be proposed; for discs with neither film nor episode, nothing."""
    if not any(each.kind in WANTED for each in truth.values()):
        if not result.no_feature.add(not proposed):
            result.misses.append(f"{disc.disc_id}: has no feature, proposed {sorted(proposed)}")
    elif not disc.is_tv:
        first = next(iter(proposed), None)
        is_film = first is not None and truth[first].kind == "main_movie"
        if not result.feature.add(is_film):
            result.misses.append(f"{disc.disc_id}: main feature is not title {first}")


def _score_ripped(
    disc: RealDisc,
    proposed: Mapping[int, Mapping[str, Any]],
    truth: Mapping[int, Truth],
    result: Score,
) -> None:
    units: dict[Any, bool] = {}
    for index, each in truth.items():
        is_proposed = index in proposed
        if each.kind in TRAPS and not result.traps_left.add(not is_proposed):
            result.misses.append(f"{disc.disc_id}: proposed {each.kind} {index}")
        if each.kind in WANTED:
            result.recall.add(is_proposed)
            unit = (each.season, each.numbers) if each.kind == "episode" else "film"
            units[unit] = units.get(unit, False) or is_proposed
        if is_proposed and each.kind != "none" and not result.precision.add(each.kind in WANTED):
            result.misses.append(f"{disc.disc_id}: proposed {each.kind} {index}: {each.title}")
    for unit, covered in units.items():
        if not result.recall_once.add(covered):
            result.misses.append(f"{disc.disc_id}: left out {unit}")


@dataclass(frozen=True)
class Verdict:
    """Which questions a preview answered right; None where it was not asked."""

    kind: bool
    name: bool
    titles: bool
    numbers: bool | None

    @property
    def is_right(self) -> bool:
        """Whether the disc's files may be filed as proposed, but for their name."""
        return self.kind and self.titles and self.numbers is not False

    def of(self, question: str) -> bool | None:
        """Whether the answer to a question was right; None for numbers of the wrong titles."""
        if question == "numbers":
            return self.numbers if self.kind and self.titles else None
        return {"media_type": self.kind, "name": self.name, "titles": self.titles}[question]


def judge(disc: RealDisc, answer: Mapping[str, Any]) -> Verdict:
    """Say which questions a disc's preview, as the API returns it, answers right."""
    truth = {title["index"]: disc.truth[title["index"]] for title in disc.titles()}
    proposed = {title["index"]: title for title in answer["titles"] if title["selected"]}
    wanted = {_unit(each) for each in truth.values() if each.kind in WANTED}
    found = {_unit(truth[index]) for index in proposed if truth[index].kind in WANTED}
    unwanted = [index for index in proposed if truth[index].kind not in (*WANTED, "none")]
    known = [(title, truth[index]) for index, title in proposed.items() if truth[index].numbers]
    numbered = [_is_numbered(answer, title, each) for title, each in known]
    called = answer["tv_show_name"] if disc.is_tv else answer["movie_title"]
    return Verdict(
        kind=answer["media_type"] == ("tv_show" if disc.is_tv else "movie"),
        name=same_name(called or "", disc.name) >= SAME_NAME,
        titles=found == wanted and not unwanted,
        numbers=all(numbered) if numbered else None,
    )


def _unit(truth: Truth) -> Any:
    """What a title is one copy of: an episode, or the film; its cuts count as one."""
    return (truth.season, truth.numbers) if truth.kind == "episode" else "film"


def _is_numbered(answer: Mapping[str, Any], title: Mapping[str, Any], truth: Truth) -> bool:
    first = title["episode_number"]
    last = title["last_episode_number"] or first
    return (
        answer["tv_season_number"] == truth.season
        and first == truth.numbers[0]
        and (len(truth.numbers) == 1 or last == truth.numbers[-1])
    )


def _f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0
