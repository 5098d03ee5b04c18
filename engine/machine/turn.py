"""One step in the making: an event and all that follows from it at once, gathered into one write.

Pure but for its own fields: the same saga, event and `now` always give the same step. An event may
raise others (`$done` when the last command of a fan-out is done, `$compensated` when nothing is left
to undo); they are taken in the same step, each with a history row of its own.
"""

from __future__ import annotations

from engine.copying import changed
from engine.definition.expressions import Names
from engine.definition.ir import BusinessEvent
from engine.errors import EventNotAccepted, ExpressionFailed, PayloadInvalid
from engine.machine import leaving, raising
from engine.machine.agenda import Agenda
from engine.machine.engine_events import BUSINESS_SLA, COMPENSATED, SLA, STUCK
from engine.machine.keys import keys_of
from engine.machine.landing import Landing, placed
from engine.machine.metadata import assigned, merged
from engine.machine.names import names_for
from engine.machine.plan import Alternative, Machine
from engine.machine.settling import NOTHING, Answered, settle
from engine.model import Entry, Event, EventResult, HistoryRow, Json, Key, Millis, Saga, Step

CHAIN = 32
"""Events that one event may raise in a row; more is a machine that goes round by itself."""


class Turn:
    """Gathers what one event does to a saga; `step()` is the sum."""

    def __init__(self, machine: Machine, saga: Saga, now: Millis) -> None:
        self.machine = machine
        self.definition = machine.definition
        self.now = now
        self.saga = saga
        self.agenda = Agenda(saga)
        self._before = saga
        self._rows: list[HistoryRow] = []
        self._latest = saga.latest_event

    @property
    def next_version(self) -> int:
        """The saga's version after the row that comes next."""
        return self._before.version + len(self._rows) + 1

    def step(self) -> Step:
        """What the turn comes to, with the keys that the metadata give by now.

        Raises:
            ExpressionFailed: A key has no usable value.
        """
        claimed, dropped = self._keys()
        keys = (*(k for k in self._before.keys if k not in dropped), *claimed)
        saga = changed(
            self.saga,
            version=self._rows[-1].seq,
            latest_event=self._latest,
            agenda=self.agenda.all(),
            keys=keys,
            updated_at=self.now,
        )
        return Step(
            saga=saga,
            rows=tuple(self._rows),
            added=self.agenda.added,
            rewritten=self.agenda.rewritten,
            removed=self.agenda.removed,
            claimed=claimed,
            dropped=dropped,
        )

    def apply(self, event: Event) -> None:
        """Take an event from outside or of an entry, and all that it raises.

        Raises:
            EventNotAccepted, PayloadInvalid, ExpressionFailed: As `step` says.
        """
        answered = settle(self.machine, self.agenda, self.saga, event, self.next_version)
        chosen = self._choose(event)
        if chosen is not None:
            self._take(event, chosen)
        elif event.name in (SLA, BUSINESS_SLA) and answered.entry is not None:
            self._be_late(event)
        elif answered.expected:
            self._stay(event)
        else:
            self._unexpected(event)
            return
        stayed = chosen is None or not chosen.moves
        self.follow(answered if stayed else NOTHING)

    def begin(self, event: Event) -> None:
        """Be born: land in the initial state of a saga that stands nowhere yet."""
        self.saga = placed(self.definition, self.saga, self.definition.initial_state)
        self.agenda.add(self.landing(event).entries((), business=True, machine=True))
        self.record(event, None, entered=True)
        self.follow(NOTHING)

    def follow(self, answered: Answered) -> None:
        """Take what the engine raises by itself now, and what that raises.

        Raises:
            ExpressionFailed: It goes round by itself.
        """
        for _ in range(CHAIN):
            raised = self._raised(answered)
            chosen = self._choose(raised) if raised is not None else None
            if raised is None or chosen is None:
                return
            self._take(raised, chosen)
            answered = NOTHING
        raise ExpressionFailed(
            f"{self.definition.file}: machine {self.definition.name!r} goes round by itself "
            f"in state {self.saga.state}"
        )

    def raise_stuck(self, event: Event) -> None:
        """Take `$stuck`; where no transition does, the history tells it all the same."""
        chosen = self._choose(event)
        if chosen is not None:
            self._take(event, chosen)
        else:
            self.record(event, self.saga.state)

    def land(self, event: Event, state: str, side_effects: tuple[str, ...] = ()) -> None:
        """Leave the present state and enter `state`, with all that this asks for."""
        there = placed(self.definition, self.saga, state)
        business = there.business_state != self.saga.business_state
        leaving.leave(self.agenda, self.definition, business=business)
        if there.late and (business or there.late != BUSINESS_SLA):
            there = changed(there, late="")
        self.saga = there
        if there.is_final:
            leaving.finish(self.agenda)
        self.agenda.add(self.landing(event).entries(side_effects, business=business))

    def landing(self, event: Event) -> Landing:
        return Landing(
            definition=self.definition,
            saga=self.saga,
            version=self.next_version,
            now=self.now,
            names=lambda: self._names(event),
        )

    def undoing(self, event: Event, done: Entry) -> Entry:
        """The command that takes back what `done` did. It follows from the last row, and goes by its number."""
        return self.landing(event).undo(done, self._rows[-1].seq)

    def record(
        self,
        event: Event,
        source: str | None,
        *,
        result: EventResult = "applied",
        entered: bool = False,
        business_event: str | None = None,
        note: str | None = None,
    ) -> None:
        """Write the history row of what was just done, and count the saga's version up."""
        shown = self.machine.shown(source, event.name)
        business = self._business_event(shown, business_event) if result == "applied" else None
        row = HistoryRow(
            seq=self.next_version,
            at=self.now,
            event=shown,
            event_id=event.id,
            result=result,
            source=source,
            state=self.saga.state,
            entered=entered,
            business_state_id=self.saga.business_state_id,
            business_state_description=self.saga.business_state_description,
            business_event_id=business.id if business else None,
            business_event_description=business.description if business else None,
            actor=event.actor,
            reason=event.reason,
            note=note,
        )
        self._rows.append(row)
        if result == "applied":
            self._latest = shown

    def _choose(self, event: Event) -> Alternative | None:
        """The first alternative that is open."""
        alternatives = self.machine.alternatives(self.saga, event.name)
        if not alternatives:
            return None
        self._check_payload(event)
        names: Names | None = None
        for alternative in alternatives:
            guard = alternative.transition.guard
            if guard is None:
                return alternative
            names = names or self._names(event)
            if guard.holds(names):
                return alternative
        return None

    def _take(self, event: Event, chosen: Alternative) -> None:
        source, transition = self.saga.state, chosen.transition
        self._merge(event, chosen)
        if chosen.moves:
            self.land(event, chosen.target, transition.side_effects)
        else:
            self.agenda.add(self.landing(event).effects(transition.side_effects))
        self.record(event, source, entered=chosen.moves, business_event=transition.business_event)

    def _stay(self, event: Event) -> None:
        """An answer that was awaited and that no transition takes: it is merged, nothing moves."""
        self._check_payload(event)
        self.keep(merged(self.saga.metadata, event.payload, self.definition.merge))
        self.record(event, self.saga.state)

    def _be_late(self, event: Event) -> None:
        """The saga did not get out in time: it is marked, people are told, nothing moves."""
        self.saga = changed(self.saga, late=event.name)
        self.agenda.add(
            self.landing(event).effects(self.machine.sla(self.saga.state, event.name).side_effects)
        )
        self.record(event, self.saga.state, note="late")

    def _merge(self, event: Event, chosen: Alternative) -> None:
        metadata = merged(self.saga.metadata, event.payload, self.definition.merge)
        if assignments := chosen.transition.assignments:
            metadata = assigned(metadata, assignments, self._names(event))
        self.keep(metadata)

    def keep(self, metadata: Json) -> None:
        """Have these metadata from now on; what was asked with the old ones still carries those."""
        if metadata is not self.saga.metadata:
            self.agenda.pin(self.saga.metadata)
            self.saga = changed(self.saga, metadata=metadata)

    def _raised(self, answered: Answered) -> Event | None:
        state = self.definition.states[self.saga.state]
        if answered.refused_undo:
            return Event(name=STUCK, actor="engine")
        if state.compensate is not None:
            return self._compensation()
        name = raising.joined(self.machine, state, self.agenda, answered)
        return Event(name=name, actor="engine") if name else None

    def _compensation(self) -> Event | None:
        event = Event(name=COMPENSATED, actor="engine")
        undo = raising.next_undo(self.definition.states[self.saga.state], self.definition, self.agenda)
        if undo is None:
            return None
        if isinstance(undo, str):
            return event
        self.agenda.add([self.undoing(event, undo)])
        return None

    def _unexpected(self, event: Event) -> None:
        takers = self.machine.alternatives(self.saga, event.name)
        why = "none of its guards holds" if takers else "no transition takes it in this state"
        if event.entry is None and self.definition.unexpected_events == "reject":
            raise EventNotAccepted(self._refusal(event, why))
        self.record(event, self.saga.state, result="ignored", note=f"ignored: {why}")

    def _refusal(self, event: Event, why: str) -> str:
        known = self.machine.accepted(self.saga.state) if not self.saga.is_final else []
        expected = f"it accepts {', '.join(known)}" if known else "it accepts no event"
        return (
            f"saga {self.saga.saga_id} is in state {self.saga.state} and does not accept "
            f"event {event.name!r}: {why}; {expected}"
        )

    def _check_payload(self, event: Event) -> None:
        spec = self.definition.events.get(event.name)
        if spec is None or spec.payload is None:
            return
        if problems := spec.payload.problems(event.payload):
            raise PayloadInvalid(f"payload of event {event.name!r}: {'; '.join(problems)}", problems)

    def _business_event(self, event: str, given: str | None) -> BusinessEvent | None:
        spec = self.definition.events.get(event)
        name = given or (spec.business_event if spec else None)
        return self.definition.business_events[name] if name else None

    def _names(self, event: Event) -> Names:
        shown = self.machine.shown(self.saga.state, event.name)
        return names_for(
            self.saga, shown, event.payload, self.saga.metadata, self.now, self.machine.variables
        )

    def _keys(self) -> tuple[tuple[Key, ...], tuple[Key, ...]]:
        unchanged = self._rows[0].seq > 1 and self.saga.metadata is self._before.metadata
        if unchanged or not self.definition.keys:
            return (), ()
        now = keys_of(self.definition, {"metadata": self.saga.metadata, "saga": {"id": self.saga.saga_id}})
        before = self._before.keys
        return tuple(k for k in now if k not in before), tuple(k for k in before if k not in now)
