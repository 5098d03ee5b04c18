"""`undo` and `compensate`: what was done is taken back, one at a time, the latest first."""

from __future__ import annotations

import pytest

from engine.errors import StaleLease
from engine.machine.interventions import Hand, answer, move, pause, resume, retry, skip, stuck
from engine.machine.step import step
from engine.model import Event, Saga, Step
from tests.fakes.clock import START
from tests.fakes.machines import begun, names, owed, sample_machine, told
from tests.unit.machine.asking import events, open_entry, replied, statuses

TOP = """
commands:
  flight: {channel: x, replies: {done: flightBooked, failed: flightFailed, pending: flightPending}, undo: unFlight}
  hotel: {channel: x, replies: {done: hotelBooked, failed: hotelFailed}, undo: unHotel}
  visa: {channel: x, replies: {done: visaDone, failed: visaFailed}}
  unFlight: {channel: x, payload: {seat: "{{ metadata.seat }}"}}
  unHotel: {channel: x, replies: {done: hotelCancelled, failed: hotelNotCancelled, pending: hotelAsked}}
"""
STATES = """
A: {businessState: OPEN, commands: [flight, hotel, visa], on: {$done: B, $failed: UNDO}}
B: {businessState: OPEN, on: {cancelled: UNDO, hotelOnly: HOTEL, ended: Z}}
HOTEL: {businessState: OPEN, compensate: [hotel], on: {$compensated: UNDO}}
UNDO:
  businessState: OPEN
  compensate: all
  on: {$compensated: Z, $stuck: {set: {stuck: true}}, noted: {set: {note: "{{ payload.n }}"}}, paused: B, again: UNDO, over: Z}
Z: {businessState: SHUT, final: true}
"""
MACHINE = sample_machine(STATES, top=TOP)
START_DATA = {"seat": 5}
ANN = Hand(actor="ann", reason="by phone", now=START)


def _booked(*order: str) -> Saga:
    saga = begun(MACHINE, START_DATA)
    for name in order:
        saga = replied(MACHINE, saga, name).saga
    return saga


def _undoing(*order: str) -> Saga:
    saga = told(MACHINE, _booked(*order, "visa"), "cancelled").saga
    assert saga.state == "UNDO"
    return saga


def _undos(saga: Saga) -> list[str]:
    return [entry.name for entry in saga.agenda if entry.undoes is not None]


def _stuck(saga: Saga, name: str, *, id_: str = "stuck-1") -> Step:
    return stuck(MACHINE, saga, open_entry(saga, name), "no", event_id=id_, now=START)


def test_a_command_with_an_undo_that_was_done_stays_in_the_agenda_until_it_is_undone() -> None:
    saga = _booked("hotel", "flight", "visa")
    assert statuses(saga) == {"flight": "done", "hotel": "done"}
    assert [owed(saga, name).done for name in ("hotel", "flight")] == [2, 3]


@pytest.mark.parametrize("order", [("flight", "hotel"), ("hotel", "flight")])
def test_undos_run_one_at_a_time_the_latest_done_first(order: tuple[str, str]) -> None:
    saga = _undoing(*order)
    undone = []
    while _undos(saga):
        (name,) = _undos(saga)
        undone.append(name)
        saga = replied(MACHINE, saga, name).saga
    assert undone == [{"flight": "unFlight", "hotel": "unHotel"}[name] for name in reversed(order)]
    assert (saga.state, saga.agenda) == ("Z", ())


def test_compensated_comes_in_the_step_of_the_last_undo() -> None:
    saga = replied(MACHINE, _undoing("flight", "hotel"), "unHotel").saga
    made = replied(MACHINE, saga, "unFlight")
    assert (events(made), made.saga.state) == (["$unFlight.done", "$compensated"], "Z")


def test_compensated_comes_at_once_when_nothing_was_done() -> None:
    saga = begun(MACHINE, START_DATA)
    made = move(MACHINE, saga, "B", ANN).saga
    for name in ("flight", "hotel"):
        made = replied(MACHINE, made, name, "failed").saga
    assert events(told(MACHINE, made, "cancelled")) == ["cancelled", "$compensated"]


def test_an_undo_says_which_entry_it_takes_back_and_its_payload_is_made_when_its_turn_comes() -> None:
    saga = _undoing("flight", "hotel")
    told_more = replied(MACHINE, saga, "unHotel", "done", {"seat": 6}).saga
    undo = owed(told_more, "unFlight")
    assert (undo.undoes, undo.payload) == (owed(told_more, "flight").id, {"seat": 6})


