"""Made-up data that a machine can work with: metadata for a new saga, payloads for its events.

From the JSON Schemas where there are any, and from what guards and templates read. What cannot be
guessed is left to the person who simulates.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

from engine.definition.expressions import Expression, Template
from engine.definition.ir import Transition
from engine.machine.plan import Machine
from engine.model import Json

T = TypeVar("T")

_TEXTS = (
    "EUR",
    "IT",
    "a",
    "A",
    "1",
    "abc",
    "a1",
    "42",
    "2026-02-01",
    "2026-02-01T09:00:00Z",
    "a@example.org",
    "https://example.org",
)
_LITERAL = re.compile(r"'([^']*)'|\"([^\"]*)\"|\b(\d+(?:\.\d+)?)\b")
_SIGNS = "aA1"
_LONGEST = 1_000  # a sample is for reading


class Dice(Protocol):
    """What is thrown: `random.Random` is one."""

    def random(self) -> float: ...
    def choice(self, seq: Sequence[T], /) -> T: ...


class _Steady:
    """Always the same throw: the first choice, and what may be left out is left out."""

    def random(self) -> float:
        return 0.999

    def choice(self, seq: Sequence[T], /) -> T:
        return seq[0]


STEADY: Dice = _Steady()


def first_metadata(machine: Machine, dice: Dice) -> Json:
    """Metadata with which a saga may start: as the schema asks, and what the templates read and no event brings."""
    definition = machine.definition
    contract = definition.metadata_contract
    made: Any = sample(contract.schema, dice) if contract is not None else {}
    metadata: Json = made if isinstance(made, dict) else {}
    decided = {*_brought(machine), *(contract.schema.get("properties", {}) if contract is not None else ())}
    for path, sources in _read(_expressions(machine), "metadata").items():
        if path[0] not in decided and not _may_be_left_out(sources, dice):
            _fill(metadata, path, sources, dice)
    if contract is not None and contract.problems(metadata):
        return made if isinstance(made, dict) else {}
    return metadata


def payload_for(machine: Machine, state: str, event: str, dice: Dice) -> Json:
    """A payload for the event in that state: as its schema asks, and what its guards and `set` lines read."""
    spec = machine.definition.events.get(event)
    made: Any = sample(spec.payload.schema, dice) if spec is not None and spec.payload is not None else {}
    payload: Json = made if isinstance(made, dict) else {}
    transitions = [found.transition for found in machine.plan.get((state, event), ())]
    for path, sources in _read(_of_transitions(transitions), "payload").items():
        if not _may_be_left_out(sources, dice):
            _fill(payload, path, sources, dice)
    return payload


def sample(schema: Any, dice: Dice, name: str = "text") -> Any:
    """A value that fits a JSON Schema, as far as a simple mind can find one; free text says `name`."""
    if not isinstance(schema, dict):
        return name
    for key in ("oneOf", "anyOf", "allOf"):
        if schema.get(key):
            schema = {**schema, **schema[key][0]}
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return dice.choice(schema["enum"])
    kind = schema.get("type", "object" if "properties" in schema else "string")
    return _of_type(kind[0] if isinstance(kind, list) else kind, schema, dice, name)


def _of_type(kind: str, schema: dict[str, Any], dice: Dice, name: str) -> Any:
    if kind == "object":
        return _object(schema, dice)
    if kind == "array":
        count = min(schema.get("minItems", 1), _LONGEST)
        return [sample(schema.get("items"), dice, name) for _ in range(count)]
    if kind in ("integer", "number"):
        return _number(schema)
    if kind == "boolean":
        return dice.choice((True, False))
    return _text(schema, name) if kind == "string" else None


def _object(schema: dict[str, Any], dice: Dice) -> Json:
    required = schema.get("required", ())
    known = schema.get("properties", {})
    wanted = [key for key in known if key in required or dice.random() < 0.5]
    unknown = [key for key in required if key not in known]
    return {key: sample(known.get(key), dice, key) for key in (*wanted, *unknown)}


def _number(schema: dict[str, Any]) -> Any:
    low = schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1)
    return max(low, min(1_000, schema.get("maximum", 1_000)))


def _text(schema: dict[str, Any], name: str) -> str:
    low, high = min(int(schema.get("minLength", 0)), _LONGEST), schema.get("maxLength", _LONGEST)
    sized = (sign * length for length in range(1, 41) for sign in _SIGNS)
    for text in (f"{name}-1", *_TEXTS, *sized):
        if low <= len(text) <= high and re.search(schema.get("pattern", ""), text):
            return text
    return "a" * low


def _expressions(machine: Machine) -> Iterator[Expression | Template]:
    definition = machine.definition
    yield from _of_transitions(found.transition for each in machine.plan.values() for found in each)
    payloads = [each.payload for each in definition.commands.values()]
    payloads += [each.payload for each in definition.side_effects.values()]
    yield from (payload for payload in payloads if payload is not None)
    yield from (timer.moment for timer in machine.timers.values() if timer.moment is not None)


def _of_transitions(transitions: Iterable[Transition]) -> Iterator[Expression | Template]:
    for transition in transitions:
        if transition.guard is not None:
            yield transition.guard
        yield from (line.value for line in transition.assignments)


def _read(expressions: Iterable[Expression | Template], root: str) -> dict[tuple[str, ...], list[str]]:
    """The paths below `root` that are read, with the sources that read them."""
    found: dict[tuple[str, ...], list[str]] = {}
    for expression in expressions:
        for path in expression.reads:
            if path[0] == root and len(path) > 1:
                found.setdefault(path[1:], []).append(str(expression.source))
    return dict(sorted(found.items()))


def _brought(machine: Machine) -> set[str]:
    """The top-level keys that some event or `set` writes on the way."""
    specs = machine.definition.events.values()
    named = {
        key for spec in specs if spec.payload is not None for key in spec.payload.schema.get("properties", {})
    }
    lines = (
        line for each in machine.plan.values() for found in each for line in found.transition.assignments
    )
    return named | {line.path[0] for line in lines}


def _may_be_left_out(sources: Sequence[str], dice: Dice) -> bool:
    """Whether every reader can do without, and the dice say so."""
    return all("defined" in source or "default" in source for source in sources) and dice.random() >= 0.5


def _fill(data: Json, path: tuple[str, ...], sources: Sequence[str], dice: Dice) -> None:
    """Put a value at a path where there is none; what stands in the way stays."""
    node: Any = data
    for key in path[:-1]:
        node = node.setdefault(key, {}) if isinstance(node, dict) else None
    if isinstance(node, dict) and path[-1] not in node:
        node[path[-1]] = dice.choice(_values(sources))


def _values(sources: Sequence[str]) -> list[Any]:
    """Values near what the sources compare with, else true and false."""
    texts: list[Any] = []
    numbers: list[Any] = []
    for single, double, number in (found for source in sources for found in _LITERAL.findall(source)):
        if number:
            value = float(number) if "." in number else int(number)
            numbers += [value, value + 1, value - 1]
        elif single or double:
            texts.append(single or double)
    return numbers or texts or [True, False]
