"""Documents as a provider of tomorrow, or an enemy, may send them: one place of a good one is something else."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from typing import Any

_ELSE: list[Any] = [
    None,
    True,
    0,
    -1,
    2**63,
    1e308,
    "",
    "x",
    "1e999999999",
    "\u0000",
    [],
    [None],
    {},
    {"id": []},
    [[]],
    [{}],
]


def spoilt(document: Any, times: int) -> Iterator[Any]:
    """The same documents every time."""
    dice = random.Random(5)
    places = list(_places(document, ()))
    for _ in range(times):
        copied = copy.deepcopy(document)
        *way, last = dice.choice(places)
        inside = copied
        for step in way:
            inside = inside[step]
        if dice.random() < 0.2 and isinstance(inside, dict):
            del inside[last]
        else:
            inside[last] = copy.deepcopy(dice.choice(_ELSE))
        yield copied


def _places(found: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    if isinstance(found, dict | list):
        for name, inside in found.items() if isinstance(found, dict) else enumerate(found):
            yield from _places(inside, (*path, name))
