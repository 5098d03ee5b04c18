"""Moving a saga to another version of its machine: a pure step, as every intervention is.

The saga stands in the state that the map says (or in the one of the same name), and owes what it owed:
nothing is sent because of the move, nothing that was sent is forgotten. What the new version has no
place for refuses the move, unless the caller lets it be dropped. Refusals name no saga, so that they
can be counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from engine.definition.ir import State
from engine.errors import ActionNotPossible, StateNotFound
from engine.machine import leaving
from engine.machine.carrying import Carrier, version_of
from engine.machine.engine_events import BUSINESS_SLA
from engine.machine.interventions import Hand
from engine.machine.keys import keys_of
from engine.machine.landing import Landing, placed
from engine.machine.plan import Machine
from engine.machine.settling import NOTHING, Answered
from engine.machine.turn import Turn
from engine.model import Saga, Step

MIGRATE = "$migrate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """From one version of a machine to another.

    Attributes:
        states: Old state -> new state, where the name is another one.
        drop_entries: What the new version has no place for is dropped instead of refusing the saga.
        send_new: Commands that the new state sends, and that the saga was never asked for, are sent.
    """

    source: Machine
    target: Machine
    states: Mapping[str, str]
    drop_entries: bool = False
    send_new: bool = False

    def check(self) -> None:
        """See that the map speaks of states that there are.

        Raises:
            StateNotFound: It does not.
        """
        _must_exist(self.source, self.states)
        _must_exist(self.target, self.states.values())


def migrate(route: Route, saga: Saga, hand: Hand) -> Step:
    """Put `saga` on the route's target version.

    Raises:
        ActionNotPossible: It is not of the source version, or the target has no place for what it is or owes.
        ExpressionFailed: A new timer, a new command or a key has no value on its data.
    """
    _must_be_at_rest(route, saga, hand)
    return _Move(route, saga, hand).step()


class _Move:
    """One saga on its way; `step()` is what becomes of it."""

    def __init__(self, route: Route, saga: Saga, hand: Hand) -> None:
        self.route, self.before, self.hand = route, saga, hand
        self.source, self.target = route.source, route.target
        self.old, self.new = self._states(saga)
        there = placed(self.target.definition, saga, self.new.name)
        late = saga.late if self._is_late_there() else ""
        there = replace(there, machine_version=self.target.definition.version, late=late)
        self.turn = Turn(self.target, there, hand.now)
        self.agenda = self.turn.agenda
        self.carrier = Carrier(
            target=self.target, state=self.new, agenda=self.agenda, drop=route.drop_entries
        )

    def step(self) -> Step:
        for entry in self.agenda.where(lambda e: e.kind != "timer"):
            self.carrier.keep(entry)
        if self.new.final:
            leaving.finish(self.agenda)
        self._replace_timers()
        self._ask_for_what_is_new()
        self._record()
        self.turn.follow(self._joined())
        return _rekeyed(self.turn.step(), self.target, self.before)

    def _states(self, saga: Saga) -> tuple[State, State]:
        name = self.route.states.get(saga.state, saga.state)
        new = self.target.definition.states.get(name)
        if new is None:
            raise ActionNotPossible(f"{version_of(self.target)} has no state {name}: map it to one")
        old = self.source.definition.states.get(saga.state)
        if old is None:
            raise ActionNotPossible(f"{version_of(self.source)} has no state {saga.state}")
        return old, new

    def _is_late_there(self) -> bool:
        business = self.target.definition.business_states[self.new.business_state]
        return (business.sla if self.before.late == BUSINESS_SLA else self.new.sla) is not None

    def _replace_timers(self) -> None:
        """Timers of the same name keep their time; others go, and new ones begin now."""
        there = self._timers(self.target, self.new)
        for timer in self.agenda.where(lambda e: e.kind == "timer"):
            if timer.name in there:
                state = self.new.name if timer.state is not None else None
                business = self.new.business_state if timer.business is not None else None
                self.agenda.change(replace(timer, state=state, business=business))
            else:
                self.agenda.remove(timer.id)
        began = self._timers(self.source, self.old)  # one of these that is not owed has fired
        self.agenda.add(self._landing().parts(timers=there - began))

    def _timers(self, machine: Machine, state: State) -> set[str]:
        names = {name for at, name in machine.timers if at == state.name}
        return set() if state.final else names

    def _ask_for_what_is_new(self) -> None:
        new = self._missing()
        if new and not self.route.send_new:
            raise ActionNotPossible(
                f"state {self.new.name} of {version_of(self.target)} sends {', '.join(new)}, "
                "which was never asked for: let it be sent, map the state, or move the saga by hand"
            )
        asked_already = self.old.poll is not None and self.new.poll == self.old.poll
        owed = self.agenda.where(lambda e: e.kind == "poll")
        poll = not owed and not asked_already
        self.agenda.add(self._landing().parts(commands=new, poll=poll))

    def _missing(self) -> list[str]:
        """Commands of the new state that were never asked for."""
        owed = {e.name for e in self.agenda.where(lambda e: e.kind == "command" and e.state == self.new.name)}
        missing = [name for name in self.new.commands if name not in owed]
        answered = [
            name for name in missing if name in self.old.commands and self.target.joins(self.new.name)
        ]
        if answered:
            raise ActionNotPossible(
                f"state {self.new.name} of {version_of(self.target)} joins {', '.join(answered)}, "
                "whose answer the saga did not keep"
            )
        return [name for name in missing if name not in self.old.commands]

    def _landing(self) -> Landing:
        return self.turn.landing(self.hand.event(MIGRATE))

    def _record(self) -> None:
        versions = [machine.definition.version for machine in (self.source, self.target)]
        note = f"migrated from version {versions[0]} to {versions[1]}"
        note += f", dropped: {', '.join(self.carrier.dropped)}" if self.carrier.dropped else ""
        entered = self.new.name != self.before.state
        self.turn.record(self.hand.event(MIGRATE), self.before.state, entered=entered, note=note)

    def _joined(self) -> Answered:
        """What makes the new state's join go on at once: all that it waits for was done before."""
        done = self.agenda.where(lambda e: e.state == self.new.name and e.status == "done")
        return Answered(entry=done[0], reply="done") if done else NOTHING


def _must_be_at_rest(route: Route, saga: Saga, hand: Hand) -> None:
    if saga.machine_version != route.source.definition.version:
        raise ActionNotPossible(f"it is of version {saga.machine_version} by now")
    under_way = [e.name for e in saga.agenda if e.owner is not None and e.lease_until > hand.now]
    if under_way:  # its answer would come in the words of the old version
        raise ActionNotPossible(f"a try of {under_way[0]} is under way: try again in a moment")


def _rekeyed(made: Step, machine: Machine, before: Saga) -> Step:
    """The step with the keys as the new version computes them."""
    names = {"metadata": made.saga.metadata, "saga": {"id": made.saga.saga_id}}
    now = keys_of(machine.definition, names)
    claimed = tuple(key for key in now if key not in before.keys)
    dropped = tuple(key for key in before.keys if key not in now)
    return replace(made, saga=replace(made.saga, keys=now), claimed=claimed, dropped=dropped)


def _must_exist(machine: Machine, states: Iterable[str]) -> None:
    for state in states:
        if state not in machine.definition.states:
            raise StateNotFound(
                f"{version_of(machine)} of {machine.definition.name!r} has no state {state!r}"
            )
