"""Final states end a saga: they wait for nothing and ask for nothing that is answered."""

from __future__ import annotations

from collections import defaultdict

from engine.definition.lines import Plain
from engine.definition.reporter import Reporter
from engine.definition.tree import Path

_NEVER_MOVES = "its timers would never move the saga"
_REASONS = {
    "command": "its reply could not move the saga any more",
    "commands": "their replies could not move the saga any more",
    "compensate": "its undos could not move the saga any more",
    "on": "no event moves the saga any more",
    "after": _NEVER_MOVES,
    "at": _NEVER_MOVES,
    "poll": "what it learns could not move the saga any more",
    "sla": "the saga has ended and is never late",
}
_TIMED = ("after", "sla")


def check_finals(machine: Plain, report: Reporter) -> None:
    """A final state has no command, no timer and no transitions; nor has a business state of nothing else."""
    for name, state in machine["states"].items():
        if state.get("final"):
            for key, reason in _REASONS.items():
                if state.get(key):
                    message = f"the final state {name} has {key}: {reason}"
                    _acts(("states", name, key), message, f"remove {key}, or final: true", report)
    for name in _ended(machine):
        for key in _TIMED:
            if key in machine["businessStates"].get(name, {}):
                message = (
                    f"the business state {name} has {key}, and all its states are final: {_REASONS[key]}"
                )
                _acts(("businessStates", name, key), message, f"remove {key}", report)


def _acts(path: Path, message: str, fix: str, report: Reporter) -> None:
    report.report("final-state-acts", path, message, fix=fix, key=True)


def _ended(machine: Plain) -> list[str]:
    """The business states whose states are all final."""
    ends = defaultdict(list)
    for state in machine["states"].values():
        ends[state["businessState"]].append(bool(state.get("final")))
    return [name for name, finals in ends.items() if all(finals)]
