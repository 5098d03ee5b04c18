"""Bytes to text: size, encoding and characters are checked here, before anything parses the file."""

from __future__ import annotations

import re

MAX_BYTES = 5 * 1024 * 1024
"""Fifty times the largest machine that was ever seen; a larger file is a mistake or an attack."""

_NOT_TEXT = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|\ufeff")
_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")


class NotText(Exception):
    """Why the bytes are no text, and where. `text` is what can be shown of them."""

    def __init__(
        self, code: str, message: str, *, fix: str, line: int = 1, column: int = 1, text: str = ""
    ) -> None:
        super().__init__(message)
        self.code, self.message, self.fix = code, message, fix
        self.line, self.column, self.text = line, column, text


def decode(content: str | bytes) -> str:
    """The text of a file, without byte order mark.

    Raises:
        NotText: Too large, not UTF-8, or with characters that are not text.
    """
    if len(content) > MAX_BYTES:
        raise _too_large()
    text = content if isinstance(content, str) else _from_utf8(content)
    text = text.removeprefix("\ufeff")
    bad = _NOT_TEXT.search(text)
    if bad is None:
        return text
    line, column = line_and_column(text, bad.start())
    raise NotText(
        "control-character",
        f"the file holds the character U+{ord(bad[0]):04X}, which is not text",
        line=line,
        column=column,
        fix="remove it; in a double-quoted text it can be written as an escape",
        text=text,
    )


def _too_large() -> NotText:
    return NotText(
        "file-too-large",
        f"the file is larger than {MAX_BYTES // 1024 // 1024} MB",
        fix="split it into several machines",
    )


def split_lines(text: str) -> list[str]:
    """Lines as YAML counts them."""
    return _BREAK.split(text)


def line_and_column(text: str, offset: int) -> tuple[int, int]:
    """Where a character is, both from 1."""
    before = split_lines(text[:offset])
    return len(before), len(before[-1]) + 1


def _from_utf8(content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8")
        line, column = line_and_column(before, len(before))
        raise NotText(
            "bad-encoding",
            f"the file is not UTF-8: byte 0x{content[error.start]:02X} does not belong there",
            line=line,
            column=column,
            fix="save the file as UTF-8",
            text=content.decode("utf-8", errors="replace"),
        ) from None
