"""What a saga owes: commands that die with their state, side effects that do not, one key one payload."""

from __future__ import annotations

from dataclasses import replace

from engine.machine.interventions import Hand, move
from engine.machine.plan import compile_machine
from engine.model import Entry, Saga
from tests.fakes.clock import START
from tests.fakes.machines import begun, first_step, names, owed, sample_machine, told

STATES = """
A:
  businessState: OPEN
  command: pay
  sideEffects: [greet]
  on:
    paid: {to: B, sideEffects: [thank]}
    payFailed: Z
    noted: {sideEffects: [thank]}
    cancelled: Z
B:
  businessState: OPEN
  command: ship
  on: {shipped: Z, shipFailed: Z, changed: {description: It stays}}
  after: {1h: Z}
Z: {businessState: SHUT, final: true, sideEffects: [thank]}
"""
TOP = """
settings: {replyTimeout: 2m}
commands:
  pay:
    channel: money
    payload: {amount: "{{ metadata.total }}", note: "order {{ metadata.total }} of {{ saga.id }}"}
    replies: {done: paid, failed: payFailed}
    timeout: 30s
  ship: {channel: vans, replies: {done: shipped, failed: shipFailed}}
sideEffects:
  greet: {channel: mail}
  thank: {channel: mail, payload: {state: "{{ saga.state }}", total: "{{ metadata.total }}"}}
"""
MACHINE = sample_machine(STATES, top=TOP)


def _at_b() -> Saga:
    return told(MACHINE, begun(MACHINE, {"total": 5}), "paid", {"paymentId": "p"}).saga


def test_a_new_saga_owes_side_effects_then_the_command_with_what_the_machine_says_of_it() -> None:
    effect, command = first_step(MACHINE, {"total": 5}).added
    assert command == Entry(
        id="s1.1.1",
        saga_id="s1",
        kind="command",
        name="pay",
        channel="money",
        payload={"amount": 5, "note": "order 5 of s1"},
        state="A",
        timeout=30_000,
        due=START,
    )
    assert (effect.id, effect.kind, effect.name, effect.state) == ("s1.1.0", "effect", "greet", None)


def test_a_template_that_is_one_expression_keeps_the_type_of_its_value() -> None:
    saga = begun(MACHINE, {"total": {"gross": [1, None]}})
    payload = owed(saga, "pay").payload
    assert payload is not None
    assert payload["amount"] == {"gross": [1, None]}


def test_a_command_without_a_time_limit_has_the_machines() -> None:
    assert owed(_at_b(), "ship").timeout == 120_000


def test_entry_ids_come_from_saga_and_version_so_a_step_done_again_asks_for_the_same() -> None:
    saga = begun(MACHINE, {"total": 5})
    once, twice = (told(MACHINE, saga, "paid", {"paymentId": "p"}) for _ in range(2))
    assert [entry.id for entry in once.added] == ["s1.2.0", "s1.2.1", "s1.2.2"]
    assert once == twice


def test_side_effects_go_out_on_transitions_and_on_entry_with_the_metadata_after_the_event() -> None:
    made = told(MACHINE, begun(MACHINE, {"total": 5}), "paid", {"total": 6})
    thank = made.added[0]
    assert names(made.added) == ["thank", "ship", "$after.1h"]
    assert thank.payload == {"state": "B", "total": 6}


def test_a_side_effect_without_a_payload_carries_the_metadata_of_its_moment() -> None:
    saga = begun(MACHINE, {"total": 5})
    assert owed(saga, "greet").payload == {"total": 5}
    noted = told(MACHINE, saga, "noted", {"total": 6}).saga
    assert owed(noted, "greet").payload == {"total": 5}


def test_an_internal_transition_may_have_side_effects_too() -> None:
    made = told(MACHINE, begun(MACHINE, {"total": 5}), "noted")
    assert names(made.added) == ["thank"]
    assert made.removed == ()


def test_a_command_and_a_timer_die_when_their_state_is_left_and_a_side_effect_does_not() -> None:
    saga = begun(MACHINE, {"total": 5})
    cancelled = told(MACHINE, saga, "cancelled")
    assert cancelled.removed == (owed(saga, "pay").id,)
    assert names(cancelled.saga.agenda) == ["greet", "thank"]


def test_a_final_state_owes_nothing_but_side_effects() -> None:
    ended = told(MACHINE, _at_b(), "shipped").saga
    assert ended.is_final
    assert {entry.kind for entry in ended.agenda} == {"effect"}


def test_a_reply_takes_its_command_off_though_it_came_as_an_event_of_its_own() -> None:
    saga = begun(MACHINE, {"total": 5})
    assert owed(saga, "pay").id in told(MACHINE, saga, "paid").removed


def test_a_command_without_a_payload_stands_for_the_metadata_as_they_are() -> None:
    assert owed(_at_b(), "ship").payload is None


def test_when_metadata_change_under_such_a_command_the_old_ones_are_written_into_it() -> None:
    saga = _at_b()
    made = told(MACHINE, saga, "changed", {"total": 7})
    assert [(e.id, e.payload) for e in made.rewritten] == [(owed(saga, "ship").id, saga.metadata)]
    assert owed(made.saga, "ship").payload == {"total": 5, "paymentId": "p"}
    assert made.saga.metadata["total"] == 7


def test_they_are_written_once_and_only_when_they_change() -> None:
    saga = _at_b()
    assert told(MACHINE, saga, "changed").rewritten == ()
    once = told(MACHINE, saga, "changed", {"total": 7}).saga
    twice = told(MACHINE, once, "changed", {"total": 8})
    assert twice.rewritten == ()
    assert owed(twice.saga, "ship").payload == {"total": 5, "paymentId": "p"}


def test_a_command_that_goes_with_its_state_is_not_rewritten() -> None:
    assert told(MACHINE, _at_b(), "shipped", {"total": 9}).rewritten == ()


def test_what_the_store_knows_of_an_entry_stays_with_it_while_it_is_owed() -> None:
    saga = _at_b()
    tried = tuple(replace(e, attempts=2, token=3) for e in saga.agenda)
    changed = told(MACHINE, replace(saga, agenda=tried), "changed").saga
    assert [(e.attempts, e.token) for e in changed.agenda] == [(2, 3)] * len(tried)


def test_moving_by_hand_drops_commands_and_timers_and_keeps_side_effects() -> None:
    made = move(MACHINE, _at_b(), "A", Hand(now=START, actor="ann", reason="wrong address"))
    assert set(names(made.saga.agenda)) == {"greet", "thank", "pay"}


def test_a_side_effect_goes_out_only_where_its_condition_holds_after_the_event() -> None:
    top = TOP.replace("thank: {channel: mail,", "thank: {channel: mail, if: metadata.total > 5,")
    machine = sample_machine(STATES, top=top)
    saga = begun(machine, {"total": 5})
    assert names(told(machine, saga, "paid").added) == ["ship", "$after.1h"]
    assert names(told(machine, saga, "paid", {"total": 6}).added) == ["thank", "ship", "$after.1h"]


def test_the_configuration_gives_variables_other_values() -> None:
    top = TOP + "variables: {currency: EUR, fee: 3}\n"
    top = top.replace('{amount: "{{ metadata.total }}",', '{amount: "{{ metadata.total + variables.fee }}",')
    definition = sample_machine(STATES, top=top).definition
    dearer = compile_machine(definition, {"fee": 10})
    assert (owed(begun(dearer, {"total": 5}), "pay").payload or {})["amount"] == 15
    assert (owed(begun(compile_machine(definition), {"total": 5}), "pay").payload or {})["amount"] == 8
