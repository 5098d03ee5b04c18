"""`poll`: a command asked again and again while the saga stays, and what comes at the end of it."""

from __future__ import annotations

from engine.machine.interventions import Hand, skip
from engine.model import Event
from engine.retries import Policy
from tests.fakes.clock import START
from tests.fakes.machines import begun, names, owed, sample_machine, told
from tests.unit.machine.asking import events, fired, replied

TOP = "commands: {look: {channel: x, replies: {done: seen, failed: unseen}, timeout: 5s}}"
STATES = """
A:
  businessState: OPEN
  poll: {command: look, every: 10s, factor: 2, maxEvery: 1m, for: 10m, giveUp: tooLong}
  on:
    seen: [{if: payload.over, to: Z}, {description: Not yet}]
    unseen: B
    tooLong: {set: {tired: true}}
    again: A
B: {businessState: OPEN, on: {ended: Z}}
Z: {businessState: SHUT, final: true}
"""
MACHINE = sample_machine(STATES, top=TOP)


def test_it_asks_for_the_first_time_after_the_first_wait_and_the_end_of_it_is_a_timer() -> None:
    saga = begun(MACHINE)
    poll, end = saga.agenda
    assert (poll.kind, poll.name, poll.due - START, poll.timeout) == ("poll", "look", 10_000, 5_000)
    assert (end.kind, end.name, end.due - START) == ("timer", "$giveUp", 600_000)


def test_the_waits_grow_by_the_factor_up_to_the_longest() -> None:
    policy = Policy(machine=MACHINE, entry=owed(begun(MACHINE), "look"))
    assert [policy.poll_after(asked) for asked in range(1, 6)] == [20_000, 40_000, 60_000, 60_000, 60_000]
    assert policy.poll_after(10**9) == 60_000


def test_an_answer_that_does_not_lead_on_is_merged_and_the_poll_goes_on() -> None:
    saga = begun(MACHINE)
    made = replied(MACHINE, saga, "look", "done", {"over": False, "status": "on its way"})
    assert (made.saga.state, made.row.event, made.row.entered) == ("A", "seen", False)
    assert made.saga.metadata["status"] == "on its way"
    assert owed(made.saga, "look").id == owed(saga, "look").id


def test_an_answer_that_leads_on_ends_it() -> None:
    saga = begun(MACHINE)
    made = replied(MACHINE, saga, "look", "done", {"over": True})
    assert (made.saga.state, set(made.removed)) == ("Z", {entry.id for entry in saga.agenda})


def test_each_answer_is_an_event_of_its_own() -> None:
    """Each ask has an id of its own, so the second answer is not taken for a repeat."""
    saga, poll = begun(MACHINE), owed(begun(MACHINE), "look")
    for asked in (1, 2):
        told_ = Event(
            name="seen", payload={"over": False}, id=f"{poll.id}.{asked}", entry=poll.id, reply="done"
        )
        made = told(MACHINE, saga, told_.name, told_.payload, id=told_.id, entry=told_.entry)
        assert (made.row.event_id, made.row.result) == (f"{poll.id}.{asked}", "applied")
        saga = made.saga


def test_leaving_the_state_ends_it() -> None:
    made = replied(MACHINE, begun(MACHINE), "look", "failed")
    assert (made.saga.state, made.saga.agenda) == ("B", ())


def test_entering_the_state_again_begins_it_anew() -> None:
    saga = begun(MACHINE)
    again = told(MACHINE, saga, "again", now=START + 5_000).saga
    assert names(again.agenda) == ["look", "$giveUp"]
    assert owed(again, "look").id != owed(saga, "look").id
    assert owed(again, "look").due == START + 15_000


def test_at_the_end_the_event_give_up_is_raised_and_nothing_is_asked_any_more() -> None:
    made = fired(MACHINE, begun(MACHINE), "$giveUp")
    assert (events(made), made.saga.metadata, made.saga.agenda) == (["tooLong"], {"tired": True}, ())


def test_a_poll_that_a_person_skips_asks_no_more() -> None:
    saga = begun(MACHINE)
    made = skip(MACHINE, saga, owed(saga, "look"), Hand(actor="ann", reason="enough", now=START))
    assert names(made.saga.agenda) == ["$giveUp"]
