from __future__ import annotations

import pytest

from engine.definition.durations import milliseconds
from engine.definition.ir import Definition, Poll, Retry, Sla
from tests.unit.definition.samples import DOOR, ORDER, codes, definition

WHOLE = """
machine: whole
version: 3
description: Everything once.
sagaIdPrefix: w
initialState: A
creationEvent: made
keys: [metadata.number, saga.entityId]
metadata: {schema: {type: object, required: [number]}, merge: deepConcat}
settings: {unexpectedEvents: ignore, replyTimeout: 2h}
businessStates:
  ONE: {id: 0, description: First, on: {cancelled: Z}}
  TWO: {id: 7}
businessEvents: {PAID: {id: 4, description: Paid}}
events:
  paid: {businessEvent: PAID, aliases: [paidBySystem, paidByHand], payload: {required: [id]}, description: Money came}
commands:
  pay: {channel: out, payload: {sum: "{{ metadata.sum }}"}, replies: {done: paidBySystem, failed: unpaid}, timeout: 5s, retry: {delay: 2m}}
  bare: {channel: out, replies: {failed: unpaid}}
sideEffects:
  tell: {channel: mail, payload: {to: x}, timeout: 1s, retry: {attempts: 2, factor: 3, maxDelay: 9s, jitter: 0}, description: Tells}
states:
  A:
    businessState: ONE
    description: First of all
    command: pay
    sideEffects: [tell]
    on:
      paidByHand:
        - {if: payload.sum > 0, to: B, set: {a.b: "{{ payload.sum }}", c: 1}, businessEvent: PAID, sideEffects: [tell], description: Yes}
        - Z
      unpaid: {description: stays}
    after:
      15m: Z
      2h: {event: late, to: Z}
      1d: {event: reminded}
      3d: {set: {old: true}}
      0s: {event: never, if: metadata.never, to: Z}
  B: {businessState: TWO, command: bare, on: {unpaid: A, reminded: B}}
  Z: {businessState: TWO, final: true}
on: {stopped: Z, reminded: {set: {times: 1}}}
"""


@pytest.fixture(scope="module")
def whole() -> Definition:
    return definition(WHOLE)


def test_the_head_is_read(whole: Definition) -> None:
    assert (whole.name, whole.version, whole.description, whole.saga_id_prefix) == (
        "whole",
        3,
        "Everything once.",
        "w",
    )
    assert (whole.initial_state, whole.creation_event) == ("A", "made")
    assert [name for name, _ in whole.keys] == ["metadata.number", "saga.entityId"]
    assert (whole.merge, whole.unexpected_events, whole.reply_timeout) == ("deepConcat", "ignore", 7_200_000)
    assert whole.metadata_contract is not None
    assert whole.metadata_contract.problems({}) == ("/number: is missing",)


def test_what_is_left_out_has_its_usual_value() -> None:
    door = definition(DOOR)
    assert (door.description, door.saga_id_prefix, door.keys, door.metadata_contract) == ("", "", (), None)
    assert (door.merge, door.unexpected_events, door.reply_timeout, door.on) == (
        "shallow",
        "reject",
        None,
        {},
    )
    assert door.commands["ring"].retry is None
    assert door.commands["ring"].payload is None


def test_names_keep_the_order_of_the_file(whole: Definition) -> None:
    assert list(whole.states) == ["A", "B", "Z"]
    assert next(iter(whole.events)) == "paid"
    assert [timer.label for timer in whole.states["A"].timers] == ["15m", "2h", "1d", "3d", "0s"]


def test_every_event_that_is_used_has_a_specification(whole: Definition) -> None:
    assert set(whole.events) == {
        "paid",
        "made",
        "cancelled",
        "unpaid",
        "reminded",
        "stopped",
        "late",
        "never",
    }
    assert whole.events["paid"].aliases == ("paidBySystem", "paidByHand")
    assert whole.events["paid"].business_event == "PAID"
    assert whole.events["unpaid"].payload is None


def test_an_alias_means_its_event_wherever_it_stands(whole: Definition) -> None:
    assert set(whole.states["A"].on) == {"paid", "unpaid"}
    assert whole.commands["pay"].replies == {"done": "paid", "failed": "unpaid"}


def test_a_transition_is_read_whole(whole: Definition) -> None:
    first, second = whole.states["A"].on["paid"]
    assert first.guard is not None
    assert first.guard.source == "payload.sum > 0"
    assert [(each.path, each.value.source) for each in first.assignments] == [
        (("a", "b"), "{{ payload.sum }}"),
        (("c",), 1),
    ]
    assert (first.to, first.business_event, first.side_effects, first.description) == (
        "B",
        "PAID",
        ("tell",),
        "Yes",
    )
    assert (second.to, second.guard, second.assignments) == ("Z", None, ())
    (stays,) = whole.states["A"].on["unpaid"]
    assert stays.to is None


def test_inherited_transitions_stand_where_they_are_declared(whole: Definition) -> None:
    assert whole.business_states["ONE"].on["cancelled"][0].to == "Z"
    assert whole.on["stopped"][0].to == "Z"


def test_timers_have_delay_event_and_transition(whole: Definition) -> None:
    short, long, raises, writes, guarded = whole.states["A"].timers
    assert (short.delay, short.event, short.transition and short.transition.to) == (
        900_000,
        "$after.15m",
        "Z",
    )
    assert (long.delay, long.event, long.transition and long.transition.to) == (7_200_000, "late", "Z")
    assert (raises.event, raises.transition) == ("reminded", None)
    assert (writes.event, writes.transition and writes.transition.to) == ("$after.3d", None)
    assert guarded.transition is not None
    assert guarded.transition.guard is not None


