"""One saga moved to another version of its machine: what it keeps, what begins, what refuses it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from textwrap import dedent

import pytest

from engine.errors import ActionNotPossible, ExpressionFailed, StateNotFound
from engine.machine.interventions import Hand, pause
from engine.machine.migrating import Route, migrate
from engine.machine.pausing import FROZEN
from engine.machine.plan import Machine
from engine.model import Entry, Json, Key, Saga, Step
from tests.fakes.clock import START
from tests.fakes.engine import machine_of
from tests.fakes.machines import BUSINESS, begun, names, owed, sample, sample_machine, told

LATER = START + 60_000
HAND = Hand(actor="ann", reason="new prices", now=LATER)

PLAIN = """
A:
  businessState: OPEN
  on: {go: B}
  after: {1h: Z, 2h: Z}
B: {businessState: OPEN, on: {go: Z}}
Z: {businessState: SHUT, final: true}
"""
COMMANDS = """
commands:
  pay: {channel: c, payload: {of: v1}, replies: {done: paid, failed: payFailed}, undo: refund}
  refund: {channel: c}
  ship: {channel: c, replies: {done: shipped, failed: shipFailed}, retry: {attempts: 1}}
sideEffects: {greet: {channel: c}}
"""
PAYS = """
A:
  businessState: OPEN
  commands: [pay]
  sideEffects: [greet]
  on: {paid: B, payFailed: Z}
