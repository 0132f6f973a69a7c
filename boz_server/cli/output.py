"""Prints the results of commands: a line for people, or JSON for scripts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import wraps
from typing import Any

import click
import orjson

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")
_STEP = 1024


@dataclass(frozen=True, slots=True)
class Result:
    """What a command did.

    lines: for people. facts: the same as a JSON value. failed: whether the exit code is 1.
    """

    lines: str | Sequence[str]
    facts: dict[str, Any] | list[dict[str, Any]]
    failed: bool = False


def reported(command: Callable[..., Result]) -> Callable[..., None]:
    """Print the result of a command, as JSON with --json."""

    @click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")
    @wraps(command)
    def run(*, as_json: bool, **options: Any) -> None:
        result = command(**options)
        if as_json:
            click.echo(orjson.dumps(result.facts, option=orjson.OPT_UTC_Z))
        else:
            click.echo(result.lines if isinstance(result.lines, str) else "\n".join(result.lines))
        if result.failed:
            click.get_current_context().exit(1)

    return run


def size(size_bytes: float) -> str:
    """Format bytes for people: "1.5 MiB"."""
    for unit in _UNITS:
        if size_bytes < _STEP or unit == _UNITS[-1]:
            break
        size_bytes /= _STEP
    return f"{size_bytes:.0f} B" if unit == "B" else f"{size_bytes:.1f} {unit}"


def age(passed: timedelta) -> str:
    """Format a duration for people: "3 days", "5 h", "0 min"."""
    minutes = max(0, int(passed.total_seconds() // 60))
    if minutes < 120:  # noqa: PLR2004
        return f"{minutes} min"
    hours = minutes // 60
    return f"{hours} h" if hours < 48 else f"{hours // 24} days"  # noqa: PLR2004
