"""Machines that several tests share, and a frame for small ones."""

from __future__ import annotations

from textwrap import dedent, indent

from engine.machine.plan import Machine
from engine.machine.start import start
from engine.machine.step import step
from engine.model import Entry, Event, Json, Saga, Step
from tests.fakes.clock import START
from tests.fakes.engine import machine_of

BUSINESS = """
OPEN: {id: 0, description: Being worked on}
SHUT: {id: 1, description: Over}
"""

ORDER = """
machine: order
version: 1
description: An order is paid, prepared and delivered, or given up.
initialState: CREATED
creationEvent: orderCreated
keys: [metadata.orderNumber]
metadata:
  schema: {type: object, required: [orderNumber, total]}
businessStates:
  OPEN: {id: 0, description: Being worked on}
  DELIVERED: {id: 1, description: The customer has the goods}
  FAILED: {id: 2, description: Given up}
commands:
  pay:
    channel: outside
    payload: {amount: "{{ metadata.total }}"}
    replies: {done: paid, failed: payFailed}
    timeout: 30s
    retry: {attempts: 3, delay: 1s, factor: 2, maxDelay: 1m, jitter: 0}
  prepare:
    channel: outside
    replies: {done: prepared, failed: prepareFailed}
    timeout: 30s
    retry: {attempts: 3, delay: 1s, factor: 2, maxDelay: 1m, jitter: 0}
  deliver:
    channel: outside
    replies: {done: delivered, failed: deliverFailed}
    timeout: 30s
    retry: {attempts: 3, delay: 1s, factor: 2, maxDelay: 1m, jitter: 0}
sideEffects:
  tell:
    channel: outside
    payload: {order: "{{ metadata.orderNumber }}"}
    retry: {attempts: 3, delay: 1s, factor: 2, maxDelay: 1m, jitter: 0}
states:
  CREATED:
    businessState: OPEN
    command: pay
    on:
      paid: PAID
      payFailed: FAILED
      addressChanged: {set: {changed: true}}
    after:
      24h: {event: orderExpired, to: FAILED}
  PAID:
    businessState: OPEN
    command: prepare
    on: {prepared: PREPARED, prepareFailed: FAILED}
  PREPARED:
    businessState: OPEN
    command: deliver
    on: {delivered: COOLING, deliverFailed: FAILED}
  COOLING:
    businessState: DELIVERED
    description: The customer may still send it back.
    after: {14d: DELIVERED}
    on: {returned: FAILED}
  DELIVERED: {businessState: DELIVERED, final: true, sideEffects: [tell]}
  FAILED: {businessState: FAILED, final: true, sideEffects: [tell]}
"""


def sample(states: str, *, top: str = "", business: str = BUSINESS) -> str:
    """The YAML of a machine `sample` that begins in state A by the event `begun`."""
    return "\n".join(
        [
            "machine: sample",
            "version: 1",
            "initialState: A",
            "creationEvent: begun",
            dedent(top).strip("\n"),
            "businessStates:",
            indent(dedent(business).strip("\n"), "  "),
            "states:",
            indent(dedent(states).strip("\n"), "  "),
            "",
        ]
    )


def sample_machine(states: str, *, top: str = "", business: str = BUSINESS) -> Machine:
    return machine_of(sample(states, top=top, business=business))


def first_step(
    machine: Machine, metadata: Json | None = None, *, saga_id: str = "s1", now: int = START
) -> Step:
    """The creation of a saga."""
    return start(machine, saga_id=saga_id, entity_id="e1", metadata=metadata or {}, now=now)


def begun(machine: Machine, metadata: Json | None = None) -> Saga:
    """A saga just created."""
    return first_step(machine, metadata).saga


def told(
    machine: Machine,
    saga: Saga,
    name: str,
    payload: Json | None = None,
    *,
    id: str | None = None,
    entry: str | None = None,
    now: int = START,
) -> Step:
    """The step that an event makes of `saga`."""
    return step(machine, saga, Event(name=name, payload=payload or {}, id=id, entry=entry), now)


def owed(saga: Saga, name: str) -> Entry:
    """The one entry of that name on the saga's agenda."""
    (entry,) = [entry for entry in saga.agenda if entry.name == name]
    return entry


def names(entries: tuple[Entry, ...]) -> list[str]:
    return [entry.name for entry in entries]