def test_a_list_undoes_only_what_it_names_and_a_later_compensation_the_rest() -> None:
    saga = told(MACHINE, _booked("hotel", "flight", "visa"), "hotelOnly").saga
    assert _undos(saga) == ["unHotel"]
    made = replied(MACHINE, saga, "unHotel")
    assert (events(made), made.saga.state) == (["hotelCancelled", "$compensated"], "UNDO")
    assert _undos(made.saga) == ["unFlight"]


def test_a_list_does_not_wait_for_a_command_that_it_does_not_name() -> None:
    saga = replied(MACHINE, begun(MACHINE, START_DATA), "hotel").saga
    saga = move(MACHINE, saga, "HOTEL", ANN).saga
    assert _undos(saga) == ["unHotel"]


def test_commands_without_an_answer_are_waited_for_first_so_that_the_order_holds() -> None:
    saga = replied(MACHINE, begun(MACHINE, START_DATA), "hotel").saga
    failed = replied(MACHINE, saga, "visa", "failed")
    assert (events(failed), failed.saga.state, _undos(failed.saga)) == (["visaFailed", "$failed"], "UNDO", [])
    assert owed(failed.saga, "flight").state is None, "it goes on without its state"
    late = replied(MACHINE, failed.saga, "flight")
    assert (late.row.result, _undos(late.saga)) == ("applied", ["unFlight"])


def test_a_late_failure_is_not_undone() -> None:
    saga = replied(MACHINE, begun(MACHINE, START_DATA), "hotel").saga
    saga = replied(MACHINE, saga, "visa", "failed").saga
    assert _undos(replied(MACHINE, saga, "flight", "failed").saga) == ["unHotel"]


def test_a_failure_of_which_nobody_knows_the_outcome_is_undone() -> None:
    made = replied(MACHINE, _booked("hotel", "visa"), "flight", "failed", uncertain=True)
    assert (events(made), _undos(made.saga)) == (["flightFailed", "$failed"], ["unFlight"])


def test_what_was_taken_on_and_never_had_a_last_word_is_undone() -> None:
    saga = replied(MACHINE, begun(MACHINE, START_DATA), "flight", "pending").saga
    saga = replied(MACHINE, replied(MACHINE, saga, "hotel").saga, "visa", "failed").saga
    assert _undos(saga) == ["unHotel"], "it was taken on first, so it is undone last"
    assert _undos(replied(MACHINE, saga, "unHotel").saga) == ["unFlight"]


def test_an_undo_that_does_not_succeed_is_parked_and_stuck_comes() -> None:
    made = _stuck(_undoing("flight", "hotel"), "unHotel")
    assert (events(made), made.saga.metadata["stuck"], made.saga.state) == (["$stuck"], True, "UNDO")
    assert (statuses(made.saga)["unHotel"], owed(made.saga, "unHotel").reason) == ("parked", "no")
    assert _undos(made.saga) == ["unHotel"], "nothing further is undone"


def test_the_history_tells_of_stuck_where_no_transition_takes_it() -> None:
    machine = sample_machine(STATES.replace("$stuck: {set: {stuck: true}}, ", ""), top=TOP)
    saga = told(machine, _booked("flight", "hotel", "visa"), "cancelled").saga
    made = stuck(machine, saga, owed(saga, "unHotel"), "no", event_id="x", now=START)
    assert [(row.event, row.reason, row.entered) for row in made.rows] == [("$stuck", "no", False)]


@pytest.mark.parametrize("how", ["skip", "answer"])
def test_a_stuck_undo_that_a_person_skips_or_answers_counts_as_undone(how: str) -> None:
    saga = _stuck(_undoing("flight", "hotel"), "unHotel").saga
    undo = open_entry(saga, "unHotel")
    if how == "skip":
        saga = skip(MACHINE, saga, undo, ANN).saga
    else:
        saga = answer(MACHINE, saga, undo, ANN, reply="done", payload={}).saga
    assert (_undos(saga), "hotel" in names(saga.agenda)) == (["unFlight"], False)


