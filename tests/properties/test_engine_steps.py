"""Random machines along random paths: what `step` does, it does as the chart says and as a ledger would."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy

from hypothesis import HealthCheck, event, given, settings

from engine.errors import EventNotAccepted
from engine.machine.chart import Chart
from engine.machine.names import names_for
from engine.machine.plan import Machine
from engine.machine.step import step
from engine.model import Entry, Event, Json, Millis, Saga, Step
from tests.fakes.clock import START
from tests.fakes.engine import machine_of
from tests.fakes.machines import first_step
from tests.properties.engine_machines import START_DATA, Told, histories, machines

# How long an example takes says nothing about its being right.
STEADY = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def _machine(data: Json) -> Machine:
    return machine_of(json.dumps(data))  # JSON is YAML


def _events(machine: Machine, saga: Saga, told: Told) -> Iterator[Event]:
    """What `told` means to this saga: the event; or, for time, every timer that it owes."""
    if told.name is not None:
        yield Event(name=told.name, payload=told.payload, id=told.id)
        return
    for entry in saga.agenda:
        if entry.kind == "timer":
            yield Event(name=entry.name, id=entry.id, entry=entry.id)
            return


def _walk(machine: Machine, history: list[Told]) -> Iterator[tuple[Saga, Event, Millis, Step | None]]:
    """Every (saga, event, moment, step) along a history; None for a step that was refused."""
    saga, now = first_step(machine, START_DATA).saga, START
    for told in history:
        now += told.later
        for happened in _events(machine, saga, told):
            try:
                made = step(machine, saga, happened, now)
            except EventNotAccepted:
                yield saga, happened, now, None
                continue
            yield saga, happened, now, made
            saga = made.saga


@STEADY
@given(machines(), histories())
def test_step_and_the_chart_go_the_same_way(data: Json, history: list[Told]) -> None:
    """The chart is driven with the truth of the real guards; python-statemachine is the authority."""
    machine = _machine(data)
    chart = Chart(machine.definition)
    for saga, happened, now, made in _walk(machine, history):
        if saga.is_final:
            assert made is None or made.row.result == "ignored"
            continue
        names = names_for(saga, happened.name, happened.payload, saga.metadata, now)
        state = machine.definition.states[saga.state]
        branches = chart.branches(machine.definition, state, happened.name)
        true = [branch for branch, t in branches if t.guard is None or t.guard.holds(names)]
        move = chart.drive(saga.state, happened.name, *true) if branches else None
        if move is None:
            event("not taken")
            assert made is None or (made.row.result, made.saga.state) == ("ignored", saga.state)
        else:
            event("taken")
            assert made is not None
            assert (made.row.result, made.saga.state, made.row.entered) == (
                "applied",
                move.target,
                bool(move.entered),
            )


@STEADY
@given(machines(), histories())
def test_no_entry_is_lost_and_none_comes_twice(data: Json, history: list[Told]) -> None:
    machine = _machine(data)
    first = first_step(machine, START_DATA)
    owed = {entry.id: entry for entry in first.added}
    ever = set(owed)
    for _, _, _, made in _walk(machine, history):
        if made is None:
            continue
        assert not ever & {entry.id for entry in made.added}, "an id is never used again"
        ever |= {entry.id for entry in made.added}
        owed = {id_: entry for id_, entry in owed.items() if id_ not in made.removed}
        owed |= {entry.id: entry for entry in made.added}
        assert [entry.id for entry in made.saga.agenda] == list(owed)
        _fits_the_state(machine, made)
        lost = set(made.removed) - ever
        assert not lost


def _fits_the_state(machine: Machine, made: Step) -> None:
    """Commands and timers are of the state the saga is in, and entering it asked for all of them."""
    saga, state = made.saga, machine.definition.states[made.saga.state]
    assert all(entry.state in (None, saga.state) for entry in saga.agenda)
    assert all(entry.kind == "effect" for entry in saga.agenda if entry.state is None)
    if state.final:
        assert not [entry for entry in saga.agenda if entry.kind != "effect"]
    elif made.row.entered:
        asked = [entry.name for entry in made.added if entry.kind != "effect"]
        command = [state.command] if state.command else []
        assert asked == [*command, *(f"$after.{timer.label}" for timer in state.after)]


@STEADY
@given(machines(), histories())
def test_side_effects_are_taken_off_by_nobody_but_their_delivery(data: Json, history: list[Told]) -> None:
    machine = _machine(data)
    for saga, _, _, made in _walk(machine, history):
        if made is not None:
            effects = {entry.id for entry in saga.agenda if entry.kind == "effect"}
            assert not effects & set(made.removed)
            assert effects <= {entry.id for entry in made.saga.agenda}


@STEADY
@given(machines(), histories())
def test_what_goes_out_under_one_key_never_changes(data: Json, history: list[Told]) -> None:
    machine = _machine(data)
    first = first_step(machine, START_DATA)
    said = {entry.id: _sent(first.saga, entry) for entry in first.added}
    for _, _, _, made in _walk(machine, history):
        if made is None:
            continue
        for entry in (each for each in made.saga.agenda if each.kind != "timer"):
            assert said.setdefault(entry.id, _sent(made.saga, entry)) == _sent(made.saga, entry)


def _sent(saga: Saga, entry: Entry) -> Json:
    return deepcopy(saga.metadata if entry.payload is None else entry.payload)


@STEADY
@given(machines(), histories())
def test_a_step_done_again_is_the_same_step(data: Json, history: list[Told]) -> None:
    machine, other = _machine(data), _machine(data)
    for saga, happened, now, made in _walk(machine, history):
        if made is not None:
            assert step(other, deepcopy(saga), deepcopy(happened), now) == made


@STEADY
@given(machines(), histories())
def test_versions_have_no_gaps_and_each_step_begins_where_the_last_one_ended(
    data: Json, history: list[Told]
) -> None:
    machine = _machine(data)
    for saga, happened, now, made in _walk(machine, history):
        if made is None:
            continue
        assert (made.saga.version, made.row.seq, made.row.source) == (
            saga.version + 1,
            saga.version + 1,
            saga.state,
        )
        assert (made.row.at, made.row.event_id) == (now, happened.id)
        business = machine.definition.business_states[
            machine.definition.states[made.saga.state].business_state
        ]
        assert (made.saga.business_state, made.row.business_state_id) == (business.name, business.id)
