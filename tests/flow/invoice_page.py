"""Words of a PDF and where they stand, as `pdftotext -bbox` sees them; for tests of a sheet's layout."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from html import unescape
from itertools import combinations
from pathlib import Path

from tests.needs import need

_WORD = re.compile(r'<word xMin="([\d.-]+)" yMin="([\d.-]+)" xMax="([\d.-]+)" yMax="([\d.-]+)">(.*?)</word>')
_MM = 72 / 25.4


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """Its box in millimetres from the upper left corner of the page."""

    text: str
    left: float
    top: float
    right: float
    bottom: float


def words_of(pdf: bytes, folder: Path) -> list[list[Word]]:
    """By page. Skips the test where there is no poppler."""
    program = shutil.which("pdftotext")
    need("pdftotext", program, how="apt-get install poppler-utils")
    assert program is not None
    (folder / "sheet.pdf").write_bytes(pdf)
    shown = subprocess.run(
        [program, "-bbox", "sheet.pdf", "-"], cwd=folder, capture_output=True, check=True
    ).stdout.decode()
    return [[_word(*found.groups()) for found in _WORD.finditer(page)] for page in shown.split("<page ")[1:]]


def _word(left: str, top: str, right: str, bottom: str, text: str) -> Word:
    places = (float(place) / _MM for place in (left, top, right, bottom))
    return Word(text=unescape(text), **dict(zip(("left", "top", "right", "bottom"), places, strict=True)))


def outside(page: list[Word], *, left: float, right: float, bottom: float) -> list[str]:
    """Words that are not within these edges, half a millimetre forgiven."""
    return [
        word.text
        for word in page
        if word.left < left - 0.5 or word.right > right + 0.5 or word.bottom > bottom or word.top < 0
    ]


def over_each_other(page: list[Word]) -> list[tuple[str, str]]:
    """Pairs of words that share ink: a millimetre in width, and half of the lower one's height."""
    return [(one.text, other.text) for one, other in combinations(page, 2) if _overlap(one, other)]


def _overlap(one: Word, other: Word) -> bool:
    wide = min(one.right, other.right) - max(one.left, other.left)
    high = min(one.bottom, other.bottom) - max(one.top, other.top)
    return wide > 1.0 and high > 0.5 * min(one.bottom - one.top, other.bottom - other.top)
