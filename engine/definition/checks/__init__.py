"""What is checked of a machine whose structure is right. One module a theme; each check is a function.

A check that looks at single lines gets the plain data, where paths are at hand; a check of the
flow gets the definition, and runs only when every name in it means something.
"""

from __future__ import annotations

from collections.abc import Collection

from engine.definition.checks import (
    asking,
    children,
    clocks,
    finals,
    flow,
    loops,
    names,
    replies,
    undoing,
    unused,
)
from engine.definition.checks import channels as channel_checks
from engine.definition.ir import Definition
from engine.definition.lines import Plain
from engine.definition.reporter import Reporter

_OF_LINES = (
    names.check_states,
    names.check_business_names,
    names.check_requests,
    names.check_aliases,
    names.check_duplicates,
    names.check_set,
    finals.check_finals,
    flow.check_order,
    asking.check_both_keys,
    asking.check_raised,
    undoing.check_undos,
    undoing.check_undo_replies,
    clocks.check_moments,
    clocks.check_same_time,
    clocks.check_polls,
    children.check_saga_requests,
)
_OF_THE_FLOW = (
    replies.check_replies,
    replies.check_timer_events,
    replies.check_failures,
    asking.check_joins,
    asking.check_compensated,
    undoing.check_something_to_undo,
    clocks.check_poll_times,
    clocks.check_slas,
    flow.check_waiting,
    flow.check_reachable,
    flow.check_rest,
    loops.check_loops,
    unused.check_unused,
)
_BREAK_THE_FLOW = frozenset(
    (
        "unknown-state",
        "unknown-command",
        "unknown-business-state",
        "unknown-side-effect",
        "alias-clash",
        "unknown-key",
        "command-and-commands",
    )
)


def check_all(
    machine: Plain, definition: Definition, report: Reporter, channels: Collection[str] | None
) -> None:
    """Report everything that is wrong or suspicious in a machine."""
    for check in _OF_LINES:
        check(machine, report)
    if channels is not None:
        channel_checks.check_channels(machine, report, channels)
    if not report.codes & _BREAK_THE_FLOW:
        for check_flow in _OF_THE_FLOW:
            check_flow(definition, report)