B: {businessState: OPEN, commands: [ship], on: {shipped: Z, shipFailed: U}}
U: {businessState: OPEN, compensate: all, on: {$compensated: Z, $stuck: Z}}
Z: {businessState: SHUT, final: true}
"""


def second(states: str, *, top: str = "", business: str = BUSINESS) -> Machine:
    return machine_of(sample(states, top=top, business=business).replace("version: 1", "version: 2"))


def moved(
    source: Machine, target: Machine, saga: Saga, states: Mapping[str, str] | None = None, **how: bool
) -> Step:
    return migrate(Route(source=source, target=target, states=states or {}, **how), saga, HAND)


def of(entries: tuple[Entry, ...], kind: str) -> list[str]:
    return sorted(entry.name for entry in entries if entry.kind == kind)


def test_it_is_a_step_with_its_row_actor_and_reason() -> None:
    source, target = sample_machine(PLAIN), second(PLAIN)
    made = moved(source, target, begun(source, {"a": 1}))
    row = made.row
    assert (made.saga.machine_version, made.saga.version, made.saga.metadata) == (2, 2, {"a": 1})
    assert (row.event, row.actor, row.reason) == ("$migrate", "ann", "new prices")
    assert (row.source, row.state, row.entered) == ("A", "A", False)
    assert row.note == "migrated from version 1 to 2"


def test_the_map_says_where_a_state_went_and_the_business_state_is_that_of_the_new_one() -> None:
    business = BUSINESS + "\nBUSY: {id: 7, description: Quite busy}\n"
    target = second(PLAIN.replace("A:\n  businessState: OPEN", "FIRST:\n  businessState: BUSY").replace(
        "B: {", "A: {businessState: OPEN, on: {go: Z}}\nB: {"), business=business)  # fmt: skip
    source = sample_machine(PLAIN)
    made = moved(source, target, begun(source), {"A": "FIRST"})
    assert (made.saga.state, made.saga.business_state_id, made.row.entered) == ("FIRST", 7, True)
    assert made.row.business_state_description == "Quite busy"


def test_a_state_without_a_place_in_the_new_version_refuses_the_saga() -> None:
    source = sample_machine(PLAIN)
    with pytest.raises(ActionNotPossible, match="version 2 has no state A: map it to one"):
        moved(source, _without_a(), begun(source))


def _without_a() -> Machine:
    text = sample(PLAIN.replace("A:", "N:")).replace("version: 1", "version: 2")
    return machine_of(text.replace("initialState: A", "initialState: N"))


def test_a_map_that_speaks_of_unknown_states_is_refused_as_a_whole() -> None:
    source, target = sample_machine(PLAIN), second(PLAIN)
    with pytest.raises(StateNotFound, match="version 1 of 'sample' has no state 'X'"):
        Route(source=source, target=target, states={"X": "A"}).check()
    with pytest.raises(StateNotFound, match="version 2 of 'sample' has no state 'Y'"):
        Route(source=source, target=target, states={"A": "Y"}).check()


def test_a_timer_of_the_same_name_keeps_its_time_others_go_and_new_ones_begin_now() -> None:
    source = sample_machine(PLAIN)
    target = second(PLAIN.replace("{1h: Z, 2h: Z}", "{1h: Z, 3h: Z}"))
    saga = begun(source)
    made = moved(source, target, saga)
    assert names(made.saga.agenda) == ["$after.1h", "$after.3h"]
    assert owed(made.saga, "$after.1h") == owed(saga, "$after.1h")
    assert owed(made.saga, "$after.3h").due == LATER + 3 * 3_600_000


def test_a_timer_that_has_fired_does_not_begin_again() -> None:
    text = PLAIN.replace("{1h: Z, 2h: Z}", "{1h: {event: reminded}}").replace(
        "{go: B}", "{go: B, reminded: {description: Noted}}"
    )
    source, target = sample_machine(text), second(text)
    saga = begun(source)
    fired = told(source, saga, "$after.1h", entry=owed(saga, "$after.1h").id).saga
    assert fired.agenda == ()
    assert moved(source, target, fired).saga.agenda == ()


def test_timers_of_a_paused_saga_stay_frozen_and_new_ones_begin_frozen() -> None:
    source = sample_machine(PLAIN)
    target = second(PLAIN.replace("{1h: Z, 2h: Z}", "{1h: Z, 3h: Z}"))
    saga = pause(source, begun(source), HAND).saga
    made = moved(source, target, saga)
    assert made.saga.paused
    assert {entry.due >= FROZEN for entry in made.saga.agenda} == {True}


def test_a_command_that_the_new_state_sends_too_stays_as_it_was_asked() -> None:
    source, target = sample_machine(PAYS, top=COMMANDS), second(PAYS, top=COMMANDS.replace("v1", "v2"))
    saga = begun(source)
    made = moved(source, target, saga)
    assert owed(made.saga, "pay") == owed(saga, "pay")
    assert owed(made.saga, "greet") == owed(saga, "greet")
    assert made.removed == ()


def test_a_command_goes_with_its_state_into_the_mapped_one() -> None:
    source = sample_machine(PAYS, top=COMMANDS)
    text = sample(PAYS.replace("A:", "PAYING:"), top=COMMANDS).replace(
        "initialState: A", "initialState: PAYING"
    )
    target = machine_of(text.replace("version: 1", "version: 2"))
    saga = begun(source)
    made = moved(source, target, saga, {"A": "PAYING"})
    assert owed(made.saga, "pay").state == "PAYING"
    answered = told(target, made.saga, "paid", entry=owed(saga, "pay").id)
    assert answered.saga.state == "B"


def test_a_command_that_the_new_version_does_not_have_refuses_the_saga_unless_it_may_be_dropped() -> None:
    source = sample_machine(PAYS, top=COMMANDS)
    target = second("A: {businessState: OPEN, on: {go: Z}}\nZ: {businessState: SHUT, final: true}", top=(
        "sideEffects: {greet: {channel: c}}\n"))  # fmt: skip
    saga = begun(source)
    with pytest.raises(ActionNotPossible, match="version 2 has no command pay"):
        moved(source, target, saga)
    made = moved(source, target, saga, drop_entries=True)
    assert names(made.saga.agenda) == ["greet"]
    assert made.row.note == "migrated from version 1 to 2, dropped: command pay"


def test_a_command_that_the_new_state_does_not_send_refuses_the_saga() -> None:
    source = sample_machine(PAYS, top=COMMANDS)
    target = second(PAYS, top=COMMANDS)
    with pytest.raises(ActionNotPossible, match="state U of version 2 does not send pay"):
        moved(source, target, begun(source), {"A": "U"})


def _paid(machine: Machine) -> Saga:
    saga = begun(machine)
    return told(machine, saga, "paid", entry=owed(saga, "pay").id).saga


def test_what_was_done_and_can_be_undone_in_the_new_version_stays_to_be_undone() -> None:
    source, target = sample_machine(PAYS, top=COMMANDS), second(PAYS, top=COMMANDS.replace("v1", "v2"))
    made = moved(source, target, _paid(source))
    assert (owed(made.saga, "pay").status, owed(made.saga, "ship").status) == ("done", "due")
    failed = told(target, made.saga, "shipFailed", entry=owed(made.saga, "ship").id).saga
    assert (failed.state, owed(failed, "refund").undoes) == ("U", owed(made.saga, "pay").id)


def test_what_was_done_and_cannot_be_undone_any_more_refuses_the_saga() -> None:
    source = sample_machine(PAYS, top=COMMANDS)
    top = COMMANDS.replace(", undo: refund", "").replace("attempts: 1}", "attempts: 1}, undo: refund")
    target = second(PAYS.replace("shipFailed: U", "shipFailed: Z, late: U"), top=top)
    with pytest.raises(ActionNotPossible, match="version 2 cannot undo command pay"):
        moved(source, target, _paid(source))


def test_a_saga_mapped_into_a_compensating_state_begins_to_undo() -> None:
    source, target = sample_machine(PAYS, top=COMMANDS), second(PAYS, top=COMMANDS)
    saga = _paid(source)
    saga = replace(saga, agenda=tuple(e for e in saga.agenda if e.name != "ship"))
    made = moved(source, target, saga, {"B": "U"})
    assert of(made.saga.agenda, "command") == ["pay", "refund"]


def test_a_command_that_was_never_asked_for_is_sent_only_when_that_is_wanted() -> None:
    source = sample_machine(PAYS, top=COMMANDS)
    waits = "A: {businessState: OPEN, on: {go: Z}}\nZ: {businessState: SHUT, final: true}"
    before = sample_machine(waits)
    target = second(PAYS, top=COMMANDS)
    with pytest.raises(ActionNotPossible, match="state A of version 2 sends pay, which was never asked for"):
        moved(before, target, begun(before))
    made = moved(before, target, begun(before), send_new=True)
    assert of(made.added, "command") == ["pay"]
    assert owed(made.saga, "pay").due == LATER
    assert source.definition.version == 1


JOINED = """
A: {businessState: OPEN, commands: [pay, ship], on: {$done: Z, $failed: Z}}
Z: {businessState: SHUT, final: true}
"""


def test_a_fan_out_goes_on_with_the_answers_it_had() -> None:
    source, target = sample_machine(JOINED, top=COMMANDS), second(JOINED, top=COMMANDS)
    saga = begun(source)
    half = told(source, saga, "paid", entry=owed(saga, "pay").id).saga
    made = moved(source, target, half)
    assert [(e.name, e.status) for e in made.saga.agenda] == [("pay", "done"), ("ship", "due")]
    assert told(target, made.saga, "shipped", entry=owed(saga, "ship").id).saga.state == "Z"


def test_a_fan_out_that_waits_for_nothing_any_more_is_done_at_once() -> None:
    source = sample_machine(JOINED, top=COMMANDS)
    target = second(JOINED.replace("[pay, ship]", "[pay]"), top=COMMANDS + "\n")
    saga = begun(source)
    half = told(source, saga, "paid", entry=owed(saga, "pay").id).saga
    made = moved(source, target, half, drop_entries=True)
    assert [row.event for row in made.rows] == ["$migrate", "$done"]
    assert made.saga.state == "Z"


def test_a_try_under_way_is_waited_for() -> None:
    source, target = sample_machine(PAYS, top=COMMANDS), second(PAYS, top=COMMANDS)
    saga = begun(source)
    held = tuple(replace(e, owner="d", lease_until=LATER + 1) for e in saga.agenda)
    with pytest.raises(ActionNotPossible, match=r"a try of .* is under way"):
        moved(source, target, replace(saga, agenda=held))
    over = tuple(replace(e, owner="d", lease_until=LATER) for e in saga.agenda)
    assert moved(source, target, replace(saga, agenda=over)).saga.machine_version == 2


def test_a_saga_that_is_of_another_version_by_now_is_left_alone() -> None:
    source, target = sample_machine(PLAIN), second(PLAIN)
    once = moved(source, target, begun(source)).saga
    with pytest.raises(ActionNotPossible, match="of version 2 by now"):
        moved(source, target, once)


def _keyed(version: int, key: str) -> Machine:
    text = sample(PLAIN, top=f"keys: [{key}]" if key else "").replace("version: 1", f"version: {version}")
    return machine_of(text)


def test_keys_are_those_of_the_new_version() -> None:
    source, data = _keyed(1, "metadata.a"), {"a": "1", "b": "2"}
    made = moved(source, _keyed(2, "metadata.b"), begun(source, data))
    assert made.claimed == (Key(machine="sample", name="metadata.b", value="2"),) == made.saga.keys
    assert made.dropped == (Key(machine="sample", name="metadata.a", value="1"),)
    gone = moved(source, _keyed(2, ""), begun(source, data))
    assert (gone.saga.keys, gone.dropped) == ((), made.dropped)
    same = moved(source, _keyed(2, "metadata.a"), begun(source, data))
    assert (same.claimed, same.dropped, len(same.saga.keys)) == ((), (), 1)


def test_a_new_timer_without_a_value_on_the_data_changes_nothing() -> None:
    source = sample_machine(PLAIN)
    target = second(PLAIN.replace("after: {1h: Z, 2h: Z}", 'at: {"{{ metadata.day.first }}": Z}'))
    data: Json = {}
    with pytest.raises(ExpressionFailed):
        moved(source, target, begun(source, data))


SLA = dedent(
    """
    A: {businessState: OPEN, on: {go: Z}, sla: {within: 1h}}
    Z: {businessState: SHUT, final: true}
    """
)


def test_a_late_saga_stays_late_where_the_new_state_has_an_sla_and_is_on_time_where_not() -> None:
    source = sample_machine(SLA)
    saga = begun(source)
    late = told(source, saga, "$sla", entry=owed(saga, "$sla").id).saga
    assert late.late == "$sla"
    assert moved(source, second(SLA), late).saga.late == "$sla"
    assert moved(source, second(SLA.replace(", sla: {within: 1h}", "")), late).saga.late == ""


def test_a_poll_goes_on_where_the_new_state_asks_the_same_and_ends_where_not() -> None:
    polls = """
    A:
      businessState: OPEN
      poll: {command: look, every: 10s, for: 1h, giveUp: gaveUp}
      on: {seen: Z, gaveUp: Z}
    Z: {businessState: SHUT, final: true}
    """
    top = "commands: {look: {channel: c, replies: {done: seen}}}"
    source = sample_machine(polls, top=top)
    saga = begun(source)
    assert owed(moved(source, second(polls, top=top), saga).saga, "look") == owed(saga, "look")
    quiet = "A: {businessState: OPEN, on: {seen: Z}}\nZ: {businessState: SHUT, final: true}"
    assert moved(source, second(quiet), saga).saga.agenda == ()
    again = sample_machine(quiet)
    assert of(moved(again, second(polls, top=top), begun(again)).added, "poll") == ["look"]
