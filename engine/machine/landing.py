"""What a saga owes when it lands in a state: the command, the side effects, the timers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from engine.definition.expressions import Names, Template
from engine.definition.ir import Command, Definition, SideEffect, State
from engine.machine.chart import timer_name
from engine.model import Entry, EntryKind, Json, Millis, Saga


def placed(definition: Definition, saga: Saga, state: str) -> Saga:
    """The saga standing in `state`, business state included; all else as it was."""
    target = definition.states[state]
    business = definition.business_states[target.business_state]
    return replace(
        saga,
        state=state,
        is_final=target.final,
        business_state=business.name,
        business_state_id=business.id,
        business_state_description=business.description,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Landing:
    """Where new entries come from: one step of one saga.

    Attributes:
        version: The saga's version after the step; entry ids are made from it.
        names: For payload templates; `metadata` as it is after the step.
    """

    definition: Definition
    saga_id: str
    version: int
    now: Millis
    names: Names

    def entries(self, state: State | None, side_effects: Sequence[str]) -> tuple[Entry, ...]:
        """Side effects first, then what entering `state` (None: nothing is entered) asks for."""
        return tuple(self._entries(state, side_effects))

    def _entries(self, state: State | None, side_effects: Sequence[str]) -> Iterator[Entry]:
        effects = [*side_effects, *(state.side_effects if state else ())]
        number = 0
        for name in effects:
            yield self._effect(number, self.definition.side_effects[name])
            number += 1
        if state is None or state.final:
            return
        if state.command is not None:
            yield self._command(number, state, self.definition.commands[state.command])
            number += 1
        for timer in state.after:
            due = self.now + timer.delay
            yield self._entry(number, "timer", timer_name(timer.label), state=state.name, due=due)
            number += 1

    def _command(self, number: int, state: State, command: Command) -> Entry:
        timeout = command.timeout if command.timeout is not None else self.definition.reply_timeout
        payload = self._rendered(command.payload) if command.payload is not None else None
        return self._entry(
            number,
            "command",
            command.name,
            state=state.name,
            channel=command.channel,
            payload=payload,
            timeout=timeout,
        )

    def _effect(self, number: int, effect: SideEffect) -> Entry:
        # A side effect outlives the state, so it always carries its payload.
        payload = self.names["metadata"] if effect.payload is None else self._rendered(effect.payload)
        return self._entry(
            number, "effect", effect.name, channel=effect.channel, payload=payload, timeout=effect.timeout
        )

    def _rendered(self, template: Template) -> Json:
        payload: Json = template.render(self.names)
        return payload

    def _entry(
        self,
        number: int,
        kind: EntryKind,
        name: str,
        *,
        state: str | None = None,
        channel: str | None = None,
        payload: Json | None = None,
        timeout: Millis | None = None,
        due: Millis | None = None,
    ) -> Entry:
        return Entry(
            id=f"{self.saga_id}.{self.version}.{number}",
            saga_id=self.saga_id,
            kind=kind,
            name=name,
            channel=channel,
            payload=payload,
            state=state,
            timeout=timeout,
            due=self.now if due is None else due,
        )
