"""Machines that the tests of this folder read, whole and edited."""

from __future__ import annotations

from pathlib import Path

from engine.definition.frames import show
from engine.definition.ir import Definition
from engine.definition.reader import Report, check_text

MACHINES = Path(__file__).with_name("machines")
ORDER = (MACHINES / "order.yaml").read_text(encoding="utf-8")
DOOR = (MACHINES / "door.yaml").read_text(encoding="utf-8")
HOUSE = (MACHINES / "house.yaml").read_text(encoding="utf-8")
"""Fan-out, a poll and a compensation."""


def checked(text: str, *edits: tuple[str, str]) -> Report:
    """The report on a machine in which each left text, once there, is replaced by the right one."""
    for before, after in edits:
        assert text.count(before) == 1, f"{before!r} stands there {text.count(before)} times"
        text = text.replace(before, after)
    return check_text(text, file="m.yaml")


def codes(text: str, *edits: tuple[str, str]) -> list[str]:
    return [finding.code for finding in checked(text, *edits).findings]


def definition(text: str, *edits: tuple[str, str]) -> Definition:
    report = checked(text, *edits)
    assert report.definition is not None, show(report.findings, {"m.yaml": report.source})
    return report.definition


def long_machine(states: int) -> str:
    """A chain of states with commands, contracts, guards, templates and timers: some 17 lines a state."""
    head = ["machine: long", "version: 1", "initialState: S0", "creationEvent: made"]
    head += ["businessStates:", "  ONE: {id: 0, description: One}"]
    events, commands, chain = ["events:"], ["commands:"], ["states:"]
    for number in range(states):
        events += _event(number) if number % 4 == 0 else ()
        commands += _command(number)
        chain += _state(number)
    end = [f"  S{states}: {{businessState: ONE, final: true}}", "  END: {businessState: ONE, final: true}"]
    return "\n".join([*head, *events, *commands, *chain, *end]) + "\n"


def _event(number: int) -> list[str]:
    return [
        f"  done{number}:",
        "    payload:",
        "      type: object",
        f"      required: [ref{number}]",
        f"      properties: {{ref{number}: {{type: string}}}}",
    ]


def _command(number: int) -> list[str]:
    return [
        f"  cmd{number}:",
        "    channel: outside",
        f'    payload: {{amount: "{{{{ metadata.total * {number} }}}}", ref: "no {{{{ metadata.ref }}}}"}}',
        f"    replies: {{done: done{number}, failed: failed{number}}}",
        "    timeout: 30s",
    ]


def _state(number: int) -> list[str]:
    return [
        f"  S{number}:",
        "    businessState: ONE",
        f"    command: cmd{number}",
        "    on:",
        f"      done{number}:",
        f"        - {{if: metadata.total > {number} and payload.a is defined, to: S{number + 1}}}",
        "        - to: END",
        f'          set: {{a.b: "{{{{ metadata.total + {number} }}}}"}}',
        f"      failed{number}: END",
        "    after:",
        "      24h: {event: late, to: END}",
    ]
