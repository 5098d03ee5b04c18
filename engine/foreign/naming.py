"""Names of other tools made into names that a machine may have: valid, unique, recognisable."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import count

NAME = re.compile(r"[A-Za-z0-9_.-]{1,200}")
_CHANNEL = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_WORD = re.compile(r"[A-Za-z0-9]+")
_LONGEST = 60
"""Characters of a name made from a sentence."""


class Names:
    """Hands out names, each once."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = set(taken)

    def take(self, wanted: str, *, apart: str = "") -> str:
        """`wanted` if it is free, else with `apart` behind it, else with a number."""
        name = next(one for one in _candidates(wanted, apart) if one not in self._taken)
        self._taken.add(name)
        return name


def _candidates(wanted: str, apart: str) -> Iterator[str]:
    yield wanted
    if apart:
        yield f"{wanted[: 199 - len(apart)]}_{apart}"
    yield from (f"{wanted[:190]}_{number}" for number in count(2))


def as_name(text: str, fallback: str) -> str:
    """The text as a name: itself if it is one, else with an underscore for each stretch of other signs."""
    if NAME.fullmatch(text):
        return text
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", _ascii(text)).strip("_")[:200] or fallback


def as_channel(text: str, fallback: str) -> str:
    """As `as_name`; config.yaml wants a letter, a digit or an underscore first, and `sagas` is built in."""
    name = as_name(text, fallback)
    if not _CHANNEL.fullmatch(name):
        name = f"_{name}"
    return "sagas_channel" if name == "sagas" else name


def upper_name(text: str, fallback: str) -> str:
    """A name from a sentence: `The goods arrived` -> `THE_GOODS_ARRIVED`; one that is a name stays."""
    if _is_short_name(text):
        return text
    return _cut("_".join(word.upper() for word in _words(text)), "_") or fallback


def camel_name(text: str, fallback: str) -> str:
    """A name from a sentence: `The goods arrived` -> `theGoodsArrived`; one that is a name stays."""
    if _is_short_name(text):
        return text
    first, *others = _words(text) or [""]
    return (first.lower() + "".join(word.capitalize() for word in others))[:_LONGEST] or fallback


def _is_short_name(text: str) -> bool:
    return len(text) <= _LONGEST and NAME.fullmatch(text) is not None


def _words(text: str) -> list[str]:
    return _WORD.findall(_ascii(text))


def _cut(name: str, joint: str) -> str:
    return name if len(name) <= _LONGEST else name[:_LONGEST].rpartition(joint)[0] or name[:_LONGEST]


def _ascii(text: str) -> str:
    """Accents taken off, so that `Pagamento è fallito` keeps its letters."""
    apart = unicodedata.normalize("NFKD", text)
    return "".join(sign for sign in apart if not unicodedata.combining(sign))
