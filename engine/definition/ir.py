"""The machine definition as checked, frozen values: what the reader makes and all others use.

No YAML, no positions of text beyond `Place`, no behaviour. Durations are milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from engine.definition.contracts import Contract
from engine.definition.expressions import Expression, Template
from engine.model import Millis

Merge = Literal["shallow", "deep", "deepConcat", "none"]
Unexpected = Literal["reject", "ignore"]
OnDuplicate = Literal["return", "reject"]
Scope = Literal["state", "business state", "machine"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BusinessState:
    name: str
    id: int
    description: str = ""
    on: Mapping[str, tuple[Transition, ...]] = field(default_factory=dict)
    timers: tuple[Timer, ...] = ()
    sla: Sla | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BusinessEvent:
    name: str
    id: int
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSpec:
    """An entry under `events`. Events without one are made for every name used in `on` or `replies`."""

    name: str
    aliases: tuple[str, ...] = ()
    business_event: str | None = None
    payload: Contract | None = None
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """When a try is repeated: after delay * factor**n, at most max_delay, +/- jitter (0 to 1)."""

    attempts: int = 5
    delay: Millis = 1_000
    factor: float = 2.0
    max_delay: Millis = 60_000
    jitter: float = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A request to the outside. `payload` None means: the saga's whole metadata."""

    name: str
    channel: str
    payload: Template | None = None
    replies: Mapping[str, str] = field(default_factory=dict)
    timeout: Millis | None = None
    retry: Retry | None = None
    undo: str | None = None
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SideEffect:
    """Fire and forget: never moves the saga, retried, parked at the end. Where `guard` is false it is not sent."""

    name: str
    channel: str
    guard: Expression | None = None
    payload: Template | None = None
    timeout: Millis | None = None
    retry: Retry | None = None
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """One line of `set`: a dotted path into the metadata, and the value."""

    path: tuple[str, ...]
    value: Template


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """One alternative for one event. `to` None: the saga stays and nothing is re-entered."""

    to: str | None = None
    guard: Expression | None = None
    assignments: tuple[Assignment, ...] = ()
    business_event: str | None = None
    side_effects: tuple[str, ...] = ()
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    """A durable timer: one line of `after` or `at`, the end of a `poll`, or an `sla`.

    Attributes:
        name: The engine's name for it, unique among the timers that can run in one state:
            `$after.24h`, `$businessAfter.24h`, `$machineAfter.24h`, `$at.1`, `$giveUp`, `$sla`, `$businessSla`.
        label: As the author wrote the time: "24h", "{{ metadata.nextPaymentDate }}".
        delay: Milliseconds after the scope was entered; 0 when `moment` says it.
        moment: What gives the point in time (ISO 8601 text or UTC milliseconds); null sets no timer.
        event: The name that the history shows: the author's, else `name`.
        transition: None: only the event is raised, and `on` decides.
    """

    name: str
    label: str
    scope: Scope
    delay: Millis = 0
    moment: Template | None = None
    event: str
    transition: Transition | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """A command sent again and again while the saga stays: after `every`, then ever more slowly.

    The n-th wait is every * factor**n, at most max_every. After `lasts` the event `give_up` is raised.
    """

    command: str
    every: Millis
    factor: float = 1.0
    max_every: Millis
    lasts: Millis | None = None
    give_up: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sla:
    """Not left within this time: the saga is marked late and the side effects go out. It does not move."""

    within: Millis
    side_effects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A technical state.

    Attributes:
        commands: Sent on entry; more than one is a fan-out, joined by `$done` and `$failed`.
        compensate: "all", or the commands whose undos run on entry; None: it compensates nothing.
        timers: `after`, `at`, the end of the poll and the state's `sla`.
    """

    name: str
    business_state: str
    description: str = ""
    final: bool = False
    commands: tuple[str, ...] = ()
    compensate: Literal["all"] | tuple[str, ...] | None = None
    side_effects: tuple[str, ...] = ()
    on: Mapping[str, tuple[Transition, ...]] = field(default_factory=dict)
    timers: tuple[Timer, ...] = ()
    poll: Poll | None = None
    sla: Sla | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A whole machine. `states` and the other mappings keep the order of the file.

    Attributes:
        variables: Constants of the machine, each with the value that config.yaml may change.
        keys: (name, expression) as written under `keys`, e.g. ("metadata.orderNumber", ...).
        content_hash: sha256 hex of the definition's meaning (key order and comments aside).
        source: The YAML text.
        file: Where it was read from, for messages.
    """

    name: str
    version: int
    description: str = ""
    saga_id_prefix: str = ""
    initial_state: str
    creation_event: str
    variables: Mapping[str, Any] = field(default_factory=dict)
    keys: tuple[tuple[str, Expression], ...] = ()
    metadata_contract: Contract | None = None
    merge: Merge = "shallow"
    unexpected_events: Unexpected = "reject"
    on_duplicate: OnDuplicate = "return"
    reply_timeout: Millis | None = None
    business_states: Mapping[str, BusinessState]
    business_events: Mapping[str, BusinessEvent] = field(default_factory=dict)
    events: Mapping[str, EventSpec] = field(default_factory=dict)
    commands: Mapping[str, Command] = field(default_factory=dict)
    side_effects: Mapping[str, SideEffect] = field(default_factory=dict)
    states: Mapping[str, State]
    on: Mapping[str, tuple[Transition, ...]] = field(default_factory=dict)
    timers: tuple[Timer, ...] = ()
    content_hash: str
    source: str
    file: str
