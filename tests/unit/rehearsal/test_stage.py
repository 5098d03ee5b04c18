from __future__ import annotations

import pytest

from engine.errors import ActionNotPossible, EventNotAccepted, ExpressionFailed, PayloadInvalid
from engine.model import Json
from engine.rehearsal.stage import START, Rehearsal
from tests.fakes.engine import machine_of
from tests.fakes.machines import sample_machine
from tests.unit.rehearsal.trip import POLLED, TRIP

MINUTE = 60_000


@pytest.fixture
def trip() -> Rehearsal:
    return Rehearsal(machine_of(TRIP), metadata={"traveller": "Ada"})


def test_it_begins_where_the_machine_says_with_what_that_state_asks(trip: Rehearsal) -> None:
    assert (trip.saga.state, trip.commands(), trip.now) == ("BOOKING", ["bookFlight", "bookHotel"], START)
    assert trip.open("bookFlight").payload == {"who": "Ada"}


def test_metadata_that_the_machine_refuses_are_refused_here_too() -> None:
    with pytest.raises(PayloadInvalid):
        Rehearsal(machine_of(TRIP), metadata={})


def test_replies_of_a_fan_out_are_joined(trip: Rehearsal) -> None:
    trip.reply("bookHotel", "done", {})
    assert trip.saga.state == "BOOKING"
    trip.reply("bookFlight", "done", {})
    assert (trip.saga.state, trip.commands()) == ("CAR", ["bookCar"])


def test_what_was_done_is_undone_latest_first(trip: Rehearsal) -> None:
    for command in ("bookHotel", "bookFlight"):
        trip.reply(command, "done", {})
    trip.reply("bookCar", "failed", {})
    undone = []
    while not trip.saga.is_final:
        undone += trip.commands()
        trip.reply(undone[-1], "done", {})
    assert undone == ["cancelFlight", "cancelHotel"]
    assert trip.saga.state == "FAILED"


def test_an_undo_that_fails_is_parked_and_raises_stuck_until_a_person_skips_it(trip: Rehearsal) -> None:
    trip.reply("bookFlight", "done", {})
    trip.reply("bookHotel", "failed", {})
    trip.reply("cancelFlight", "failed", {})
    assert (trip.parked(), trip.commands(), trip.effects) == (["cancelFlight"], [], ["tell"])
    trip.skip("cancelFlight")
    assert trip.saga.state == "FAILED"


def test_a_person_may_have_a_parked_undo_tried_again(trip: Rehearsal) -> None:
    trip.reply("bookFlight", "done", {})
    trip.reply("bookHotel", "failed", {})
    trip.park("cancelFlight")
    trip.retry("cancelFlight")
    assert (trip.parked(), trip.commands()) == ([], ["cancelFlight"])


def test_an_uncertain_failure_is_undone_as_if_it_had_been_done(trip: Rehearsal) -> None:
    trip.reply("bookFlight", "done", {})
    trip.reply("bookHotel", "failed", {}, uncertain=True)
    assert trip.commands() == ["cancelHotel"]


def test_time_fires_the_timers_that_fall_due_in_their_order(trip: Rehearsal) -> None:
    for command in ("bookHotel", "bookFlight"):
        trip.reply(command, "done", {})
    trip.reply("bookCar", "done", {"small": True})
    assert [trip.timer_name(timer) for timer in trip.timers()] == ["15m"]
    trip.pass_time(60 * MINUTE)
    assert trip.saga.state == "BOOKED"
    assert [row.event for row in trip.rows][-2:] == ["$after.15m", "hurried"]
    assert trip.rows[-1].at == START + 15 * MINUTE
    assert trip.now == START + 60 * MINUTE


def test_the_edges_taken_are_known_with_alternative_and_scope(trip: Rehearsal) -> None:
    trip.send("cancelled", {})
    edge = trip.taken[0]
    assert (edge.state, edge.event, edge.index, edge.scope) == ("BOOKING", "cancelled", 0, "business state")
    assert str(edge) == "BOOKING --cancelled--> UNDOING"


