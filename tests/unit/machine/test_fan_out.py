"""Several commands at once: `$done` when all are done, `$failed` at each that failed."""

from __future__ import annotations

from engine.machine.interventions import Hand, skip
from engine.model import Saga
from tests.fakes.clock import START
from tests.fakes.machines import begun, names, sample_machine, told
from tests.unit.machine.asking import events, open_entry, replied, statuses

TOP = """
commands:
  a: {channel: x, replies: {done: aDone, failed: aFailed}}
  b: {channel: x, replies: {done: bDone, failed: bFailed, pending: bPending}, undo: unB}
  c: {channel: x}
  unB: {channel: x}
"""
STATES = """
A:
  businessState: OPEN
  commands: [a, b, c]
  on: {$done: B, $failed: Z, left: Y, again: A}
B: {businessState: OPEN, on: {ended: Z}}
Y: {businessState: OPEN, compensate: all, on: {$compensated: Z}}
Z: {businessState: SHUT, final: true}
"""
MACHINE = sample_machine(STATES, top=TOP)
ANN = Hand(actor="ann", reason="why not", now=START)


def _after(*done: str) -> Saga:
    saga = begun(MACHINE)
    for name in done:
        saga = replied(MACHINE, saga, name).saga
    return saga


def test_all_commands_are_asked_for_on_entry_each_under_its_own_key() -> None:
    saga = begun(MACHINE)
    assert names(saga.agenda) == ["a", "b", "c"]
    assert len({entry.id for entry in saga.agenda}) == 3


def test_a_reply_needs_no_line_in_on_is_merged_and_recorded() -> None:
    made = replied(MACHINE, begun(MACHINE), "a", "done", {"seat": 5})
    assert (events(made), made.row.result, made.row.entered) == (["aDone"], "applied", False)
    assert made.saga.metadata == {"seat": 5}


def test_done_comes_with_the_last_of_them_in_the_same_step_and_has_a_row_of_its_own() -> None:
    made = replied(MACHINE, _after("c", "a"), "b")
    assert [(row.event, row.source, row.state, row.entered) for row in made.rows] == [
        ("bDone", "A", "A", False),
        ("$done", "A", "B", True),
    ]
    assert made.rows[1].actor == "engine"
    assert made.saga.version == made.rows[1].seq == made.rows[0].seq + 1


def test_the_order_of_the_replies_does_not_matter() -> None:
    for order in (("a", "b", "c"), ("c", "b", "a"), ("b", "c", "a")):
        assert _after(*order).state == "B"


def test_failed_comes_at_the_first_that_failed_and_drops_those_without_an_undo() -> None:
    made = replied(MACHINE, begun(MACHINE), "a", "failed")
    assert (events(made), made.saga.state) == (["aFailed", "$failed"], "Z")
    assert made.saga.agenda == ()


def test_a_reply_that_the_command_does_not_name_is_an_event_of_the_engines_own() -> None:
    made = replied(MACHINE, begun(MACHINE), "c")
    assert (events(made), made.row.result) == (["$c.done"], "applied")


def test_a_reply_may_come_as_an_event_from_outside() -> None:
    saga = told(MACHINE, _after("b", "c"), "aDone", {"seat": 5}).saga
    assert (saga.state, saga.metadata) == ("B", {"seat": 5})


def test_a_reply_that_says_taken_on_is_not_the_last_word() -> None:
    pending = replied(MACHINE, _after("a", "c"), "b", "pending")
    assert (events(pending), pending.saga.state, statuses(pending.saga)["b"]) == (
        ["bPending"],
        "A",
        "waiting",
    )
    assert told(MACHINE, pending.saga, "bDone").saga.state == "B"


def test_a_last_word_counts_though_the_same_request_was_taken_on_before() -> None:
    saga = _after("a", "c")
    pending = replied(MACHINE, saga, "b", "pending")
    done = replied(MACHINE, pending.saga, "b")
    assert pending.row.event_id != done.row.event_id == open_entry(saga, "b").id
    assert done.saga.state == "B"


def test_a_command_that_a_person_skips_counts_as_done_with_nothing_to_undo() -> None:
    saga = _after("a", "c")
    made = skip(MACHINE, saga, open_entry(saga, "b"), ANN)
    assert (events(made), made.saga.state) == (["$skip", "$done"], "B")
    assert made.saga.agenda == ()


def test_what_a_person_skipped_and_was_done_all_the_same_is_undone_later() -> None:
    saga = begun(MACHINE)
    b = open_entry(saga, "b")
    skipped = skip(MACHINE, saga, b, ANN).saga
    late = told(MACHINE, skipped, "$b.done", entry=b.id).saga
    assert statuses(late)["b"] == "done"
    assert told(MACHINE, skipped, "left").saga.state == "Z", "nothing to undo"


def test_a_command_whose_reply_leads_away_is_taken_off_and_so_are_the_others() -> None:
    top = "commands: {a: {channel: x, replies: {done: aDone, failed: aFailed, pending: aPending}}, b: {channel: x}}"
    states = """
    A: {businessState: OPEN, commands: [a, b], on: {$done: B, $failed: B, aPending: B}}
    B: {businessState: OPEN, on: {ended: Z}}
    Z: {businessState: SHUT, final: true}
    """
    machine = sample_machine(states, top=top)
    saga = begun(machine)
    made = replied(machine, saga, "a", "pending")
    assert (made.saga.state, made.saga.agenda) == ("B", ())
    assert (set(made.removed), made.added) == ({entry.id for entry in saga.agenda}, ())


def test_done_does_not_come_when_one_failed_and_the_saga_stayed() -> None:
    states = STATES.replace("$failed: Z", "$failed: {set: {warned: true}}")
    machine = sample_machine(states, top=TOP)
    for uncertain in (False, True):
        saga = replied(machine, begun(machine), "b", "failed", uncertain=uncertain).saga
        for name in ("a", "c"):
            saga = replied(machine, saga, name).saga
        assert (saga.state, saga.metadata) == ("A", {"warned": True})


def test_the_alternatives_of_done_are_guarded_like_any_other() -> None:
    states = STATES.replace("$done: B", "$done: [{if: metadata.seat == 5, to: B}, {to: Z}]")
    machine = sample_machine(states, top=TOP)
    saga = replied(machine, begun(machine), "a", "done", {"seat": 5}).saga
    for name in ("b", "c"):
        saga = replied(machine, saga, name).saga
    assert saga.state == "B"


def test_one_command_with_done_and_failed_works_the_same_way() -> None:
    states = """
    A: {businessState: OPEN, command: a, on: {$done: B, $failed: Z}}
    B: {businessState: OPEN, on: {ended: Z}}
    Z: {businessState: SHUT, final: true}
    """
    machine = sample_machine(states, top="commands: {a: {channel: x}}")
    assert events(replied(machine, begun(machine), "a")) == ["$a.done", "$done"]
    assert events(replied(machine, begun(machine), "a", "failed")) == ["$a.failed", "$failed"]


def test_entering_the_state_again_asks_for_all_of_them_again() -> None:
    again = told(MACHINE, _after("b"), "again").saga
    assert sorted(names(again.agenda)) == ["a", "b", "b", "c"]
    for name in ("a", "c"):
        again = replied(MACHINE, again, name).saga
    assert again.state == "A", "the one of the visit before does not count"
    assert replied(MACHINE, again, "b").saga.state == "B"
