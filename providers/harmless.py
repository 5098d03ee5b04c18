"""Ids, keys and words made fit for a path, for a header and for people. Pure."""

from __future__ import annotations

import re
from hashlib import sha256

_PLAIN_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,127}")
_ODD = re.compile(r"[^\w ,.;:'()/&+-]+")
_LONG_NUMBER = re.compile(r"[0-9](?:[ .-]?[0-9]){6,}")
_LONGEST_WORDS = 200
_LONGEST_KEY = 64
"""Characters; what Adyen takes, and more than a UUID, which the others recommend."""


def plain_id(found: object) -> str:
    """An id that can stand in a path as it is; "" if it is none."""
    return found if isinstance(found, str) and _PLAIN_ID.fullmatch(found) else ""


def shown(found: object) -> str:
    """A provider's words for people: bounded, no odd characters, and no number that could be a card's."""
    words = _ODD.sub(" ", found) if isinstance(found, str) else ""
    return _LONG_NUMBER.sub("…", " ".join(words.split()))[:_LONGEST_WORDS]


def header_key(key: str) -> str:
    """An idempotency key that any provider takes: the key itself if it is short and plain, else its hash."""
    fits = len(key) <= _LONGEST_KEY and key.isascii() and key.isprintable()
    return key if fits else sha256(key.encode()).hexdigest()
