"""How payloads are laid over the metadata, and how `set` writes into them."""

from __future__ import annotations

import pytest

from engine.machine.metadata import merged
from engine.model import Json
from tests.fakes.machines import begun, sample_machine, told

OLD: Json = {"a": {"x": 1, "l": [1]}, "b": 1}
NEW: Json = {"a": {"y": 2, "l": [2]}, "c": 3}

STATES = """
A: {businessState: OPEN, on: {told: {description: It stays}, ended: Z}}
Z: {businessState: SHUT, final: true}
"""


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("shallow", {"a": {"y": 2, "l": [2]}, "b": 1, "c": 3}),
        ("deep", {"a": {"x": 1, "y": 2, "l": [2]}, "b": 1, "c": 3}),
        ("deepConcat", {"a": {"x": 1, "y": 2, "l": [1, 2]}, "b": 1, "c": 3}),
        ("none", OLD),
    ],
)
def test_a_payload_is_merged_as_the_machine_says(mode: str, expected: Json) -> None:
    machine = sample_machine(STATES, top=f"metadata: {{merge: {mode}}}")
    assert told(machine, begun(machine, OLD), "told", NEW).saga.metadata == expected


def test_shallow_is_what_a_machine_gets_that_says_nothing() -> None:
    machine = sample_machine(STATES)
    assert told(machine, begun(machine, OLD), "told", NEW).saga.metadata["a"] == {"y": 2, "l": [2]}


@pytest.mark.parametrize("mode", ["deep", "deepConcat"])
def test_what_is_no_object_on_either_side_is_replaced(mode: str) -> None:
    machine = sample_machine(STATES, top=f"metadata: {{merge: {mode}}}")
    saga = begun(machine, {"a": {"x": 1}, "b": [1], "c": 1})
    assert told(machine, saga, "told", {"a": None, "b": {"y": 1}, "c": [2]}).saga.metadata == {
        "a": None,
        "b": {"y": 1},
        "c": [2],
    }


def test_a_merge_never_changes_what_it_was_given() -> None:
    old: Json = {"a": {"l": [1]}}
    new: Json = {"a": {"l": [2], "n": {}}}
    result = merged(old, new, "deepConcat")
    assert (old, new) == ({"a": {"l": [1]}}, {"a": {"l": [2], "n": {}}})
    assert result == {"a": {"l": [1, 2], "n": {}}}


def test_an_empty_payload_leaves_the_metadata_as_they_are() -> None:
    assert merged(OLD, {}, "deep") is OLD


def test_set_makes_room_where_something_else_stands_in_the_way() -> None:
    machine = sample_machine(
        """
        A: {businessState: OPEN, on: {told: {set: {a.b.c: 1, d: {e: ["{{ payload.x }}"]}}}, ended: Z}}
        Z: {businessState: SHUT, final: true}
        """
    )
    saga = told(machine, begun(machine, {"a": "text"}), "told", {"x": 5}).saga
    assert saga.metadata == {"a": {"b": {"c": 1}}, "x": 5, "d": {"e": [5]}}
