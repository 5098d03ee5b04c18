"""Small Flow Manager configurations for the tests of the import, and what to ask of the result."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

from engine.definition.ir import Definition
from engine.definition.reader import check_text
from engine.definition.tree import parse
from engine.foreign.flow_manager.importer import Imported, import_flow_manager

HERE = Path(__file__).parent
PAYMENT = HERE / "payment-flow-manager.json"
SUBSCRIPTION = HERE / "subscription-flow-manager.json"

SMALL: dict[str, Any] = {
    "communicationProtocols": [
        {
            "id": "shop",
            "type": "rest",
            "configurations": {"protocol": "http", "endpoint": "shop", "method": "POST", "path": "/tell"},
        }
    ],
    "persistencyManagement": {"type": "crud", "configurations": {"collectionName": "sagas"}},
    "machineDefinition": {
        "initialState": "A",
        "creationEvent": "begun",
        "states": [
            {
                "id": "A",
                "isFinal": False,
                "businessStateId": 0,
                "outputCommand": {"channel": "shop", "label": "sell"},
                "outgoingTransitions": [
                    {"inputEvent": "sold", "targetState": "B", "businessEventId": 1},
                    {"inputEvent": "again", "targetState": "A"},
                ],
            },
            {"id": "B", "isFinal": True, "businessStateId": 1},
        ],
        "businessStates": [{"id": 0, "description": "Being sold"}, {"id": 1, "description": "Sold"}],
        "businessEvents": [{"id": 1, "description": "It was sold"}],
    },
}


def small() -> dict[str, Any]:
    return copy.deepcopy(SMALL)


def imported(config: Any, name: str = "shop") -> Imported:
    return import_flow_manager(json.dumps(config, indent=2), file="saga.json", name=name)


def machine(result: Imported) -> Definition:
    """The definition of the imported machine, which must have no errors."""
    assert result.machine is not None, result.findings
    report = check_text(result.machine, file="shop.yaml")
    assert report.definition is not None, report.findings
    return report.definition


def config(result: Imported) -> dict[str, Any]:
    assert result.config is not None, result.findings
    data: dict[str, Any] = parse(result.config).data
    return data


def codes(result: Imported) -> list[str]:
    return [finding.code for finding in result.findings]


def pointers(result: Imported, code: str) -> list[str]:
    return [finding.path for finding in result.findings if finding.code == code]


def state(config: dict[str, Any], index: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = config["machineDefinition"]["states"][index]
    return found
