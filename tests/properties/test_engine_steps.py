"""Random machines along random lives: what `step` does, it does as the chart says and as a ledger would."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace

from hypothesis import HealthCheck, event, given, settings

from engine.machine.chart import Chart
from engine.machine.names import names_for
from engine.machine.plan import Machine
from engine.model import Entry, Event, HistoryRow, Json, Millis, Saga, Step
from tests.fakes.engine import machine_of
from tests.properties.engine_lives import Life, Took, lives

# How long an example takes says nothing about its being right.
STEADY = settings(
    max_examples=18, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@STEADY
@given(lives())
def test_step_and_the_chart_go_the_same_way(life: Life) -> None:
    """The chart is driven with the truth of the real guards; python-statemachine is the authority."""
    chart = Chart(life.machine.definition)
    for took in life.taken:
        if took.event is not None and took.made.row.result == "applied":
            _same_way(life.machine, chart, took.before, took.event, took.made.row, took.now)
        for row in took.made.rows[1:]:
            event(row.event)
            # The engine's own events write no metadata in these machines, so those of the end were there before.
            there = _standing(life.machine, took.made.saga, row.source or "")
            _same_way(life.machine, chart, there, Event(name=row.event), row, took.now)


@STEADY
@given(lives())
def test_what_is_refused_or_ignored_the_chart_does_not_take_either(life: Life) -> None:
    chart = Chart(life.machine.definition)
    ignored = [(t.before, t.event) for t in life.taken if t.event and t.made.row.result == "ignored"]
    for saga, happened in [*life.refused, *ignored]:
        assert saga.is_final or _driven(life.machine, chart, saga, happened, saga.updated_at) is None


def _standing(machine: Machine, saga: Saga, state: str) -> Saga:
    """The saga as it was while it stood in `state`."""
    return replace(
        saga, state=state, business_state=machine.definition.states[state].business_state, is_final=False
    )


def _driven(
    machine: Machine, chart: Chart, saga: Saga, happened: Event, now: Millis
) -> tuple[str, bool] | None:
    """Where the chart goes, and whether it enters what it comes to."""
    name = happened.name
    if (saga.state, name) not in machine.plan and (timer := machine.timers.get((saga.state, name))):
        name = timer.event
    names = names_for(
        saga, machine.shown(saga.state, happened.name), happened.payload, saga.metadata, now, {}
    )
    branches = chart.branches(machine.definition, machine.definition.states[saga.state], name)
    true = [branch for branch, t in branches if t.guard is None or t.guard.holds(names)]
    move = chart.drive(saga.state, name, *true) if branches else None
    return (move.target, bool(move.entered)) if move else None


def _same_way(
    machine: Machine, chart: Chart, saga: Saga, happened: Event, row: HistoryRow, now: Millis
) -> None:
    # In a final state, and where only a join, a compensation or an sla waits, the saga stays.
    driven = None if saga.is_final else _driven(machine, chart, saga, happened, now)
    event("taken" if driven else "awaited")
    assert (row.state, row.entered) == (driven or (saga.state, False))


def _ledger(life: Life) -> Iterator[tuple[Took, dict[str, Entry]]]:
    """What a store that does as it is told has after each step, and the step."""
    owed = {entry.id: entry for entry in life.first.added}
    for took in life.taken:
        known = {entry.id: entry for entry in took.before.agenda}  # what was delivered is gone
        owed = {id_: known[id_] for id_ in owed if id_ in known}
        for id_ in took.made.removed:
            del owed[id_]
        owed |= {entry.id: entry for entry in took.made.rewritten if entry.id in owed}
        owed |= {entry.id: entry for entry in took.made.added}
        yield took, owed


@STEADY
@given(lives())
def test_no_entry_is_lost_and_none_comes_twice(life: Life) -> None:
    ever = {entry.id for entry in life.first.added}
    for took, owed in _ledger(life):
        made, before = took.made, {entry.id for entry in took.before.agenda}
        new = [entry.id for entry in made.added if entry.id not in before]
        assert not ever & set(new), "an id is never used again"
        assert len(new) == len(set(new))
        ever |= set(new)
        assert set(made.removed) <= before, "what was never owed is not taken off"
        assert sorted(owed) == sorted(entry.id for entry in made.saga.agenda), "store and saga owe the same"
        assert {e.id: (e.payload, e.state, e.status) for e in made.saga.agenda} == {
            e.id: (e.payload, e.state, e.status) for e in owed.values()
        }


@STEADY
@given(lives())
def test_the_agenda_fits_the_state(life: Life) -> None:
    for made in life.steps:
        saga, business = made.saga, made.saga.business_state
        assert all(entry.state in (None, saga.state) for entry in saga.agenda)
        assert all(entry.business in (None, business) for entry in saga.agenda)
        if saga.is_final:
            undos = [entry for entry in saga.agenda if entry.undoes is not None]
            allowed = {entry.undoes for entry in undos} | {entry.id for entry in undos}
            assert all(entry.kind == "effect" or entry.id in allowed for entry in saga.agenda)
        elif made.rows[-1].entered:
            _asked_for_all(life.machine, made)


def _asked_for_all(machine: Machine, made: Step) -> None:
    state = machine.definition.states[made.saga.state]
    asked = [e.name for e in made.added if e.state == state.name and e.undoes is None]
    polls = [state.poll.command] if state.poll else []
    timers = [timer.name for timer in state.timers if timer.moment is None]
    moments = [timer.name for timer in state.timers if timer.moment is not None]
    assert [name for name in asked if name not in moments] == [*state.commands, *polls, *timers]


@STEADY
@given(lives())
def test_timers_of_a_business_state_and_of_the_machine_begin_once_and_end_with_it(life: Life) -> None:
    running = {e.id: e for e in life.first.added if e.kind == "timer" and e.state is None}
    for took in life.taken:
        saga = took.made.saga
        fired = took.event.entry if took.event else None
        new = {e.id: e for e in took.made.added if e.kind == "timer" and e.state is None}
        now_owed = {e.id for e in saga.agenda}
        for entry in running.values():
            same_business = entry.business in (None, saga.business_state) and not _crossed(took)
            if same_business and entry.id != fired and not saga.is_final:
                assert entry.id in now_owed, "a step between states of one business state does not touch it"
        running = {id_: e for id_, e in (running | new).items() if id_ in now_owed}
        names = [e.name for e in running.values()]
        assert len(names) == len(set(names)), "it runs once"


def _crossed(took: Took) -> bool:
    """Whether the business state was left on the way, if only to come back."""
    ids = [took.before.business_state_id, *(row.business_state_id for row in took.made.rows)]
    return len(set(ids)) > 1


@STEADY
@given(lives())
def test_side_effects_are_taken_off_by_nobody_but_their_delivery_or_a_person(life: Life) -> None:
    for took in life.taken:
        effects = {entry.id for entry in took.before.agenda if entry.kind == "effect"}
        if took.act.kind not in ("skip", "edit", "retry"):
            assert effects <= {entry.id for entry in took.made.saga.agenda}


@STEADY
@given(lives())
def test_what_goes_out_under_one_key_never_changes(life: Life) -> None:
    said: dict[str, Json] = {}
    for made in life.steps:
        for entry in made.saga.agenda:
            asks_anew = entry.kind == "poll" and entry.payload is None  # under a key of its own each time
            if entry.kind != "timer" and entry.status != "done" and not asks_anew:
                sent = deepcopy(made.saga.metadata if entry.payload is None else entry.payload)
                assert said.setdefault(entry.id, sent) == sent


@STEADY
@given(lives())
def test_a_step_done_again_is_the_same_step(life: Life) -> None:
    other = machine_of(json.dumps(life.data))
    for took in life.taken:
        assert took.again(other, deepcopy(took.before)) == took.made


@STEADY
@given(lives())
def test_versions_have_no_gaps_and_each_row_begins_where_the_last_one_ended(life: Life) -> None:
    for took in life.taken:
        made, rows = took.made, took.made.rows
        first = took.before.version + 1
        assert [row.seq for row in rows] == list(range(first, first + len(rows)))
        assert (made.saga.version, made.saga.state) == (rows[-1].seq, rows[-1].state)
        assert [row.source for row in rows] == [took.before.state, *(row.state for row in rows[:-1])]
        assert {row.at for row in rows} == {took.now}
        assert rows[0].event_id == (took.event.id if took.event else rows[0].event_id)
        assert [row.event_id for row in rows[1:]] == [None] * (len(rows) - 1)
        place = life.machine.definition.states[made.saga.state].business_state
        business = life.machine.definition.business_states[place]
        assert (made.saga.business_state, rows[-1].business_state_id) == (business.name, business.id)


@STEADY
@given(lives())
def test_nothing_of_a_paused_saga_becomes_due(life: Life) -> None:
    for made in life.steps:
        if made.saga.paused:
            soon = [e for e in made.saga.agenda if e.status in ("due", "waiting") and e.due < 10**15]
            assert not soon
