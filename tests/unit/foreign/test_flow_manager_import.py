from __future__ import annotations

import json
from typing import Any

import pytest

from engine.definition.reader import check_text
from tests.unit.foreign.flow_manager import codes, config, imported, machine, pointers, small, state


def test_a_small_saga_becomes_a_machine_without_errors_or_warnings() -> None:
    result = imported(small())
    definition = machine(result)
    assert codes(result) == ["store-replaced"]
    assert (definition.name, definition.version, definition.initial_state) == ("shop", 1, "A")
    assert definition.states["A"].commands == ("sell",)
    assert definition.commands["sell"].channel == "shop"
    assert definition.commands["sell"].payload is None
    assert definition.states["B"].final
    assert (
        check_text(result.machine or "", file="shop.yaml", channels=config(result)["channels"]).findings == ()
    )


def test_names_come_from_descriptions_and_ids_and_descriptions_stay() -> None:
    definition = machine(imported(small()))
    assert {n: (b.id, b.description) for n, b in definition.business_states.items()} == {
        "BEING_SOLD": (0, "Being sold"),
        "Sold": (1, "Sold"),
    }
    assert list(definition.business_events) == ["itWasSold"]


@pytest.mark.parametrize(
    ("parts", "names"),
    [
        ([{"id": 0, "description": "Done!"}, {"id": 7, "description": "Done!"}], ["DONE", "DONE_7"]),
        ([{"id": 0}, {"id": 1, "description": "…"}], ["BUSINESS_STATE_0", "BUSINESS_STATE_1"]),
        ([{"id": 0, "name": "new one", "description": "x y"}, {"id": 1}], ["new_one", "BUSINESS_STATE_1"]),
        ([{"id": 0, "description": "Già pagato"}, {"id": 1}], ["GIA_PAGATO", "BUSINESS_STATE_1"]),
    ],
)
def test_business_names_are_valid_and_unique(parts: list[dict[str, Any]], names: list[str]) -> None:
    source = small()
    source["machineDefinition"]["businessStates"] = parts
    state(source, 1)["businessStateId"] = parts[1]["id"]
    assert list(machine(imported(source)).business_states) == names


def test_unexpected_events_are_ignored_unless_the_source_throws() -> None:
    source = small()
    assert machine(imported(source)).unexpected_events == "ignore"
    source["settings"] = {"throwOnUnexpectedEvents": True}
    assert machine(imported(source)).unexpected_events == "reject"


@pytest.mark.parametrize(
    ("setting", "merge", "remarks"),
    [
        ({}, "shallow", []),
        ({"enabled": False, "hook": {"type": "file", "content": "x"}}, "shallow", []),
        ({"enabled": True}, "deep", ["lists-replaced"]),
        ({"enabled": True, "hook": {"type": "file", "content": "x"}}, "deep", ["hook-left-out"]),
    ],
)
def test_metadata_are_merged_as_the_source_merges_them(
    setting: dict[str, Any], merge: str, remarks: list[str]
) -> None:
    source = small()
    source["settings"] = {"deepMergeMetadata": setting}
    result = imported(source)
    assert machine(result).merge == merge
    assert codes(result)[1:] == remarks


def test_a_business_event_stands_at_the_event_if_it_is_always_the_same_and_else_at_the_transitions() -> None:
    source = small()
    source["machineDefinition"]["businessEvents"].append({"id": 2, "description": "Other"})
    state(source, 1)["isFinal"] = False
    state(source, 1)["outgoingTransitions"] = [
        {"inputEvent": "sold", "targetState": "A", "businessEventId": 2},
        {"inputEvent": "undone", "targetState": "A", "businessEventId": 2},
    ]
    definition = machine(imported(source))
    assert definition.events["undone"].business_event == "Other"
    assert "sold" not in definition.events or definition.events["sold"].business_event is None
    assert definition.states["A"].on["sold"][0].business_event == "itWasSold"
    assert definition.states["B"].on["sold"][0].business_event == "Other"
    assert definition.states["A"].on["again"][0].business_event is None


def test_the_creation_has_no_business_event_even_if_an_event_of_its_name_has_one() -> None:
    source = small()
    source["machineDefinition"]["creationEvent"] = "sold"
    definition = machine(imported(source))
    assert "sold" not in definition.events or definition.events["sold"].business_event is None
    assert definition.states["A"].on["sold"][0].business_event == "itWasSold"


SCHEMA = {"type": "object", "required": ["price"]}


def test_a_payload_schema_on_which_all_transitions_agree_is_the_event_s() -> None:
    source = small()
    state(source)["outgoingTransitions"][0]["payloadValidationSchema"] = SCHEMA
    contract = machine(imported(source)).events["sold"].payload
    assert contract is not None
    assert contract.schema == SCHEMA


@pytest.mark.parametrize("other", [None, {"type": "object"}])
def test_a_payload_schema_on_which_they_do_not_agree_is_reported_with_what_to_do(other: Any) -> None:
    source = small()
    first = state(source)["outgoingTransitions"]
    first[0]["payloadValidationSchema"] = SCHEMA
    first[1] = {"inputEvent": "sold", "targetState": "A"} | (
        {"payloadValidationSchema": other} if other else {}
    )
    result = imported(source)
    assert machine(result).events.get("sold") is None or machine(result).events["sold"].payload is None
    places = pointers(result, "payload-schema-left-out")
    assert places[0] == "/machineDefinition/states/0/outgoingTransitions/0/payloadValidationSchema"
    assert "`if`" in str(next(f.fix for f in result.findings if f.code == "payload-schema-left-out"))


