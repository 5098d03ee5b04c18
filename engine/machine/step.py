"""An event applied to a saga: pure, the same arguments always give the same step.

No clock, no chance, no I/O: `now` comes in, entry ids are made from saga id and version. Only the
runner calls this, and commits what comes out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from engine.definition.expressions import Names
from engine.errors import EventNotAccepted, PayloadInvalid
from engine.machine.keys import keys_of
from engine.machine.landing import Landing, placed
from engine.machine.metadata import assigned, merged
from engine.machine.names import names_for
from engine.machine.plan import Alternative, Machine
from engine.model import Entry, Event, HistoryRow, Json, Key, Millis, Saga, Step


def step(machine: Machine, saga: Saga, event: Event, now: Millis) -> Step:
    """Apply `event` to `saga` at `now`.

    An event that no transition takes is refused, or recorded as ignored where the machine says so.
    What the engine itself raised (`event.entry`: a reply, a timer) is never refused: it is a fact.

    Raises:
        EventNotAccepted: No transition takes it, and the machine rejects unexpected events.
        PayloadInvalid: The payload does not fit the event's schema.
        ExpressionFailed: A guard, a template or a `set` line has no value on this saga's data.
    """
    return _Application(machine, saga, _spelled(machine, event), now).step()


def _spelled(machine: Machine, event: Event) -> Event:
    """The event under the machine's own name for it."""
    name = machine.names.get(event.name, event.name)
    return event if name == event.name else replace(event, name=name)