CLOCKS = """
machine: clocks
version: 1
initialState: A
creationEvent: made
onDuplicate: reject
after: {30d: Z}
businessStates:
  ONE: {id: 0, after: {24h: Z}, sla: {within: 2h, sideEffects: [tell]}}
  TWO: {id: 1}
events: {gone: {aliases: [wentAway]}}
commands:
  look: {channel: camera, replies: {done: seen, failed: gone}}
  pay: {channel: bank, replies: {done: paid, failed: unpaid}, undo: refund}
  refund: {channel: bank}
sideEffects: {tell: {channel: mail}}
states:
  A:
    businessState: ONE
    on: {seen: B, gone: U, late: Z}
    after: {24h: {event: late}}
    at: {"{{ metadata.due }}": Z, "{{ metadata.end }}": {event: wentAway}}
    poll: {command: look, every: 30s, factor: 2, for: 72h, giveUp: wentAway}
    sla: 1h
  B: {businessState: ONE, commands: [pay, look], on: {$done: [{if: payload.ok, to: Z}, U], $failed: U}}
  U: {businessState: TWO, compensate: [pay], on: {$compensated: Z, $stuck: {sideEffects: [tell]}}}
  Z: {businessState: TWO, final: true}
"""


@pytest.fixture(scope="module")
def clocks() -> Definition:
    return definition(CLOCKS)


def test_every_timer_of_a_state_has_a_name_of_its_own(clocks: Definition) -> None:
    timers = (*clocks.states["A"].timers, *clocks.business_states["ONE"].timers, *clocks.timers)
    assert [(timer.name, timer.scope, timer.delay, timer.event) for timer in timers] == [
        ("$after.24h", "state", 86_400_000, "late"),
        ("$at.1", "state", 0, "$at.1"),
        ("$at.2", "state", 0, "gone"),
        ("$giveUp", "state", 259_200_000, "gone"),
        ("$sla", "state", 3_600_000, "$sla"),
        ("$businessAfter.24h", "business state", 86_400_000, "$businessAfter.24h"),
        ("$businessSla", "business state", 7_200_000, "$businessSla"),
        ("$machineAfter.30d", "machine", 2_592_000_000, "$machineAfter.30d"),
    ]


def test_a_moment_is_a_template_and_an_after_has_none(clocks: Definition) -> None:
    first, second = clocks.states["A"].timers[:2]
    assert first.moment is None
    assert second.moment is not None
    assert second.moment.render({"metadata": {"due": "2026-01-31"}}) == "2026-01-31"


def test_a_poll_and_an_sla_are_read_whole(clocks: Definition) -> None:
    poll = clocks.states["A"].poll
    assert poll == Poll(
        command="look", every=30_000, factor=2.0, max_every=3_600_000, lasts=259_200_000, give_up="gone"
    )
    assert clocks.states["A"].sla == Sla(within=3_600_000)
    assert clocks.business_states["ONE"].sla == Sla(within=7_200_000, side_effects=("tell",))


def test_a_poll_that_names_no_longest_wait_never_waits_longer_than_an_hour_or_its_first_wait() -> None:
    slow = definition(CLOCKS, ("every: 30s", "every: 2h"))
    assert slow.states["A"].poll is not None
    assert slow.states["A"].poll.max_every == 7_200_000


def test_a_fan_out_and_a_compensation_are_read_whole(clocks: Definition) -> None:
    assert clocks.states["B"].commands == ("pay", "look")
    assert [line.to for line in clocks.states["B"].on["$done"]] == ["Z", "U"]
    assert (clocks.states["U"].compensate, clocks.commands["pay"].undo) == (("pay",), "refund")
    assert clocks.on_duplicate == "reject"


def test_what_the_engine_raises_is_no_event_that_anybody_could_send(clocks: Definition) -> None:
    assert [name for name in clocks.events if name.startswith("$")] == []


def test_retry_fills_up_with_the_usual_values(whole: Definition) -> None:
    assert whole.commands["pay"].retry == Retry(
        attempts=5, delay=120_000, factor=2.0, max_delay=120_000, jitter=0.2
    )
    assert whole.side_effects["tell"].retry == Retry(
        attempts=2, delay=1_000, factor=3.0, max_delay=9_000, jitter=0.0
    )
    assert whole.commands["pay"].timeout == 5_000


def test_expressions_know_their_line(whole: Definition) -> None:
    guard = whole.states["A"].on["paid"][0].guard
    assert guard is not None
    assert guard.place == "m.yaml:30"


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("0s", 0),
        ("500ms", 500),
        ("30s", 30_000),
        ("15m", 900_000),
        ("24h", 86_400_000),
        ("36500d", 3_153_600_000_000),
    ],
)
def test_a_duration_is_milliseconds(text: str, amount: int) -> None:
    assert milliseconds(text) == amount


@pytest.mark.parametrize(
    "text", ["", "5", "m", "-5s", "1.5h", "5 m", "5M", "1h30m", "36501d", "9999999999999s", "٣s"]
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        milliseconds(text)


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [
        ("timeout: 30s", "timeout: 99999d", "bad-duration"),
        ("24h: {event: orderExpired", "99999d: {event: orderExpired", "bad-duration"),
        ("keys: [metadata.orderNumber]", "keys: [payload.orderNumber]", "bad-expression"),
        ("keys: [metadata.orderNumber]", "keys: [orderNumber]", "bad-expression"),
        ("if: payload.signedBy is defined", "if: payload.signedBy is", "bad-expression"),
        ('"{{ metadata.total }}"', '"{{ metadata.total"', "bad-expression"),
        ("required: [paymentId]", "required: paymentId", "bad-payload-schema"),
    ],
)
def test_a_part_that_does_not_compile_is_found(before: str, after: str, code: str) -> None:
    assert codes(ORDER, (before, after)) == [code]
