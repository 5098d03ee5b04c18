"""What a saga owes while a step is made: entries come, change and go, and the sum is the step's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from operator import attrgetter

from engine.model import Entry, Json, Saga

_ID = attrgetter("id")


class Agenda:
    """The entries of a saga, with what the step changed about them. Order is the order of making."""

    def __init__(self, saga: Saga) -> None:
        self._entries = dict(zip(map(_ID, saga.agenda), saga.agenda, strict=True))
        self._new: set[str] = set()
        self._added: dict[str, Entry] = {}
        self._changed: dict[str, Entry] = {}
        self._removed: list[str] = []

    def get(self, entry_id: str | None) -> Entry | None:
        return self._entries.get(entry_id) if entry_id is not None else None

    def all(self) -> tuple[Entry, ...]:
        return tuple(self._entries.values())

    def where(self, wanted: Callable[[Entry], bool]) -> list[Entry]:
        return [entry for entry in self._entries.values() if wanted(entry)]

    def latest(self) -> Iterator[Entry]:
        """All of them, the latest first."""
        return reversed(self._entries.values())

    def add(self, entries: Iterable[Entry]) -> None:
        """Owe new entries, or put one in the place of the entry with its id."""
        for entry in entries:
            if entry.id not in self._entries:
                self._new.add(entry.id)
            self._entries[entry.id] = self._added[entry.id] = entry

    def change(self, entry: Entry) -> None:
        """Rewrite the request of an entry that is owed, whatever became of it meanwhile."""
        self._entries[entry.id] = entry
        if entry.id in self._added:
            self._added[entry.id] = entry
        else:
            self._changed[entry.id] = entry

    def remove(self, entry_id: str) -> None:
        """Owe it no longer; an entry that this very step added leaves no trace."""
        del self._entries[entry_id]
        self._changed.pop(entry_id, None)
        self._added.pop(entry_id, None)
        if entry_id not in self._new:
            self._removed.append(entry_id)

    def pin(self, metadata: Json) -> None:
        """Write the metadata as they were into every command that stands for them: they change now.

        Not into a poll: each time that it asks is a request of its own, about the saga as it is then.
        """
        asked = [entry for entry in self._entries.values() if entry.payload is None]
        for entry in asked:
            if entry.kind == "command" and entry.status != "done":
                self.change(replace(entry, payload=metadata))

    @property
    def added(self) -> tuple[Entry, ...]:
        return tuple(self._added.values())

    @property
    def rewritten(self) -> tuple[Entry, ...]:
        return tuple(self._changed.values())

    @property
    def removed(self) -> tuple[str, ...]:
        return tuple(self._removed)
