"""The known name that is nearest to one that is not known: "did you mean"."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_MANY = 2_000  # more candidates than this make difflib slow enough to notice
_LONG = 100


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """A fix for a finding, e.g. "did you mean ORDER_PAID?", or None if nothing is near."""
    match = nearest(name, known)
    return f"did you mean {match}?" if match is not None else None


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is most like `name`, None if none is like it."""
    candidates = [each for each in known if abs(len(each) - len(name)) <= max(3, len(name) // 3)]
    if len(name) > _LONG or len(candidates) > _MANY:
        return None
    folded = {each.casefold(): each for each in candidates}
    matches = difflib.get_close_matches(name.casefold(), list(folded), n=1, cutoff=0.6)
    return folded[matches[0]] if matches else None
