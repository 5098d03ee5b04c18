"""Whatever is wrong with a file is told in findings with their places, and nothing comes out."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from engine.definition.findings import Finding
from engine.foreign.flow_manager.importer import import_flow_manager
from tests.unit.foreign.flow_manager import imported, small, state

Source = dict[str, Any]


def found(content: str | bytes) -> list[Finding]:
    result = import_flow_manager(content, file="saga.json", name="shop")
    assert (result.machine, result.config) == (None, None)
    return [finding for finding in result.findings if finding.severity == "error"]


@pytest.mark.parametrize(
    ("content", "code", "line"),
    [
        ("", "empty-file", 1),
        ("  \n", "empty-file", 1),
        ("{\n 'a': 1}", "json-syntax", 2),
        ('{"a": 1,\n}', "json-syntax", 2),
        ('{"a": NaN}', "bad-number", 1),
        ('{\n"a": 1e999}', "bad-number", 2),
        ('{\n"a": 99999999999999999999}', "bad-number", 2),
        (f'{{"a": {"9" * 5000}}}', "bad-number", 1),
        ('{"a": 1,\n "a": 2}', "duplicate-key", 2),
        ('{"a":\n "\\ud800"}', "control-character", 2),
        ("[" * 100_000, "nested-too-deep", 1),
        ("[" * 300 + "]" * 300, "nested-too-deep", 1),
        ("[" + "1," * 200_000 + "1]", "too-many-nodes", 1),
        (b"\xff\xfe", "bad-encoding", 1),
        (b"\x00", "control-character", 1),
        (b" " * (5 * 1024 * 1024 + 1), "file-too-large", 1),
        ("[]", "wrong-type", 1),
        ('"text"', "wrong-type", 1),
        ("{}", "missing-key", 1),
        ("machine: door", "json-syntax", 1),
    ],
)
def test_what_is_no_flow_manager_file_is_one_finding(content: str | bytes, code: str, line: int) -> None:
    (finding,) = found(content)
    assert (finding.code, finding.line) == (code, line)


def test_a_machine_definition_alone_is_recognised() -> None:
    (finding,) = found(json.dumps(small()["machineDefinition"]))
    assert finding.code == "missing-key"
    assert "machineDefinition" in str(finding.fix)


def _set(*path: str | int, to: Any) -> Callable[[Source], None]:
    def change(source: Source) -> None:
        part: Any = source
        for step in path[:-1]:
            part = part[step]
        part[path[-1]] = to

    return change


def _drop(*path: str | int) -> Callable[[Source], None]:
    def change(source: Source) -> None:
        part: Any = source
        for step in path[:-1]:
            part = part[step]
        del part[path[-1]]

    return change


MACHINE = "machineDefinition"
STATE = (MACHINE, "states", 0)
LINE = (*STATE, "outgoingTransitions", 0)
CHANNEL = ("communicationProtocols", 0)


@pytest.mark.parametrize(
    ("change", "code", "pointer"),
    [
        (_set(MACHINE, to=[]), "wrong-type", "/machineDefinition"),
        (_set(MACHINE, "states", to={}), "wrong-type", "/machineDefinition/states"),
        (_set(MACHINE, "states", to=[]), "wrong-value", "/machineDefinition/states"),
        (_set(*STATE, to="A"), "wrong-type", "/machineDefinition/states/0"),
        (_set(*STATE, "id", to=""), "wrong-value", "/machineDefinition/states/0/id"),
        (_set(*STATE, "isFinal", to="no"), "wrong-type", "/machineDefinition/states/0/isFinal"),
        (_set(*STATE, "outputCommand", to="x"), "wrong-type", "/machineDefinition/states/0/outputCommand"),
        (_drop(*STATE, "outputCommand", "label"), "missing-key", "/machineDefinition/states/0/outputCommand"),
        (_drop(*STATE, "businessStateId"), "missing-key", "/machineDefinition/states/0"),
        (_drop(MACHINE, "initialState"), "missing-key", "/machineDefinition"),
        (_set(MACHINE, "initialState", to="C"), "unknown-state", "/machineDefinition/initialState"),
        (
            _set(*LINE, "targetState", to="C"),
            "unknown-state",
            "/machineDefinition/states/0/outgoingTransitions/0/targetState",
        ),
        (
            _set(*LINE, "businessEventId", to=9),
            "unknown-business-event",
            "/machineDefinition/states/0/outgoingTransitions/0/businessEventId",
        ),
        (
            _set(*STATE, "businessStateId", to=9),
            "unknown-business-state",
            "/machineDefinition/states/0/businessStateId",
        ),
        (
            _set(*STATE, "outputCommand", "channel", to="x"),
            "unbound-channel",
            "/machineDefinition/states/0/outputCommand/channel",
        ),
        (_set(*CHANNEL, to=1), "wrong-type", "/communicationProtocols/0"),
        (_set(*CHANNEL, "type", to="soap"), "wrong-value", "/communicationProtocols/0/type"),
        (_set(*CHANNEL, "configurations", to=None), "wrong-type", "/communicationProtocols/0/configurations"),
        (
            _drop(*CHANNEL, "configurations", "protocol"),
            "missing-key",
            "/communicationProtocols/0/configurations",
        ),
        (
            _set(*CHANNEL, "configurations", "headers", to={"a": {"type": "env"}}),
            "wrong-value",
            "/communicationProtocols/0/configurations/headers/a/type",
        ),
        (_set("persistencyManagement", to="mongo"), "wrong-type", "/persistencyManagement"),
        (_set("persistencyManagement", "type", to="redis"), "wrong-value", "/persistencyManagement/type"),
        (_set("settings", to=[]), "wrong-type", "/settings"),
    ],
)
def test_what_is_wrong_is_found_where_it_is(
    change: Callable[[Source], None], code: str, pointer: str
) -> None:
    source = small()
    change(source)
    findings = found(json.dumps(source, indent=1))
    assert (code, pointer) in [(finding.code, finding.path) for finding in findings]
    assert all(finding.line > 1 for finding in findings)


@pytest.mark.parametrize("section", ["states", "businessStates", "businessEvents"])
def test_an_id_that_is_there_twice_is_an_error(section: str) -> None:
    source = small()
    source[MACHINE][section].append(source[MACHINE][section][0])
    count = len(source[MACHINE][section])
    (finding,) = found(json.dumps(source))
    assert (finding.code, finding.path) == ("duplicate-id", f"/machineDefinition/{section}/{count - 1}/id")


def test_a_state_that_was_mistyped_is_guessed() -> None:
    source = small()
    state(source)["id"] = "WAITING"
    source[MACHINE]["initialState"] = "WAITNG"
    state(source)["outgoingTransitions"][1]["targetState"] = "WAITING"
    (finding,) = found(json.dumps(source))
    assert finding.fix == "did you mean WAITING?"


def test_a_hostile_file_ends_with_bounded_findings() -> None:
    source = small()
    source[MACHINE]["states"] = [{"id": f"S{i}", "businessStateId": i + 5} for i in range(20_000)]
    assert len(imported(source).findings) <= 501