@dataclass(frozen=True, slots=True)
class _Application:
    machine: Machine
    saga: Saga
    event: Event
    now: Millis

    def step(self) -> Step:
        alternatives = self._alternatives()
        if not alternatives:
            return self._unexpected("no transition takes it in this state")
        self._check_payload()
        names = self._names(self.saga, self.saga.metadata)
        chosen = next((a for a in alternatives if _open(a, names)), None)
        if chosen is None:
            return self._unexpected("none of its guards holds")
        return self._take(chosen, names)

    def _alternatives(self) -> tuple[Alternative, ...]:
        if self.saga.is_final:
            return ()
        found = self.machine.plan.get((self.saga.state, self.event.name))
        if found is None and (timer := self._timer()):
            found = self.machine.plan.get((self.saga.state, timer))
        return found or ()

    def _timer(self) -> str | None:
        """The event that the fired timer only raises, to be taken by the state's `on`."""
        timer = self.machine.timers.get((self.saga.state, self.event.name))
        return timer.event if timer else None

    def _shown(self) -> str:
        """The event's name in the history: a timer goes by the author's name for it."""
        return self._timer() or self.event.name

    def _names(self, saga: Saga, metadata: Json) -> Names:
        return names_for(saga, self._shown(), self.event.payload, metadata, self.now)

    def _unexpected(self, why: str) -> Step:
        if self.event.entry is None and self.machine.definition.unexpected_events == "reject":
            raise EventNotAccepted(self._refusal(why))
        return self._ignored(f"ignored: {why}")

    def _refusal(self, why: str) -> str:
        known = self.machine.accepted(self.saga.state) if not self.saga.is_final else []
        expected = f"it accepts {', '.join(known)}" if known else "it accepts no event"
        return (
            f"saga {self.saga.saga_id} is in state {self.saga.state} and does not accept "
            f"event {self.event.name!r}: {why}; {expected}"
        )

    def _ignored(self, note: str) -> Step:
        settled = _answered(self.machine, self.saga, self.event)
        row = self._row(self.saga, result="ignored", entered=False, business_event=None, note=note)
        saga = replace(
            self.saga,
            version=row.seq,
            updated_at=self.now,
            agenda=tuple(e for e in self.saga.agenda if e.id not in settled),
        )
        return Step(saga=saga, row=row, removed=settled)

    def _check_payload(self) -> None:
        spec = self.machine.definition.events.get(self.event.name)
        if spec is None or spec.payload is None:
            return
        if problems := spec.payload.problems(self.event.payload):
            raise PayloadInvalid(f"payload of event {self.event.name!r}: {'; '.join(problems)}", problems)

    def _take(self, chosen: Alternative, names: Names) -> Step:
        definition, transition = self.machine.definition, chosen.transition
        metadata = merged(self.saga.metadata, self.event.payload, definition.merge)
        metadata = assigned(metadata, transition.assignments, names)
        landed = self._landed(chosen, metadata)
        entered = definition.states[chosen.target] if chosen.moves else None
        landing = Landing(
            definition=definition,
            saga_id=landed.saga_id,
            version=landed.version,
            now=self.now,
            names=self._names(landed, metadata),
        )
        added = landing.entries(entered, transition.side_effects)
        gone = self._gone(chosen.moves)
        kept, rewritten = self._kept(gone, metadata)
        claimed, dropped = self._keys(metadata, landing.names)
        return Step(
            saga=replace(landed, agenda=kept + added, keys=_after(self.saga.keys, claimed, dropped)),
            row=self._row(
                landed,
                result="applied",
                entered=chosen.moves,
                business_event=transition.business_event,
                note=None,
            ),
            added=added,
            rewritten=rewritten,
            removed=gone,
            claimed=claimed,
            dropped=dropped,
        )

    def _landed(self, chosen: Alternative, metadata: Json) -> Saga:
        there = placed(self.machine.definition, self.saga, chosen.target) if chosen.moves else self.saga
        return replace(
            there,
            version=self.saga.version + 1,
            latest_event=self._shown(),
            metadata=metadata,
            updated_at=self.now,
        )

    def _gone(self, left: bool) -> tuple[str, ...]:
        """What is no longer owed: what was answered, and all that belongs to a state that is left."""
        answered = _answered(self.machine, self.saga, self.event)
        if not left:
            return answered
        return tuple(e.id for e in self.saga.agenda if e.state is not None or e.id in answered)

    def _kept(
        self, gone: tuple[str, ...], metadata: Json
    ) -> tuple[tuple[Entry, ...], tuple[tuple[str, Json], ...]]:
        """What is still owed. A command that stands for the old metadata gets them written in."""
        kept = tuple(e for e in self.saga.agenda if e.id not in gone)
        if metadata is self.saga.metadata:
            return kept, ()
        bare = {e.id for e in kept if e.kind == "command" and e.payload is None}
        old = self.saga.metadata
        return (
            tuple(replace(e, payload=old) if e.id in bare else e for e in kept),
            tuple((id_, old) for id_ in sorted(bare)),
        )

    def _keys(self, metadata: Json, names: Names) -> tuple[tuple[Key, ...], tuple[Key, ...]]:
        if metadata is self.saga.metadata or not self.machine.definition.keys:
            return (), ()
        now = keys_of(self.machine.definition, names)
        before = self.saga.keys
        return tuple(k for k in now if k not in before), tuple(k for k in before if k not in now)

    def _row(
        self, saga: Saga, *, result: str, entered: bool, business_event: str | None, note: str | None
    ) -> HistoryRow:
        definition = self.machine.definition
        spec = definition.events.get(self._shown())
        if business_event is None and spec is not None and result == "applied":
            business_event = spec.business_event
        business = definition.business_events[business_event] if business_event else None
        return HistoryRow(
            seq=self.saga.version + 1,
            at=self.now,
            event=self._shown(),
            event_id=self.event.id,
            result="applied" if result == "applied" else "ignored",
            source=self.saga.state,
            state=saga.state,
            entered=entered,
            business_state_id=saga.business_state_id,
            business_state_description=saga.business_state_description,
            business_event_id=business.id if business else None,
            business_event_description=business.description if business else None,
            actor=self.event.actor,
            reason=self.event.reason,
            note=note,
        )


def _open(alternative: Alternative, names: Names) -> bool:
    guard = alternative.transition.guard
    return guard is None or guard.holds(names)


def _answered(machine: Machine, saga: Saga, event: Event) -> tuple[str, ...]:
    """The entries that `event` settles: the one it names, else commands that have it as a reply."""
    if event.entry is not None:
        return tuple(e.id for e in saga.agenda if e.id == event.entry)
    commands = machine.definition.commands
    return tuple(
        e.id for e in saga.agenda if e.kind == "command" and event.name in commands[e.name].replies.values()
    )


def _after(before: tuple[Key, ...], claimed: tuple[Key, ...], dropped: tuple[Key, ...]) -> tuple[Key, ...]:
    return tuple(k for k in before if k not in dropped) + claimed