def test_the_second_alternative_is_told_from_the_first(trip: Rehearsal) -> None:
    for command in ("bookHotel", "bookFlight"):
        trip.reply(command, "done", {})
    trip.reply("bookCar", "done", {})
    assert (trip.taken[-1].event, trip.taken[-1].index) == ("carBooked", 1)


@pytest.mark.parametrize(
    ("command", "reply"), [("cancelHotel", "done"), ("bookFlight", "maybe"), ("nothing", "done")]
)
def test_a_reply_that_nobody_waits_for_is_refused(trip: Rehearsal, command: str, reply: str) -> None:
    before = trip.saga
    with pytest.raises(ActionNotPossible):
        trip.reply(command, reply, {})
    assert trip.saga is before


def test_an_event_that_the_state_does_not_take_is_refused(trip: Rehearsal) -> None:
    with pytest.raises(EventNotAccepted):
        trip.send("agreed", {})


def test_a_person_moves_the_saga(trip: Rehearsal) -> None:
    trip.move("WAITING")
    assert (trip.saga.state, len(trip.timers())) == ("WAITING", 1)


def test_a_person_answers_for_a_parked_command(trip: Rehearsal) -> None:
    trip.park("bookFlight")
    trip.answer("bookFlight", "done", {})
    trip.reply("bookHotel", "done", {})
    assert trip.saga.state == "CAR"


def test_a_command_without_replies_is_taken_on_and_forgotten() -> None:
    machine = sample_machine(
        """
        A: {businessState: OPEN, command: ask, on: {told: B}}
        B: {businessState: SHUT, final: true}
        """,
        top="commands: {ask: {channel: outside, retry: {attempts: 2}}}",
    )
    stage = Rehearsal(machine, metadata={})
    stage.reply("ask", "done", {})
    assert (stage.saga.state, stage.commands()) == ("A", [])


def test_a_poll_asks_ever_more_slowly_and_may_be_answered_each_time() -> None:
    stage = Rehearsal(machine_of(POLLED), metadata={})
    assert stage.commands() == []
    with pytest.raises(ActionNotPossible):
        stage.reply("look", "done", {"over": False})
    stage.pass_time(10_000)
    assert stage.commands() == ["look"]
    stage.reply("look", "done", {"over": False})
    assert (stage.saga.state, stage.commands()) == ("PENDING", [])
    stage.pass_time(20_000)
    stage.reply("look", "done", {"over": True})
    assert stage.saga.state == "OVER"


def test_a_poll_that_learns_nothing_gives_up_in_the_end() -> None:
    stage = Rehearsal(machine_of(POLLED), metadata={})
    stage.pass_time(10 * MINUTE)
    assert (stage.saga.state, stage.rows[-1].event) == ("OVER", "tooLong")


def test_a_started_child_saga_tells_its_id() -> None:
    machine = sample_machine(
        """
        A: {businessState: OPEN, command: child, on: {born: B, unborn: B}}
        B: {businessState: SHUT, final: true}
        """,
        top="commands: {child: {channel: sagas, payload: {start: other}, replies: {done: born, failed: unborn}}}",
    )
    stage = Rehearsal(machine, metadata={})
    stage.reply("child", "done", {})
    assert stage.saga.metadata["childSagaId"] == "sample-1.1.0"


def test_timers_without_delay_that_go_round_are_stopped() -> None:
    machine = sample_machine(
        """
        A: {businessState: OPEN, on: {go: B}}
        B: {businessState: OPEN, on: {out: C}, after: {0s: {if: metadata.round, to: B}}}
        C: {businessState: SHUT, final: true}
        """
    )
    metadata: Json = {"round": True}
    stage = Rehearsal(machine, metadata=metadata)
    with pytest.raises(ExpressionFailed, match="go round"):
        stage.send("go", {})
