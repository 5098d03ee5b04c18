"""Opaque cursors: the place where a page ended, as text that callers pass back and do not read."""

from __future__ import annotations

import base64
import binascii

import msgspec

from engine.model import Millis
from web.problems import Problem

_PLACE = msgspec.json.Decoder(tuple[int, str])
_FAR = 2**53


def cursor_for(place: tuple[Millis, str]) -> str:
    """The cursor for the last row of a page."""
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).rstrip(b"=").decode()


def place_of(cursor: str | None) -> tuple[Millis, str] | None:
    """What `cursor_for` was given. Raises Problem: invalid-cursor."""
    if cursor is None:
        return None
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        at, id_ = _PLACE.decode(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (UnicodeError, binascii.Error, msgspec.DecodeError):
        raise Problem("invalid-cursor", "The cursor is not one that this listing answered.") from None
    if not 0 <= at < _FAR or "\0" in id_:
        raise Problem("invalid-cursor", "The cursor is not one that this listing answered.")
    return at, id_
