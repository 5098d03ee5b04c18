"""What the store says to MongoDB: a listener on the driver's commands, one database at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pymongo import monitoring

READS = ("find", "aggregate", "getMore", "count", "distinct")
WRITES = ("insert", "update", "delete", "findAndModify")


class Wire(monitoring.CommandListener):
    """The commands to the database `name` since it was last emptied."""

    def __init__(self) -> None:
        self.name = ""
        self.commands: list[Mapping[str, Any]] = []

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        if event.database_name == self.name:
            self.commands.append(event.command)

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Nobody asks."""

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Nobody asks."""

    @property
    def names(self) -> list[str]:
        return [next(iter(command)) for command in self.commands]

    @property
    def counted(self) -> tuple[int, int]:
        """Writes and reads."""
        return sum(n in WRITES for n in self.names), sum(n in READS for n in self.names)

    def writes(self) -> list[Mapping[str, Any]]:
        return [command for command in self.commands if next(iter(command)) in WRITES]


_WIRE = Wire()
monitoring.register(_WIRE)


@contextmanager
def listening(database: str) -> Iterator[Wire]:
    """To clients made after this module was loaded."""
    _WIRE.name = database
    _WIRE.commands.clear()
    try:
        yield _WIRE
    finally:
        _WIRE.name = ""
