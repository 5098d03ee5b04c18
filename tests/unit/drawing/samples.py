"""Machines that the drawing tests draw."""

from __future__ import annotations

from engine.definition.ir import Definition
from engine.definition.reader import check_text

ORDER = """
machine: order
version: 3
initialState: CREATED
creationEvent: orderCreated
businessStates:
  WORKING: {id: 0, description: Being worked on, on: {held: STOPPED}}
  DONE: {id: 1, description: Over}
businessEvents:
  PAID: {id: 0, description: The money arrived}
events:
  paid: {businessEvent: PAID}
commands:
  payOrder: {channel: payments, replies: {done: paid, failed: refused}}
sideEffects:
  tellCustomer: {channel: mail}
states:
  CREATED:
    businessState: WORKING
    command: payOrder
    on:
      paid: [{if: metadata.total > 100, to: CHECKED}, {to: DELIVERED}]
      refused: STOPPED
      noted: {description: only recorded}
    after:
      24h: {event: expired, to: STOPPED}
  CHECKED:
    businessState: WORKING
    on: {released: DELIVERED, again: CHECKED, held: DELIVERED}
  DELIVERED: {businessState: DONE, final: true, sideEffects: [tellCustomer]}
  STOPPED: {businessState: DONE, final: true}
on:
  cancelled: STOPPED
"""

HOSTILE = '<script>alert("x")</script> & \\" ]; n9 [label=evil] \\N --> #59; <img src=x> %s'

NASTY = """
machine: nasty
version: 1
initialState: end
creationEvent: made
businessStates:
  ONE: {id: 0, description: 'HOSTILE'}
states:
  end:
    businessState: ONE
    description: 'HOSTILE'
    on:
      go.on-now: {if: 'metadata.a == "<b>&]" and metadata.b < 3', to: state.two-3}
  state.two-3: {businessState: ONE, final: true}
""".replace("HOSTILE", HOSTILE)


def definition(text: str) -> Definition:
    report = check_text(text, file="sample.yaml")
    assert report.definition is not None, [finding.message for finding in report.findings]
    return report.definition


def many_states(count: int) -> Definition:
    """A chain of states, each with a way to the last one."""
    lines = ["machine: long", "version: 1", "initialState: S0", "creationEvent: made"]
    lines += ["businessStates: {ONE: {id: 0, description: One}}", "states:"]
    for index in range(count - 1):
        target = f"S{index + 1}"
        lines.append(f"  S{index}: {{businessState: ONE, on: {{next: {target}, stop: S{count - 1}}}}}")
    lines.append(f"  S{count - 1}: {{businessState: ONE, final: true}}")
    return definition("\n".join(lines))
