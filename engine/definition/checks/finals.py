"""Final states end a saga: they wait for nothing and ask for nothing that is answered."""

from __future__ import annotations

from engine.definition.lines import Plain
from engine.definition.reporter import Reporter

_REASONS = {
    "command": "its reply could not move the saga any more",
    "on": "no event moves the saga any more",
    "after": "its timers would never move the saga",
}


def check_finals(machine: Plain, report: Reporter) -> None:
    """A final state has no command, no timer and no transitions."""
    for name, state in machine["states"].items():
        if state.get("final"):
            for key, reason in _REASONS.items():
                if state.get(key):
                    message = f"the final state {name} has {key}: {reason}"
                    fix = f"remove {key}, or final: true"
                    report.report("final-state-acts", ("states", name, key), message, fix=fix, key=True)
