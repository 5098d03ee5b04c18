"""A machine with all that is hard to export: three levels, finals among them, guards, names that clash."""

from __future__ import annotations

from engine.definition.ir import Definition
from engine.definition.reader import check_text

HARD = """
machine: hard
version: 3
description: "Tests <exports> & \\"quotes\\" \\x07"
initialState: hard
creationEvent: begun
businessStates:
  hard: {id: 0, description: Working, on: {halted: {to: stopped, if: metadata.ready}, nudged: {to: send}}}
  model: {id: 1, description: Over, on: {reopened: hard}}
  over: {id: 2}
  UNUSED: {id: 3}
businessEvents: {told: {id: 5}}
events: {halted: {businessEvent: told}, send: {aliases: [sent]}}
commands:
  ask: {channel: outside, payload: {a: "{{ metadata.a }}"}, replies: {done: send, failed: e.f}}
sideEffects:
  tell: {channel: outside}
states:
  hard:
    businessState: hard
    command: ask
    sideEffects: [tell]
    on:
      send:
        - {if: payload.a > 1, to: 1st.state, set: {x.y: "{{ payload.a }}"}, sideEffects: [tell]}
        - {if: payload.a < 1, description: Stays}
        - {to: hard}
      e.f: stopped
      error_x: send
    after:
      10s: {event: late, to: send}
      20s: {event: halted}
  send:
    businessState: hard
    on: {send: send, e_f: {set: {z: 1}}, halted: hard}
  1st.state:
    businessState: model
    on: {send: gone}
    after: {1h: ended}
  stopped:
    businessState: model
    on: {reopened: {to: send, if: metadata.ready}}
  gone: {businessState: model, final: true}
  ended: {businessState: over, final: true, sideEffects: [tell]}
on:
  nudged: {to: ended, if: payload.hard}
  dropped: ended
"""


def hard() -> Definition:
    report = check_text(HARD, file="hard.yaml")
    assert report.definition is not None, report.findings
    return report.definition
