"""The demo's output: plain lines, with bars and dimmed text on a terminal."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import click

from boz_server.demo.client import Json

_KINDS = {"tv_show": "TV show", "movie": "film", "unknown": "unknown kind of disc"}


def say(sentence: str) -> None:
    """Show one line of the story."""
    click.echo(f"  {sentence}")


def pause(seconds: float, speed: float = 1.0) -> None:
    """Wait for people to follow; at speed 10 a tenth of the seconds."""
    time.sleep(seconds / speed)


def headline(text: str) -> None:
    """Show the title of a part of the story."""
    click.echo()
    click.secho(text, bold=True)


def show_preview(disc: Json) -> None:
    """Show what the server identified the disc as, and the names it proposes."""
    say(
        f"The server takes it for a {_KINDS.get(disc['media_type'], disc['media_type'])}"
        f"{_subject(disc)}:"
    )
    for title in disc["titles"]:
        click.secho(_row(title), dim=bool(title["is_extra"]))
    why = disc["identification"]
    say(f"{why['confidence']:.0%} sure: {' '.join(why['reasons'])}")
    for warning in why["warnings"]:
        say(f"Check: {warning}")


@contextmanager
def bar(label: str) -> Iterator[Callable[[int], None]]:
    """Show progress to 100, which the yielded function advances; off a terminal, only the label."""
    width = 58 if sys.stdout.isatty() else 0
    with click.progressbar(
        length=100,
        label=f"  {label:<{width}}",
        show_eta=False,
        fill_char="█",
        empty_char="·",
        width=24,
    ) as progress:
        yield progress.update


def _subject(disc: Json) -> str:
    if disc["media_type"] == "tv_show":
        return f", {disc['tv_show_name']}, season {disc['tv_season_number']}"
    if disc["movie_title"]:
        year = f" ({disc['movie_year']})" if disc["movie_year"] else ""
        return f", {disc['movie_title']}{year}"
    return ""


def _row(title: Json) -> str:
    """Return one aligned line: number, length, size, certainty, name, remark."""
    length = str(timedelta(seconds=title["duration_seconds"]))
    size = f"{title['size_bytes'] / 2**30:.1f} GiB"
    sure = title["confidence_score"]
    certainty = "" if sure is None else f"{sure:.0%}"
    name = title["proposed_filename"] or title["name"]
    remark = f"  ({title['note'] or 'extra'})" if title["is_extra"] else ""
    return f"    {title['index']:>3}  {length}  {size:>9}  {certainty:>4}  {name}{remark}"
