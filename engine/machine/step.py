"""An event applied to a saga: pure, the same arguments always give the same step.

No clock, no chance, no I/O: `now` comes in, entry ids are made from saga id and version. Only the
runner calls this, and commits what comes out.
"""

from __future__ import annotations

from dataclasses import replace

from engine.machine.plan import Machine
from engine.machine.turn import Turn
from engine.model import Event, Millis, Saga, Step


def step(machine: Machine, saga: Saga, event: Event, now: Millis) -> Step:
    """Apply `event` to `saga` at `now`, with all that the engine raises because of it.

    An event that no transition takes is refused, or recorded as ignored where the machine says so.
    What the engine itself raised (`event.entry`: a reply, a timer) is never refused: it is a fact.

    Raises:
        EventNotAccepted: No transition takes it, and the machine rejects unexpected events.
        PayloadInvalid: The payload does not fit the event's schema.
        ExpressionFailed: A guard, a template or a `set` line has no value on this saga's data.
    """
    turn = Turn(machine, saga, now)
    name = machine.names.get(event.name, event.name)
    turn.apply(event if name == event.name else replace(event, name=name))
    return turn.step()
