"""How often Python looks for cycles: seldom, since a step makes thousands of values and hardly a cycle."""

from __future__ import annotations

import gc

YOUNG, MIDDLE, OLD = 10_000, 20, 50
"""Python's own 700, 10, 10 took a quarter of the loop's time at 32 sagas (docs/benchmarks.md)."""


def settle_heap() -> None:
    """Call once when everything is loaded: what is there by then is not looked at again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, OLD)
