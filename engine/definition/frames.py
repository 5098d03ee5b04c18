"""Findings as text for people: the sentence, the place, the lines of the file with a mark under the spot.

Whatever comes from a file is made harmless first: control and direction characters become visible
signs, tabs one blank, so that no file can steer a terminal and the marks stand where they should.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping

from engine.definition.decode import split_lines
from engine.definition.findings import Finding

WIDTH = 120
"""Columns of the file that are shown; of a longer line, the part round the spot."""
_MAX_SENTENCE = 500

_BOLD, _RED, _YELLOW, _BLUE, _CYAN, _END = (
    "\x1b[1m",
    "\x1b[31m",
    "\x1b[33m",
    "\x1b[34m",
    "\x1b[36m",
    "\x1b[0m",
)


def show(findings: Iterable[Finding], sources: Mapping[str, str], *, colour: bool = False) -> str:
    """All findings with code frames, a blank line between; "" if there are none.

    Args:
        sources: The text of each file that findings name; a file that is not there gets no frame.
    """
    lines = {file: split_lines(text) for file, text in sources.items()}
    return "\n\n".join(_frame(finding, lines.get(finding.file), colour) for finding in findings)


def printable(text: str) -> str:
    """The text on one line, each character that is no visible sign replaced by one that is."""
    return text if text.isascii() and text.isprintable() else "".join(map(_sign, text))


def _frame(finding: Finding, lines: list[str] | None, colour: bool) -> str:
    paint = _paint if colour else _plain
    tone = _RED if finding.severity == "error" else _YELLOW
    head = paint(f"{finding.severity}[{finding.code}]", _BOLD + tone)
    place = f"{printable(finding.file)}:{finding.line}:{finding.column}"
    shown = _lines(finding, lines or [])
    margin = " " * len(str(finding.line))
    arrow, bar, equals = (paint(sign, _BOLD + _BLUE) for sign in ("-->", "|", "="))
    text = [f"{head}{paint(f': {_sentence(finding.message)}', _BOLD)}", f"{margin}{arrow} {place}"]
    if shown is not None:
        number = paint(str(finding.line), _BOLD + _BLUE)
        text += [
            f"{margin} {bar}",
            f"{number} {bar} {shown[0]}",
            f"{margin} {bar} {paint(shown[1], _BOLD + tone)}",
        ]
    if finding.fix is not None:
        text.append(f"{margin} {equals} {paint('help', _BOLD + _CYAN)}: {_sentence(finding.fix)}")
    return "\n".join(text)


def _lines(finding: Finding, lines: list[str]) -> tuple[str, str] | None:
    """The line of the finding as it can be shown, and the marks under it."""
    if not 1 <= finding.line <= len(lines) or not lines[finding.line - 1].strip():
        return None
    line = lines[finding.line - 1]
    start = min(finding.column - 1, len(line))
    end = max(start + 1, min((finding.end_column or finding.column + 1) - 1, len(line)))
    left = 0 if len(line) <= WIDTH else max(0, min(start - WIDTH // 3, len(line) - WIDTH))
    part = printable(line[left : left + WIDTH])
    before, marked = part[: start - left], part[start - left : end - left]
    dots = "..." if left else "", "..." if left + WIDTH < len(line) else ""
    blank = " " * (len(dots[0]) + _width(before))
    return f"{dots[0]}{part}{dots[1]}", f"{blank}{'^' * max(1, _width(marked))}"


def _sentence(text: str) -> str:
    return printable(text if len(text) <= _MAX_SENTENCE else text[: _MAX_SENTENCE - 3] + "...")


def _sign(character: str) -> str:
    if character == "\t":
        return " "
    if character.isprintable() and not unicodedata.combining(character):
        return character
    return chr(0x2400 + ord(character)) if character < " " else "\N{REPLACEMENT CHARACTER}"


def _width(text: str) -> int:
    """Columns on a terminal: East Asian signs take two."""
    return len(text) + sum(unicodedata.east_asian_width(character) in "WF" for character in text)


def _paint(text: str, style: str) -> str:
    return f"{style}{text}{_END}"


def _plain(text: str, _style: str) -> str:
    return text