def test_a_stuck_undo_that_a_person_retries_goes_on_under_its_key() -> None:
    saga = _stuck(_undoing("flight", "hotel"), "unHotel").saga
    undo = open_entry(saga, "unHotel")
    again = retry(MACHINE, saga, [undo], ANN).saga
    assert (open_entry(again, "unHotel").id, statuses(again)["unHotel"]) == (undo.id, "due")
    assert _undos(replied(MACHINE, again, "unHotel").saga) == ["unFlight"]


def test_an_undo_that_is_refused_by_an_event_from_outside_is_stuck_as_well() -> None:
    made = told(MACHINE, _undoing("flight", "hotel"), "hotelNotCancelled")
    assert (events(made), statuses(made.saga)["unHotel"]) == (["hotelNotCancelled", "$stuck"], "parked")
    assert statuses(made.saga)["hotel"] == "done", "it is not undone"


def test_an_undo_that_was_taken_on_waits_for_its_last_word() -> None:
    saga = replied(MACHINE, _undoing("flight", "hotel"), "unHotel", "pending").saga
    assert (_undos(saga), statuses(saga)["unHotel"]) == (["unHotel"], "waiting")
    assert _undos(told(MACHINE, saga, "hotelCancelled").saga) == ["unFlight"]


def test_what_is_sent_when_a_stuck_undo_is_retried_is_what_was_sent_before() -> None:
    """Its payload stands for the metadata as they were, though these changed while it was under way."""
    saga = _undoing("flight", "hotel")
    taken = open_entry(saga, "unHotel")
    noted = told(MACHINE, saga, "noted", {"n": 1}).saga
    parked = stuck(MACHINE, noted, taken, "no", event_id="x", now=START).saga
    assert open_entry(parked, "unHotel").payload == saga.metadata


def test_an_undo_whose_state_was_left_meanwhile_is_parked_free_of_it() -> None:
    saga = _undoing("flight", "hotel")
    left = told(MACHINE, saga, "paused").saga
    parked = stuck(MACHINE, left, open_entry(saga, "unHotel"), "no", event_id="x", now=START).saga
    assert open_entry(parked, "unHotel").state is None


def test_an_undo_that_is_not_owed_any_more_cannot_be_stuck() -> None:
    saga = _undoing("flight", "hotel")
    later = replied(MACHINE, saga, "unHotel").saga
    with pytest.raises(StaleLease):
        stuck(MACHINE, later, open_entry(saga, "unHotel"), "no", event_id="x", now=START)


def test_leaving_the_compensation_lets_the_undo_under_way_go_on_and_begins_no_other() -> None:
    left = told(MACHINE, _undoing("flight", "hotel"), "paused").saga
    assert _undos(left) == ["unHotel"]
    done = replied(MACHINE, left, "unHotel").saga
    assert (done.state, _undos(done), statuses(done)) == ("B", [], {"flight": "done"})
    assert _undos(told(MACHINE, done, "cancelled").saga) == ["unFlight"]


def test_entering_the_compensation_again_does_not_undo_twice() -> None:
    saga = told(MACHINE, _undoing("flight", "hotel"), "again").saga
    assert _undos(saga) == ["unHotel"]
    assert _undos(replied(MACHINE, saga, "unHotel").saga) == ["unFlight"]


def test_a_final_state_ends_it_and_only_the_undo_under_way_goes_on() -> None:
    over = told(MACHINE, _undoing("flight", "hotel"), "over").saga
    assert statuses(over) == {"hotel": "done", "unHotel": "due"}
    assert replied(MACHINE, over, "unHotel").saga.agenda == ()


def test_a_final_state_forgets_what_was_done() -> None:
    assert told(MACHINE, _booked("flight", "hotel", "visa"), "ended").saga.agenda == ()


def test_undos_of_a_paused_saga_wait() -> None:
    paused = pause(MACHINE, _booked("flight", "hotel", "visa"), ANN).saga
    undoing = told(MACHINE, paused, "cancelled").saga
    assert owed(undoing, "unHotel").due > START + 10**14
    assert owed(resume(MACHINE, undoing, ANN).saga, "unHotel").due == START


def test_a_second_answer_to_a_command_that_was_done_does_not_change_the_order() -> None:
    saga = _booked("flight", "hotel")
    flight = owed(saga, "flight")
    event = Event(name="flightPending", id="late", entry=flight.id, reply="pending")
    assert owed(step(MACHINE, saga, event, START).saga, "flight") == flight
