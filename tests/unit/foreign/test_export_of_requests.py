"""Fan-out, compensation, polls, moments and SLAs in the exports: what is done on entry, and the events after it."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from typing import Any

from statemachine.io import load

from engine.definition.ir import Definition
from engine.definition.reader import check_text
from engine.foreign.scxml import to_scxml
from engine.foreign.xstate import to_xstate

TRIP = """
machine: trip
version: 1
initialState: BOOKING
creationEvent: begun
businessStates:
  OPEN: {id: 0, sla: {within: 2h, sideEffects: [tell]}, after: {3d: {event: closed}}}
  SHUT: {id: 1}
commands:
  flight: {channel: air, replies: {done: flightBooked, failed: flightFailed}, undo: noFlight}
  hotel: {channel: inn, replies: {done: hotelBooked, failed: hotelFailed}, undo: noHotel}
  noFlight: {channel: air, replies: {done: flightUndone}, retry: {attempts: 2}}
  noHotel: {channel: inn, replies: {done: hotelUndone}, retry: {attempts: 2}}
  ask: {channel: air, replies: {done: answered}, retry: {attempts: 2}}
sideEffects: {tell: {channel: air}}
states:
  BOOKING:
    businessState: OPEN
    commands: [flight, hotel]
    sla: 1h
    on: {$done: ASKING, $failed: UNDOING, closed: UNDOING}
  ASKING:
    businessState: OPEN
    poll: {command: ask, every: 30s, factor: 2, maxEvery: 1h, for: 1d, giveUp: gaveUp}
    at: {"{{ metadata.date }}": DONE}
    on: {answered: DONE, gaveUp: UNDOING, closed: {}}
  UNDOING:
    businessState: OPEN
    compensate: all
    on: {$compensated: LOST, $stuck: {description: A person skips it}, closed: {description: Stays}}
  DONE: {businessState: SHUT, final: true}
  LOST: {businessState: SHUT, final: true}
"""
OURS = "{urn:sagaloom:export}"


def trip() -> Definition:
    report = check_text(TRIP.replace("closed: {}", "closed: {description: Stays}"), file="trip.yaml")
    assert report.definition is not None, report.findings
    return report.definition


def nodes() -> dict[str, Any]:
    config = json.loads(to_xstate(trip()))
    return {"OPEN": config["states"]["OPEN"], **config["states"]["OPEN"]["states"]}


def test_a_fan_out_is_one_state_with_several_entry_actions_and_the_engine_s_events() -> None:
    booking = nodes()["BOOKING"]
    assert [(one["type"], one["params"]["name"], one["params"]["undo"]) for one in booking["entry"]] == [
        ("command", "flight", "noFlight"),
        ("command", "hotel", "noHotel"),
    ]
    assert booking["on"]["$done"] == [{"target": "#trip.OPEN.ASKING"}]
    assert booking["on"]["$failed"] == [{"target": "#trip.OPEN.UNDOING"}]


def test_a_compensation_is_an_entry_action() -> None:
    undoing = nodes()["UNDOING"]
    assert undoing["entry"] == [{"type": "compensate", "params": {"commands": "all"}}]
    assert undoing["on"]["$compensated"] == [{"target": "#trip.SHUT.LOST"}]


def test_a_poll_is_an_entry_action_and_its_end_a_delay() -> None:
    asking = nodes()["ASKING"]
    (poll,) = asking["entry"]
    assert poll["type"] == "poll"
    assert {key: poll["params"][key] for key in ("name", "every", "factor", "maxEvery", "for", "giveUp")} == {
        "name": "ask", "every": 30_000, "factor": 2, "maxEvery": 3_600_000, "for": 86_400_000, "giveUp": "gaveUp",
    }  # fmt: skip
    assert asking["after"]["86400000"] == [{"target": "#trip.OPEN.UNDOING", "meta": {"event": "gaveUp"}}]


def test_moments_slas_and_timers_of_business_states_are_delays() -> None:
    found = nodes()
    assert found["ASKING"]["after"]["at: {{ metadata.date }}"][0]["target"] == "#trip.SHUT.DONE"
    assert found["BOOKING"]["after"]["3600000"] == [{"actions": [{"type": "late"}]}]
    raised = [{"actions": [{"type": "raise", "params": {"event": "closed"}}]}]
    assert found["OPEN"]["after"]["259200000"] == raised
    assert [one["type"] for one in found["OPEN"]["after"]["7200000"][0]["actions"]] == ["late", "sideEffect"]


def test_scxml_keeps_them_beside_the_flow_and_the_flow_runs() -> None:
    text = to_scxml(trip())
    root = ET.fromstring(text)
    assert [one.get("name") for one in root.iter(f"{OURS}command")] == ["flight", "hotel"]
    assert [one.attrib for one in root.iter(f"{OURS}compensate")] == [{"commands": "all"}]
    assert [one.get("giveUp") for one in root.iter(f"{OURS}poll")] == ["gaveUp"]
    assert [one.get("within") for one in root.iter(f"{OURS}sla")] == ["7200000ms", "3600000ms"]
    timers = [(one.get("after"), one.get("at"), one.get("shownAs")) for one in root.iter(f"{OURS}timer")]
    assert ("3d", None, "closed") in timers
    assert (None, "{{ metadata.date }}", "$at.1") in timers
    running: Any = load(text, format="scxml")()
    for event in ("$failed", "$compensated"):
        (line,) = [one for one in root.iter() if one.get(f"{OURS}eventName") == event]
        running.send(line.get("event"))
    assert "LOST" in running.configuration_values
