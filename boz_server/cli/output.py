"""Prints the results of commands: a line for people, or JSON for scripts."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import click
import orjson

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")
_STEP = 1024


def say(line: str, facts: dict[str, Any], *, as_json: bool) -> None:
    """Print a result as a line, or as JSON."""
    click.echo(orjson.dumps(facts, option=orjson.OPT_UTC_Z) if as_json else line)


def say_list(lines: Sequence[str], facts: Sequence[dict[str, Any]], *, as_json: bool) -> None:
    """Print items as a line each, or as one JSON list."""
    if as_json:
        click.echo(orjson.dumps(facts, option=orjson.OPT_UTC_Z))
        return
    for line in lines:
        click.echo(line)


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
