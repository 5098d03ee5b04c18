"""The codes of findings about scenario files and of the model check. Explained in docs/scenarios.md and docs/model-check.md."""

from __future__ import annotations

from collections.abc import Mapping

from engine.definition.findings import Code

SCENARIO_CODES: Mapping[str, Code] = {
    "no-machine": Code(
        severity="error", summary="The machine of a scenario file is not there or has errors."
    ),
    "one-thing-a-step": Code(severity="error", summary="A step of a scenario says several things, or none."),
    "unknown-event": Code(
        severity="error", summary="A scenario sends an event that the machine does not have."
    ),
    "unknown-reply": Code(
        severity="error", summary="A scenario gives a reply that the command does not have."
    ),
    "unknown-timer": Code(
        severity="error", summary="A scenario expects a timer that the machine does not have."
    ),
    "bad-moment": Code(severity="error", summary="A scenario's `now` is no ISO 8601 moment."),
    "duplicate-scenario": Code(severity="error", summary="Two scenarios of a file have the same name."),
}

CHECK_CODES: Mapping[str, Code] = {
    "dead-end": Code(
        severity="error", summary="A saga can get where it waits for ever and nothing can happen."
    ),
    "stuck-join": Code(
        severity="error",
        summary="Several commands were all answered, and neither `$done` nor `$failed` led on.",
    ),
    "unheard-reply": Code(
        severity="error", summary="A command may answer with something that the saga then does not take."
    ),
    "endless-loop": Code(severity="error", summary="The machine goes round without any event."),
    "never-happens": Code(severity="warning", summary="No run of the machine takes an alternative."),
    "check-cut-short": Code(
        severity="warning", summary="The machine has more configurations than the model check looks at."
    ),
}
