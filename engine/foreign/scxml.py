"""A machine as SCXML (W3C), so that python-statemachine's `io.load` and other processors can run its flow.

Business states are compounds in one root compound. What SCXML has no word for (expressions, commands, timers)
stands in the namespace `urn:sagaloom:export`, which processors skip; docs/export.md lists it.
"""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence

from engine.definition.ir import BusinessState, Definition, State, Timer, Transition
from engine.foreign.entry import Act, acts, timed, timer_event, timer_words, timers_of
from engine.foreign.outline import Ids, Outline, Table, outline

SCXML = "http://www.w3.org/2005/07/scxml"
OURS = "urn:sagaloom:export"
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def to_scxml(definition: Definition) -> str:
    """The machine as an SCXML document.

    A transition with `if` has a condition of its own in the datamodel (`if_1`, ...), true at first: the host
    evaluates the expression beside it and sets it. A chart that nobody sets takes the first alternative.
    """
    return _Document(definition).text()


class _Document:
    def __init__(self, definition: Definition) -> None:
        self._definition = definition
        self._outline: Outline = outline(definition)
        self._ids = Ids()
        self._guards = 0
        for state in definition.states:
            self._ids.of("state", state)  # states choose first, so that they keep their names

    def text(self) -> str:
        definition = self._definition
        first = definition.states[definition.initial_state]
        root = _element("scxml", {"xmlns": SCXML, "xmlns:sagaloom": OURS, "version": "1.0",
                                  "name": definition.name, "initial": self._ids.of("machine", definition.name)})  # fmt: skip
        data = ET.SubElement(root, "datamodel")
        machine = _under(root, "state", {"id": self._ids.of("machine", definition.name),
                                         "initial": self._ids.of("business", first.business_state),
                                         "sagaloom:version": str(definition.version),
                                         "sagaloom:about": definition.description})  # fmt: skip
        self._timers(machine, timers_of(definition))
        inside = frozenset(definition.states)
        self._transitions(machine, {**self._outline.machine, **timed(timers_of(definition))}, inside)
        for name, members in self._outline.groups.items():
            self._business(machine, name, members)
        for number in range(1, self._guards + 1):
            _under(data, "data", {"id": f"if_{number}", "expr": "1"})
        if not self._guards:
            root.remove(data)
        ET.indent(root)
        return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'

    def _business(self, parent: ET.Element, name: str, members: Sequence[State]) -> None:
        business = self._definition.business_states[name]
        names = [state.name for state in members]
        first = self._definition.initial_state if self._definition.initial_state in names else names[0]
        element = _under(parent, "state", {"id": self._ids.of("business", name),
                                           "initial": self._ids.of("state", first),
                                           "sagaloom:name": name, "sagaloom:number": str(business.id),
                                           "sagaloom:about": business.description})  # fmt: skip
        self._timers(element, timers_of(business))
        _sla(element, business)
        table = {**self._outline.business[name], **timed(timers_of(business))}
        self._transitions(element, table, frozenset(names))
        for state in members:
            self._state(element, state)

    def _state(self, parent: ET.Element, state: State) -> None:
        element = _under(parent, "final" if state.final else "state",
                         {"id": self._ids.of("state", state.name), "sagaloom:name": state.name,
                          "sagaloom:about": state.description})  # fmt: skip
        for act in acts(self._definition, state):
            _act(element, act)
        _sla(element, state)
        self._timers(element, timers_of(state))
        self._transitions(
            element, {**self._outline.states[state.name], **timed(timers_of(state))}, frozenset()
        )

    def _timers(self, parent: ET.Element, timers: Sequence[Timer]) -> None:
        for timer in timers:
            event = self._ids.of("event", timer_event(timer))
            _under(parent, "sagaloom:timer", timer_words(timer) | {"raises": event, "shownAs": timer.event})

    def _transitions(self, parent: ET.Element, table: Table, inside: frozenset[str]) -> None:
        """`inside`: the states below a compound; a transition of its own to one of them does not leave it."""
        for event, lines in table.items():
            for line in lines:
                _under(parent, "transition", self._transition(event, line, inside))

    def _transition(self, event: str, line: Transition, inside: frozenset[str]) -> dict[str, str]:
        written = {"event": self._ids.of("event", event)}
        if line.guard is not None:
            self._guards += 1
            written |= {"cond": f"if_{self._guards}", "sagaloom:if": line.guard.source}
        if line.to is not None:
            written["target"] = self._ids.of("state", line.to)
            written["type"] = "internal" if line.to in inside else ""
        if written["event"] != event:
            written["sagaloom:eventName"] = event
        if line.assignments:
            values = {".".join(one.path): one.value.source for one in line.assignments}
            written["sagaloom:set"] = json.dumps(values, ensure_ascii=False)
        written["sagaloom:sideEffects"] = " ".join(line.side_effects)
        written["sagaloom:businessEvent"] = line.business_event or self._business_event(event)
        written["sagaloom:about"] = line.description
        return written

    def _business_event(self, event: str) -> str:
        spec = self._definition.events.get(event)
        return (spec.business_event if spec else None) or ""


def _act(parent: ET.Element, act: Act) -> None:
    _under(parent, f"sagaloom:{act.kind}", {key: _said(value) for key, value in act.params.items()})


def _sla(parent: ET.Element, part: BusinessState | State) -> None:
    if part.sla is not None:
        said = {"within": f"{part.sla.within}ms", "sideEffects": " ".join(part.sla.side_effects)}
        _under(parent, "sagaloom:sla", said)


def _said(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _element(tag: str, attributes: Mapping[str, str]) -> ET.Element:
    """An element with the attributes that say something."""
    return ET.Element(tag, {key: _NOT_XML.sub("\ufffd", value) for key, value in attributes.items() if value})


def _under(parent: ET.Element, tag: str, attributes: Mapping[str, str]) -> ET.Element:
    element = _element(tag, attributes)
    parent.append(element)
    return element
