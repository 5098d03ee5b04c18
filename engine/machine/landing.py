"""What a saga owes when it lands in a state: commands, polls, side effects, timers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from engine.copying import changed
from engine.definition.expressions import Names, Template
from engine.definition.ir import Definition, Poll, SideEffect, State, Timer
from engine.machine.moments import moment
from engine.machine.pausing import frozen
from engine.model import Entry, EntryKind, Json, Millis, Saga


def placed(definition: Definition, saga: Saga, state: str) -> Saga:
    """The saga standing in `state`, business state included; all else as it was."""
    target = definition.states[state]
    business = definition.business_states[target.business_state]
    return changed(
        saga,
        state=state,
        is_final=target.final,
        business_state=business.name,
        business_state_id=business.id,
        business_state_description=business.description,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Landing:
    """Where new entries come from: one row of one saga's history.

    Attributes:
        saga: As it stands after the row, `version` aside.
        version: The saga's version after the row; entry ids are made from it.
        names: Makes what payload templates may speak of, with `metadata` as it is after the row. Called only
            where there is a template: it costs as much as the rest of a step.
    """

    definition: Definition
    saga: Saga
    version: int
    now: Millis
    names: Callable[[], Names]

    def entries(self, side_effects: Sequence[str], *, business: bool, machine: bool = False) -> list[Entry]:
        """All that entering the saga's state asks for, the transition's own `side_effects` first.

        With `business` the business state is entered too, with `machine` the machine (a creation).
        """
        state = self.definition.states[self.saga.state]
        made = self.effects([*side_effects, *state.side_effects])
        if not state.final:
            made += [self._command(len(made) + i, name) for i, name in enumerate(state.commands)]
            made += [self._poll(len(made), poll) for poll in ([state.poll] if state.poll else [])]
            timers = self._timers(state, business=business, machine=machine)
            made += [self._timer(len(made) + i, timer, due) for i, (timer, due) in enumerate(timers)]
        return made

    def effects(self, names: Sequence[str]) -> list[Entry]:
        """The named side effects. They outlive the state, so each carries its payload."""
        effects = map(self.definition.side_effects.__getitem__, names)
        return [self._effect(i, effect) for i, effect in enumerate(filter(self._wanted, effects))]

    def parts(
        self, *, commands: Collection[str] = (), timers: Collection[str] = (), poll: bool = False
    ) -> list[Entry]:
        """Of what the saga's state, business state and machine ask for, only this: for a saga that is there."""
        state = self.definition.states[self.saga.state]
        if state.final:
            return []
        business = self.definition.business_states[state.business_state]
        scopes = (*state.timers, *business.timers, *self.definition.timers)
        wanted = [(t, due) for t in scopes if t.name in timers and (due := self._due(t)) is not None]
        made = [self._command(i, name) for i, name in enumerate(state.commands) if name in commands]
        made += [self._poll(len(state.commands), state.poll)] if state.poll and poll else []
        first = len(state.commands) + 1
        return made + [self._timer(first + i, timer, due) for i, (timer, due) in enumerate(wanted)]

    def undo(self, done: Entry, version: int) -> Entry:
        """The command that takes back what `done` did; it belongs to the present state.

        One row asks for one undo at most, so that its `version` names it.
        """
        undo = self.definition.commands[done.name].undo or ""
        id_ = f"{self.saga.saga_id}.{version}.undo"
        return replace(self._command(0, undo), id=id_, undoes=done.id)

    def remade(self, number: int, entry: Entry, payload: Json | None) -> Entry:
        """The same request under an id of its own: with `payload`, else made anew from the metadata."""
        if payload is None and entry.kind == "effect":
            payload = self._effect(number, self.definition.side_effects[entry.name]).payload
        elif payload is None:
            payload = self._command(number, entry.name).payload
        return replace(entry, id=f"{self.saga.saga_id}.{self.version}.{number}", payload=payload)

    def _wanted(self, effect: SideEffect) -> bool:
        return effect.guard is None or effect.guard.holds(self.names())

    def _timers(self, state: State, *, business: bool, machine: bool) -> list[tuple[Timer, Millis]]:
        timers = [*state.timers]
        timers += self.definition.business_states[state.business_state].timers if business else ()
        timers += self.definition.timers if machine else ()
        return [(timer, due) for timer in timers if (due := self._due(timer)) is not None]

    def _due(self, timer: Timer) -> Millis | None:
        """When the timer fires; None if its moment is null, that is, not known yet."""
        if timer.moment is None:
            return self.now + timer.delay
        return moment(self.definition, timer, timer.moment.render(self.names()))

    def _command(self, number: int, name: str) -> Entry:
        command = self.definition.commands[name]
        timeout = command.timeout if command.timeout is not None else self.definition.reply_timeout
        return self._entry(
            number,
            "command",
            command.name,
            state=self.saga.state,
            channel=command.channel,
            payload=self._rendered(command.payload) if command.payload is not None else None,
            timeout=timeout,
        )

    def _poll(self, number: int, poll: Poll) -> Entry:
        asked = self._command(number, poll.command)
        return replace(asked, kind="poll", due=asked.due + poll.every)

    def _effect(self, number: int, effect: SideEffect) -> Entry:
        payload = self.saga.metadata if effect.payload is None else self._rendered(effect.payload)
        return self._entry(
            number, "effect", effect.name, channel=effect.channel, payload=payload, timeout=effect.timeout
        )

    def _timer(self, number: int, timer: Timer, due: Millis) -> Entry:
        state = self.saga.state if timer.scope == "state" else None
        business = self.saga.business_state if timer.scope == "business state" else None
        return self._entry(number, "timer", timer.name, state=state, business=business, due=due)

    def _rendered(self, template: Template) -> Json:
        payload: Json = template.render(self.names())
        return payload

    def _entry(self, number: int, kind: EntryKind, name: str, **fields: Any) -> Entry:
        due = fields.pop("due", self.now)
        return Entry(
            id=f"{self.saga.saga_id}.{self.version}.{number}",
            saga_id=self.saga.saga_id,
            kind=kind,
            name=name,
            due=frozen(due, self.now) if self.saga.paused else due,
            **fields,
        )
