"""Channel `sagas` from the parent's side: a command like any other, whose undo may be to tell the child."""

from __future__ import annotations

from tests.fakes.machines import begun, owed, sample_machine, told
from tests.unit.machine.asking import replied

TOP = """
commands:
  startPart:
    channel: sagas
    payload: {start: part, metadata: {parent: "{{ saga.id }}", size: "{{ metadata.size }}"}}
    replies: {done: partStarted, failed: partFailed}
    undo: stopPart
  stopPart: {channel: sagas, payload: {tell: "{{ metadata.childSagaId }}", event: stopped}}
"""
STATES = """
A: {businessState: OPEN, command: startPart, on: {partStarted: B, partFailed: Z}}
B: {businessState: OPEN, on: {partEnded: Z, cancelled: UNDO}}
UNDO: {businessState: OPEN, compensate: all, on: {$compensated: Z}}
Z: {businessState: SHUT, final: true}
"""
MACHINE = sample_machine(STATES, top=TOP)


def test_the_request_names_the_machine_and_gives_the_childs_metadata() -> None:
    entry = owed(begun(MACHINE, {"size": 5}), "startPart")
    assert (entry.channel, entry.payload) == (
        "sagas",
        {"start": "part", "metadata": {"parent": "s1", "size": 5}},
    )


def test_the_childs_id_is_merged_so_that_the_parent_can_speak_to_it() -> None:
    saga = replied(MACHINE, begun(MACHINE, {"size": 5}), "startPart", "done", {"childSagaId": "s1.1.0"}).saga
    assert (saga.state, saga.metadata["childSagaId"]) == ("B", "s1.1.0")


def test_a_child_that_was_started_is_stopped_by_the_undo() -> None:
    saga = replied(MACHINE, begun(MACHINE, {"size": 5}), "startPart", "done", {"childSagaId": "s1.1.0"}).saga
    undo = owed(told(MACHINE, saga, "cancelled").saga, "stopPart")
    assert undo.payload == {"tell": "s1.1.0", "event": "stopped"}