def test_a_payload_schema_that_cannot_be_used_is_left_out() -> None:
    source = small()
    state(source)["outgoingTransitions"][0]["payloadValidationSchema"] = {"type": "objekt"}
    result = imported(source)
    assert machine(result).events["sold"].payload is None
    assert pointers(result, "payload-schema-left-out")[0].endswith("/payloadValidationSchema/type")


def test_several_transitions_for_one_event_stay_in_order_and_are_reported() -> None:
    source = small()
    state(source)["outgoingTransitions"][1] = {"inputEvent": "sold", "targetState": "A"}
    result = imported(source)
    assert [line.to for line in machine(result).states["A"].on["sold"]] == ["B", "A"]
    assert pointers(result, "several-transitions") == [
        "/machineDefinition/states/0/outgoingTransitions/1/inputEvent"
    ]


def test_the_same_label_on_several_states_is_one_command() -> None:
    source = small()
    state(source, 1).update(
        isFinal=False,
        outputCommand={"channel": "shop", "label": "sell"},
        outgoingTransitions=[{"inputEvent": "again", "targetState": "A"}],
    )
    definition = machine(imported(source))
    assert list(definition.commands) == ["sell"]
    assert definition.states["B"].commands == ("sell",)


def test_a_label_on_two_channels_is_two_commands_and_the_new_label_is_reported() -> None:
    source = small()
    source["communicationProtocols"].append({**source["communicationProtocols"][0], "id": "other"})
    state(source, 1).update(
        isFinal=False,
        outputCommand={"channel": "other", "label": "sell"},
        outgoingTransitions=[{"inputEvent": "again", "targetState": "A"}],
    )
    result = imported(source)
    assert {n: c.channel for n, c in machine(result).commands.items()} == {
        "sell": "shop",
        "sell_other": "other",
    }
    assert pointers(result, "name-changed") == ["/machineDefinition/states/1/outputCommand/label"]


def test_side_effects_are_carried_over_and_one_with_a_command_s_label_gets_a_name_of_its_own() -> None:
    source = small()
    state(source)["sideEffects"] = [
        {"channel": "shop", "label": "tell"},
        {"channel": "shop", "label": "sell"},
        {"channel": "shop", "label": "tell"},
    ]
    result = imported(source)
    assert machine(result).states["A"].side_effects == ("tell", "sell_shop")
    assert codes(result)[1:] == ["name-changed", "repeated-side-effect"]


def test_what_a_final_state_sends_becomes_a_side_effect() -> None:
    source = small()
    state(source, 1)["outputCommand"] = {"channel": "shop", "label": "close"}
    result = imported(source)
    assert machine(result).states["B"].side_effects == ("close",)
    assert "command-as-side-effect" in codes(result)


def test_a_state_is_final_where_nothing_leads_on_and_only_there() -> None:
    source = small()
    state(source, 1)["isFinal"] = False
    result = imported(source)
    assert machine(result).states["B"].final
    assert "final-changed" in codes(result)
    state(source, 1).update(isFinal=True, outgoingTransitions=[{"inputEvent": "again", "targetState": "A"}])
    result = imported(source)
    assert not machine(result).states["B"].final
    assert pointers(result, "final-changed") == ["/machineDefinition/states/1/isFinal"]


def test_names_that_a_machine_may_not_have_are_mapped_and_reported() -> None:
    source = small()
    source["machineDefinition"]["initialState"] = "first step"
    state(source)["id"] = "first step"
    state(source)["outgoingTransitions"][1].update(targetState="first step", inputEvent="$again è")
    result = imported(source)
    definition = machine(result)
    assert definition.initial_state == "first_step"
    assert definition.states["first_step"].on["again_e"][0].to == "first_step"
    assert pointers(result, "name-changed") == [
        "/machineDefinition/states/0/id",
        "/machineDefinition/states/0/outgoingTransitions/1/inputEvent",
    ]
    assert "# Flow Manager: the id was first step" in (result.machine or "")


def test_a_hook_is_reported_with_its_place_and_leaves_a_comment() -> None:
    source = small()
    state(source)["outputCommand"]["hook"] = {"type": "file", "content": "export default () => 1"}
    result = imported(source)
    (finding,) = [one for one in result.findings if one.code == "hook-left-out"]
    assert finding.path == "/machineDefinition/states/0/outputCommand/hook"
    assert json.dumps(source, indent=2).splitlines()[finding.line - 1].strip() == '"hook": {'
    assert "JavaScript hook" in (result.machine or "")
    assert "export default" not in (result.machine or "")


@pytest.mark.parametrize(("given", "number"), [("7", 7), ("seven", 1), (-1, 1)])
def test_a_business_id_that_is_no_whole_number_gets_one(given: Any, number: int) -> None:
    source = small()
    source["machineDefinition"]["businessStates"][1]["id"] = given
    state(source, 1)["businessStateId"] = given
    result = imported(source)
    assert [one.id for one in machine(result).business_states.values()] == [0, number]
    assert pointers(result, "id-changed") == ["/machineDefinition/businessStates/1/id"]


def test_unknown_keys_are_reported_wherever_they_are_and_lose_nothing_else() -> None:
    source = small()
    source["extra"] = 1
    source["communicationProtocols"][0]["configurations"]["timeout"] = 3
    source["persistencyManagement"]["configurations"]["x"] = 3
    state(source)["outgoingTransitions"][0]["guard"] = "x"
    result = imported(source)
    machine(result)
    assert sorted(pointers(result, "unknown-key")) == [
        "/communicationProtocols/0/configurations/timeout",
        "/extra",
        "/machineDefinition/states/0/outgoingTransitions/0/guard",
        "/persistencyManagement/configurations/x",
    ]
