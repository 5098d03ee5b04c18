"""What is declared and never used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from engine.definition.ir import Definition, Sla, Timer, Transition
from engine.definition.reporter import Reporter


def check_unused(definition: Definition, report: Reporter) -> None:
    """Everything that is declared is used by something."""
    states = definition.states.values()
    lines = list(_transitions(definition))
    effects = {name for state in states for name in state.side_effects}
    effects |= {name for line in lines for name in line.side_effects}
    effects |= {name for sla in _slas(definition) for name in sla.side_effects}
    raised = {line.business_event for line in lines}
    raised |= {event.business_event for event in definition.events.values()}
    used = (
        ("commands", "command", definition.commands, _commands(definition)),
        ("sideEffects", "side effect", definition.side_effects, effects),
        ("businessStates", "business state", definition.business_states, {s.business_state for s in states}),
        ("businessEvents", "business event", definition.business_events, raised),
    )
    for group, kind, declared, names in used:
        _report(group, kind, (name for name in declared if name not in names), report)
    _report("events", "event", _unheard(definition), report)


def _report(group: str, kind: str, names: Iterable[str], report: Reporter) -> None:
    for name in names:
        code = "unused-" + kind.replace(" ", "-")
        fix = "use it, or remove it"
        report.report(code, (group, name), f"the {kind} {name} is never used", fix=fix, key=True)


def _unheard(definition: Definition) -> Iterator[str]:
    heard = {definition.creation_event}
    for table in _tables(definition):
        heard.update(table)
    heard.update(timer.event for timer in _timers(definition))
    for command in definition.commands.values():
        heard.update(command.replies.values())
    return (name for name in definition.events if name not in heard)


def _transitions(definition: Definition) -> Iterator[Transition]:
    for table in _tables(definition):
        for lines in table.values():
            yield from lines
    yield from (timer.transition for timer in _timers(definition) if timer.transition is not None)


def _timers(definition: Definition) -> Iterator[Timer]:
    yield from definition.timers
    for business in definition.business_states.values():
        yield from business.timers
    for state in definition.states.values():
        yield from state.timers


def _slas(definition: Definition) -> Iterator[Sla]:
    found = [part.sla for part in definition.business_states.values()]
    found += [part.sla for part in definition.states.values()]
    return (sla for sla in found if sla is not None)


def _commands(definition: Definition) -> set[str | None]:
    used: set[str | None] = {name for state in definition.states.values() for name in state.commands}
    used |= {state.poll.command for state in definition.states.values() if state.poll}
    return used | {command.undo for command in definition.commands.values()}


def _tables(definition: Definition) -> Iterator[Mapping[str, tuple[Transition, ...]]]:
    yield definition.on
    yield from (part.on for part in definition.business_states.values())
    yield from (part.on for part in definition.states.values())
