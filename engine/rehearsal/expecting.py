"""What an `expect` asks for, held against a rehearsal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.rehearsal.stage import Rehearsal
from engine.rehearsal.writing import flow

_NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatch:
    """One thing that is not as expected, in words."""

    what: str
    expected: str
    found: str


def mismatches(stage: Rehearsal, expected: Mapping[str, Any], effects: Sequence[str]) -> list[Mismatch]:
    """What does not hold. `effects`: the side effects that went out since they were last looked at."""
    found: list[Mismatch] = []
    for key, value in expected.items():
        if key in _MAPPINGS:
            found += _parts(key, value, _MAPPINGS[key](stage, value))
        elif key in _LISTS:
            listed = effects if key == "sideEffects" else _LISTS[key](stage)
            found += _different(key, sorted(value), sorted(listed))
        else:
            found += _different(key, value, _SINGLE[key](stage))
    return found


_SINGLE: Mapping[str, Callable[[Rehearsal], Any]] = {
    "state": lambda stage: stage.saga.state,
    "businessState": lambda stage: stage.saga.business_state,
    "final": lambda stage: stage.saga.is_final,
    "late": lambda stage: bool(stage.saga.late),
}
_LISTS: Mapping[str, Callable[[Rehearsal], list[str]]] = {
    "commands": Rehearsal.commands,
    "parked": Rehearsal.parked,
    "timers": lambda stage: [stage.timer_name(timer) for timer in stage.timers()],
    "sideEffects": lambda stage: stage.effects,
}


def _different(what: str, expected: object, actual: object) -> Iterator[Mismatch]:
    if expected != actual:
        yield Mismatch(what=what, expected=flow(expected), found=flow(actual))


def _payloads(stage: Rehearsal, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """What the open commands were sent with; one without a payload of its own goes with the metadata."""
    sent = {entry.name: entry for entry in reversed(stage.requests()) if entry.name in wanted}
    return {
        name: stage.saga.metadata if entry.payload is None else entry.payload for name, entry in sent.items()
    }


_MAPPINGS: Mapping[str, Callable[[Rehearsal, Mapping[str, Any]], Any]] = {
    "metadata": lambda stage, wanted: stage.saga.metadata,
    "payloads": _payloads,
}


def _parts(what: str, expected: Any, actual: Any) -> Iterator[Mismatch]:
    """A mapping must hold what is expected of it, and may hold more; all else must be equal."""
    if not isinstance(expected, dict) or not isinstance(actual, dict):
        yield from _different(what, expected, actual)
        return
    for key, part in expected.items():
        if key not in actual:
            yield Mismatch(what=f"{what}.{key}", expected=flow(part), found=_NOTHING)
        else:
            yield from _parts(f"{what}.{key}", part, actual[key])
