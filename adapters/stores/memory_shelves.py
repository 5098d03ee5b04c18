"""What the memory store keeps, in plain dictionaries, and where to find it. Decides nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from engine.errors import SagaNotFound
from engine.model import Entry, HistoryRow, Key, Saga, Step


class Shelves:
    """Sagas, their rows each with its step, their entries in the order of making, and the keys."""

    def __init__(self) -> None:
        self.sagas: dict[str, Saga] = {}
        self.rows: dict[str, list[tuple[HistoryRow, Step]]] = {}
        self.entries: dict[str, dict[str, Entry]] = {}
        self.keys: dict[Key, str] = {}

    def saga(self, saga_id: str) -> Saga:
        """As its last step left it. Raises SagaNotFound."""
        if saga_id not in self.sagas:
            raise SagaNotFound(f"There is no saga {saga_id}")
        return self.sagas[saga_id]

    def whole(self, saga_id: str) -> Saga:
        """With the entries as they are now. Raises SagaNotFound."""
        return replace(self.saga(saga_id), agenda=tuple(self.entries[saga_id].values()))

    def bare(self, saga_id: str) -> Saga:
        """Without its entries."""
        return replace(self.sagas[saga_id], agenda=())

    def all_entries(self) -> Iterator[Entry]:
        return (entry for entries in self.entries.values() for entry in entries.values())

    def keep(self, entry: Entry) -> Entry:
        self.entries[entry.saga_id][entry.id] = entry
        return entry
