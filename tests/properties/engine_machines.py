"""Small random machines as YAML: every construct of the language, in a frame that the reader's checks accept.

A machine is a chain S0, S1 ... END by the event `next`, so all is reachable and can end. Each state of the
chain asks for something, or undoes, or polls, or waits; on it sit random transitions of its states, its
business states and itself, with guards over metadata and payload.
"""

from __future__ import annotations

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
    {"when": "2027-06-01"},
)
EVENTS = ("ask", "tell", "next")
UNDOS = {"c0": "u0", "c1": "u1"}
COMMANDS = ("c0", "c1", "c2")
START_DATA: Json = {"a": True, "b": False, "n": 0, "when": "2027-01-01", "later": None}
# Not in the past: a state that such a moment leads back to would be entered again and again, without any event.
MOMENTS = ("{{ metadata.when }}", "{{ metadata.later }}")
KINDS = ("compensate", "fan-out", "compensate", "command", "poll", "fan-out", "compensate", "rest")


@st.composite
def machines(draw: st.DrawFn, *, at_most: int = 4) -> Json:
    """A machine as the data that its YAML holds."""
    count = draw(st.integers(2, at_most))
    names = [f"S{number}" for number in range(count)]
    targets = [*names, "END", None]
    kinds = ["all", *(draw(st.sampled_from(KINDS)) for _ in names[1:])]
    undoing = [name for name, kind in zip(names, kinds, strict=True) if kind == "compensate"]
    states: Json = {
        name: _state(draw, number, kinds[number], targets, [*names, "END"], undoing)
        for number, name in enumerate(names)
    }
    states["END"] = {"businessState": "OVER", "final": True, "sideEffects": draw(_effects())}
    machine = {
        "machine": "random",
        "version": 1,
        "initialState": "S0",
        "creationEvent": "begun",
        "metadata": {"merge": draw(st.sampled_from(["shallow", "deep", "deepConcat", "none"]))},
        "settings": {"unexpectedEvents": draw(st.sampled_from(["reject", "ignore"]))},
        "businessStates": {
            **{
                name: {**each, **_scope(draw, targets)}
                for name, each in {"EVEN": {"id": 0}, "ODD": {"id": 1}}.items()
            },
            "OVER": {"id": 2},
        },
        "commands": _commands(draw),
        "sideEffects": {
            "e0": {"channel": "outside"},
            "e1": {"channel": "outside", "payload": {"n": "{{ metadata.n }}"}},
        },
        "states": states,
        "on": _table(draw, targets),
        "after": _timers(draw, targets, ("2m", "90d")),
    }
    return {key: value for key, value in machine.items() if value}


def _state(
    draw: st.DrawFn, number: int, kind: str, targets: list[Any], chain: list[str], undoing: list[str]
) -> Json:
    ahead = chain[number + 1 :]
    state: Json = {"businessState": "EVEN" if number % 2 == 0 else "ODD", "sideEffects": draw(_effects())}
    state["on"] = {
        **_table(draw, targets, events=("ask", "tell")),
        "next": [*_guarded(draw, targets), {"to": ahead[0]}],
        **_asking(draw, kind, state, targets, ahead, undoing),
    }
    state["after"] = _timers(draw, targets, ("1s", "1m", "1h"))
    if draw(st.booleans()):
        state["at"] = {draw(st.sampled_from(MOMENTS)): draw(st.sampled_from(targets[:-1]))}
    if draw(st.booleans()):
        state["sla"] = {"within": "30s", "sideEffects": ["e0"]}
    return {key: value for key, value in state.items() if value}


