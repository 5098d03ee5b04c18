"""The sagas this daemon worked on last, so that the next event needs no read."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace

from engine.model import Saga


class HotSagas:
    """A bounded LRU. A stale copy is harmless: the store's compare-and-set refuses its steps."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._sagas: OrderedDict[str, Saga] = OrderedDict()

    def get(self, saga_id: str) -> Saga | None:
        saga = self._sagas.get(saga_id)
        if saga is not None:
            self._sagas.move_to_end(saga_id)
        return saga

    def keep(self, saga: Saga) -> None:
        """Keep a copy without its side effects: no step looks at them, and here they would pile up.

        They are settled in the store without a step, which nobody tells the copy.
        """
        self._sagas[saga.saga_id] = _without_effects(saga)
        self._sagas.move_to_end(saga.saga_id)
        if len(self._sagas) > self._limit:
            self._sagas.popitem(last=False)

    def forget(self, saga_id: str) -> None:
        self._sagas.pop(saga_id, None)


def _without_effects(saga: Saga) -> Saga:
    if all(entry.kind != "effect" for entry in saga.agenda):
        return saga
    return replace(saga, agenda=tuple(entry for entry in saga.agenda if entry.kind != "effect"))
