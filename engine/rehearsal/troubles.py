"""What can be wrong with a configuration, in words, and the list of it: the shortest way of each kind is kept."""

from __future__ import annotations

from dataclasses import dataclass

from engine.machine.plan import Machine
from engine.model import Saga
from engine.rehearsal.acts import Act
from engine.rehearsal.configurations import called, joins, waits

Way = tuple[Act, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Something wrong, at a state, and how to get there. `sure` is False if data or somebody may prevent it."""

    code: str
    state: str
    message: str
    way: Way
    sure: bool = True


class Troubles:
    """What was found on one machine so far."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._found: dict[tuple[str, str, str], Trouble] = {}

    def all(self) -> tuple[Trouble, ...]:
        return tuple(self._found.values())

    def judge(self, saga: Saga, way: Way, *, guessed: bool) -> None:
        """Note it if nothing is under way and the saga has not ended. `guessed`: a guard did not hold on the way."""
        if saga.is_final or waits(self._machine, saga):
            return
        rescuers = called(self._machine, saga)
        if joins(self._machine, saga):
            end = f"only {', '.join(rescuers)} from outside can help" if rescuers else "it waits for ever"
            message = (
                f"in {saga.state} every command was answered and neither $done nor $failed led on: {end}"
            )
            self._add("stuck-join", saga.state, message, way, sure=not rescuers and not guessed)
        elif not rescuers:
            message = f"a saga can wait in {saga.state} for ever: nothing is under way, and no event moves it"
            self._add("dead-end", saga.state, message, way, sure=not guessed)

    def unheard(self, saga: Saga, event: str | None, way: Way) -> None:
        """An answer was ignored; note it unless it was for a guard."""
        if event is None or self._machine.alternatives(saga, event):
            return
        message = f"{saga.state} does not take {event}, which may be the answer of its command"
        sure = self._machine.definition.unexpected_events == "reject"
        self._add("unheard-reply", saga.state, message, way, sure=sure, also=event)

    def round_by_itself(self, state: str, way: Way, *, sure: bool) -> None:
        """What the engine raises leads back without end."""
        message = f"what happens in {state} makes the machine go round by itself, without any event"
        self._add("endless-loop", state, message, way, sure=sure)

    def round_at_once(self, state: str, way: Way, *, sure: bool) -> None:
        """Timers without delay lead back to where they began."""
        message = f"timers of 0 lead from {state} back to it without any event"
        self._add("endless-loop", state, message, way, sure=sure)

    def _add(self, code: str, state: str, message: str, way: Way, *, sure: bool, also: str = "") -> None:
        """The first of its kind at a state has the shortest way; a sure one takes the place of a guess."""
        before = self._found.get((code, state, also))
        if before is None or (sure and not before.sure):
            found = Trouble(code=code, state=state, message=message, way=way, sure=sure)
            self._found[code, state, also] = found
