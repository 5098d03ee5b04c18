"""Small random machines as YAML, and random histories for them. Every machine passes the reader's checks.

A machine is a chain S0, S1 ... END by the event `next`, so all is reachable and can end; on it sit
random transitions of its states, its business states and itself, with guards over metadata and payload.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from engine.model import Json

GUARDS = (
    "metadata.a",
    "not metadata.a",
    "payload.p",
    "payload.p and metadata.b",
    "metadata.n < 3",
    "metadata.n == payload.n",
    "saga.businessState == 'EVEN'",
)
SETS: tuple[Json, ...] = (
    {"a": "{{ not metadata.a }}"},
    {"n": "{{ metadata.n + 1 }}"},
    {"b": "{{ payload.p }}", "deep.er": "{{ metadata.n }}"},
)
EVENTS = ("ask", "tell", "next")
COMMANDS = ("c0", "c1")
REPLIES = tuple(f"{command}.{reply}" for command in COMMANDS for reply in ("done", "failed"))
START_DATA: Json = {"a": True, "b": False, "n": 0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Something that happens in a random history: an event, or (name None) time that passes."""

    name: str | None
    payload: Json
    id: str
    later: int


@st.composite
def machines(draw: st.DrawFn) -> Json:
    """A machine as the data that its YAML holds."""
    count = draw(st.integers(1, 4))
    names = [f"S{number}" for number in range(count)]
    targets = [*names, "END", None]
    states: Json = {
        name: _state(draw, number, targets, names[number + 1] if number + 1 < count else "END")
        for number, name in enumerate(names)
    }
    states["END"] = {"businessState": "OVER", "final": True, "sideEffects": draw(_effects())}
    # What a command may come back with is accepted everywhere, as the reader asks.
    top = {reply: _alternatives(draw, targets) for reply in REPLIES} | _table(draw, targets)
    business = {"EVEN": {"id": 0}, "ODD": {"id": 1}} if count > 1 else {"EVEN": {"id": 0}}
    return {
        "machine": "random",
        "version": 1,
        "initialState": "S0",
        "creationEvent": "begun",
        "metadata": {"merge": draw(st.sampled_from(["shallow", "deep", "deepConcat", "none"]))},
        "settings": {"unexpectedEvents": draw(st.sampled_from(["reject", "ignore"]))},
        "businessStates": {
            **{name: {**each, "on": _table(draw, targets)} for name, each in business.items()},
            "OVER": {"id": 2},
        },
        "commands": {name: _command(draw, name) for name in COMMANDS},
        "sideEffects": {
            "e0": {"channel": "outside"},
            "e1": {"channel": "outside", "payload": {"n": "{{ metadata.n }}"}},
        },
        "states": states,
        "on": top,
    }


def histories(*, at_most: int = 12) -> st.SearchStrategy[list[Told]]:
    """What happens to a saga, in order. Ids repeat now and then: repeats of an event."""
    told = st.builds(
        Told,
        name=st.sampled_from([*EVENTS, *EVENTS, *REPLIES, None]),
        payload=st.fixed_dictionaries({"p": st.booleans(), "n": st.integers(0, 3)}),
        id=st.integers(0, 3 * at_most).map("t{}".format),
        later=st.sampled_from([0, 0, 1_000, 60_000]),
    )
    return st.lists(told, max_size=at_most)


def _state(draw: st.DrawFn, number: int, targets: list[Any], following: str) -> Json:
    state: Json = {"businessState": "EVEN" if number % 2 == 0 else "ODD", "sideEffects": draw(_effects())}
    if command := draw(st.sampled_from([None, *COMMANDS])):
        state["command"] = command
    state["on"] = {
        **_table(draw, targets, events=("ask", "tell")),
        "next": [*_guarded(draw, targets), {"to": following}],
    }
    labels = draw(st.sets(st.sampled_from(["1s", "1m", "1h"]), max_size=2))
    if labels:
        state["after"] = {
            label: {**_transition(draw, targets, timer=True), "to": draw(st.sampled_from(targets[:-1]))}
            for label in sorted(labels)
        }
    return state


def _command(draw: st.DrawFn, name: str) -> Json:
    command: Json = {
        "channel": "outside",
        "replies": {reply: f"{name}.{reply}" for reply in ("done", "failed")},
    }
    if draw(st.booleans()):
        command["payload"] = {"n": "{{ metadata.n }}"}
    return command


def _effects() -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(["e0", "e1"]), max_size=2, unique=True)


def _table(draw: st.DrawFn, targets: list[Any], events: tuple[str, ...] = EVENTS) -> Json:
    chosen = draw(st.sets(st.sampled_from(events)))
    return {event: _alternatives(draw, targets) for event in sorted(chosen)}


def _alternatives(draw: st.DrawFn, targets: list[Any]) -> list[Json]:
    last = {
        key: value for key, value in _transition(draw, targets).items() if key != "if" or draw(st.booleans())
    }
    return [*_guarded(draw, targets), last]


def _guarded(draw: st.DrawFn, targets: list[Any]) -> list[Json]:
    return [_transition(draw, targets) for _ in range(draw(st.integers(0, 2)))]


def _transition(draw: st.DrawFn, targets: list[Any], *, timer: bool = False) -> Json:
    """A guarded transition. A timer has no payload to speak of."""
    guards, sets = (
        [each for each in made if not timer or "payload" not in str(each)] for made in (GUARDS, SETS)
    )
    transition: Json = {"if": draw(st.sampled_from(guards)), "description": "As it came"}
    if target := draw(st.sampled_from(targets)):
        transition["to"] = target
    if lines := draw(st.sampled_from([None, *sets])):
        transition["set"] = lines
    if effects := draw(_effects()):
        transition["sideEffects"] = effects
    return transition
