"""Text of the author made fit for a diagram: wrapped, shortened, rid of what no notation may hold."""

from __future__ import annotations

import re
import textwrap

LINE_WIDTH = 34
"""Characters: about the width of a box with a long state name, so that labels do not dominate."""

TEXT_LIMIT = 140
LINES_LIMIT = 12

_UNFIT = re.compile(r"[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MARKS = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def clean(text: str) -> str:
    """One line without control characters (XML 1.0 forbids them) and without direction marks (they hide text)."""
    return " ".join(_MARKS.sub("", _UNFIT.sub("\ufffd", text)).split())


def wrapped(text: str, width: int = LINE_WIDTH) -> list[str]:
    """The text in lines of at most `width` characters, cut after TEXT_LIMIT."""
    short = clean(text)
    if len(short) > TEXT_LIMIT:
        short = short[: TEXT_LIMIT - 3] + "..."
    return textwrap.wrap(short, width, break_on_hyphens=False) or [""]


def unique(texts: list[str]) -> list[str]:
    """The texts in order, repeats left out, cut after LINES_LIMIT with a count of the rest."""
    found = list(dict.fromkeys(texts))
    if len(found) <= LINES_LIMIT:
        return found
    return [*found[: LINES_LIMIT - 1], f"and {len(found) - LINES_LIMIT + 1} more"]