def _asking(
    draw: st.DrawFn, kind: str, state: Json, targets: list[Any], ahead: list[str], undoing: list[str]
) -> Json:
    """What the state asks for, written into it; and the lines of `on` that belong to that."""
    if kind in ("all", "fan-out"):
        asked = st.lists(st.sampled_from(COMMANDS), min_size=1, max_size=3, unique=True)
        every = st.permutations(COMMANDS)  # so that whatever undoes has something to undo
        state["commands"] = [*draw(every if kind == "all" else asked)]
        replies = draw(st.sets(st.sampled_from(_replies(*state["commands"])), max_size=1))
        lines = {event: _alternatives(draw, targets) for event in sorted(replies)}
        raised = {"$done": _raised(draw, targets), "$failed": _raised(draw, targets, last=undoing)}
        return lines | raised
    if kind == "command":
        state["command"] = draw(st.sampled_from(COMMANDS))
        return {event: _alternatives(draw, targets) for event in _replies(state["command"])}
    if kind == "compensate":
        state["compensate"] = draw(st.sampled_from(["all", ["c0"], ["c1", "c0"]]))
        stuck = {"$stuck": _raised(draw, targets)} if draw(st.booleans()) else {}
        return stuck | {"$compensated": _raised(draw, ahead, last=ahead)}  # onward: it never goes round
    if kind == "poll":
        state["poll"] = {"command": "q", "every": "10s", "factor": 2, "maxEvery": "1m", "for": "3m"}
        state["poll"]["giveUp"] = "gaveUp"
        looks = {event: _alternatives(draw, targets) for event in ("q.done", "q.failed")}
        return looks | {"gaveUp": [{"to": draw(st.sampled_from(targets[:-1])), "set": {"a": True}}]}
    return {}


def _commands(draw: st.DrawFn) -> Json:
    asked = {name: _command(draw, name) for name in (*COMMANDS, "q")}
    for name, undo in UNDOS.items():
        asked[name]["undo"] = undo
        asked[undo] = {"channel": "outside", **draw(st.sampled_from(_undo_kinds(undo)))}
    asked["c1"]["replies"]["pending"] = "c1.pending"
    return asked


def _undo_kinds(undo: str) -> list[Json]:
    replies = {reply: f"{undo}.{reply}" for reply in ("done", "failed", "pending")}
    return [{}, {"replies": replies}, {"payload": {"n": "{{ metadata.n }}"}}]


def _command(draw: st.DrawFn, name: str) -> Json:
    replies = {reply: f"{name}.{reply}" for reply in ("done", "failed")}
    payload = {"payload": {"n": "{{ metadata.n }}"}} if draw(st.booleans()) else {}
    return {"channel": "outside", "replies": replies, "retry": {"attempts": 2, "delay": "1s"}, **payload}


def _replies(*commands: str) -> list[str]:
    """Every event that answers one of the commands."""
    known = [f"{command}.{reply}" for command in commands for reply in ("done", "failed")]
    return known + (["c1.pending"] if "c1" in commands else [])


def _scope(draw: st.DrawFn, targets: list[Any]) -> Json:
    """What a business state holds: transitions, timers, an sla."""
    scope: Json = {"on": _table(draw, targets), "after": _timers(draw, targets, ("45s", "2h"))}
    if draw(st.booleans()):
        scope["sla"] = "50s"
    return {key: value for key, value in scope.items() if value}


def _timers(draw: st.DrawFn, targets: list[Any], labels: tuple[str, ...]) -> Json:
    return {
        label: {**_transition(draw, targets, timer=True), "to": draw(st.sampled_from(targets[:-1]))}
        for label in sorted(draw(st.sets(st.sampled_from(labels), max_size=1)))
    }


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
    return [_transition(draw, targets) for _ in range(draw(st.integers(0, 1)))]


def _raised(draw: st.DrawFn, targets: list[Any], *, last: list[str] | None = None) -> list[Json]:
    """Alternatives of an event of the engine's own; the last one is always open, none writes metadata."""
    guarded = [
        {"if": draw(st.sampled_from(["metadata.a", "metadata.n < 3"])), "to": draw(st.sampled_from(targets))}
        for _ in range(draw(st.integers(0, 1)))
    ]
    lines = [*guarded, {"to": draw(st.sampled_from(last or targets))}]
    return [{"description": "As it came", **{k: v for k, v in line.items() if v}} for line in lines]


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
