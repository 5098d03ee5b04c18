"""A channel that answers as the test wrote, and remembers what it was given."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

from engine.model import Delivery, Done, Outcome

Answer = Outcome | Exception | Callable[[Delivery], Outcome]


class ScriptedChannel:
    """Answers the tries of each command in the order of its script; the last line goes on for ever.

    A command that the script does not name gets `otherwise`. A line may be an Outcome, a function of
    the delivery, or an exception to raise (a defect of an adapter).
    """

    def __init__(
        self, script: Mapping[str, Sequence[Answer]] | None = None, *, otherwise: Answer | None = None
    ) -> None:
        self._script = {name: list(lines) for name, lines in (script or {}).items()}
        self._otherwise = otherwise if otherwise is not None else Done(reply="done")
        self._gates: dict[str, asyncio.Event] = {}
        self.deliveries: list[Delivery] = []
        self.arrived = asyncio.Event()
        self.closed = False

    async def send(self, delivery: Delivery) -> Outcome:
        self.deliveries.append(delivery)
        self.arrived.set()
        if (gate := self._gates.get(delivery.name)) is not None:
            await gate.wait()
        line = self._next(delivery.name)
        if isinstance(line, Exception):
            raise line
        return line(delivery) if callable(line) else line

    async def close(self) -> None:
        self.closed = True

    def hold(self, name: str) -> asyncio.Event:
        """Keep deliveries of `name` without an answer until the event that is returned is set."""
        return self._gates.setdefault(name, asyncio.Event())

    def sent(self, name: str) -> list[Delivery]:
        return [delivery for delivery in self.deliveries if delivery.name == name]

    def _next(self, name: str) -> Answer:
        lines = self._script.get(name)
        if not lines:
            return self._otherwise
        return lines.pop(0) if len(lines) > 1 else lines[0]
