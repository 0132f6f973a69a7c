"""Puts foreign text on one line."""

_CONTROLS = dict.fromkeys((*range(0x20), *range(0x7F, 0xA0)), " ")


def one_line(text: str | None, length: int) -> str:
    """Replace control characters and runs of blanks by one blank, and cut at a length; "" for
    None."""
    return " ".join((text or "").translate(_CONTROLS).split())[:length].strip()
