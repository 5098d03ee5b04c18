from __future__ import annotations

import re
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from engine.drawing import layout
from engine.drawing.diagram import draw, edge_ids
from engine.errors import RendererFailed, RendererMissing
from tests.unit.drawing.samples import NASTY, ORDER, definition, many_states

SVG = "{http://www.w3.org/2000/svg}"


def groups(svg: bytes) -> dict[str, ElementTree.Element]:
    return {group.get("id", ""): group for group in ElementTree.fromstring(svg).iter(f"{SVG}g")}


def words(element: ElementTree.Element) -> str:
    return " ".join(text.text or "" for text in element.iter(f"{SVG}text")).replace("\xa0", "")


def classes(element: ElementTree.Element) -> set[str]:
    return set((element.get("class") or "").split())


def test_every_state_is_a_node_with_its_id_and_its_name() -> None:
    drawn = groups(draw(definition(ORDER), format="svg"))
    for state in ("CREATED", "CHECKED", "DELIVERED", "STOPPED"):
        assert "state" in classes(drawn[f"s-{state}"])
        assert state in words(drawn[f"s-{state}"])


def test_a_node_tells_command_timers_side_effects_and_events_that_stay() -> None:
    drawn = groups(draw(definition(ORDER), format="svg"))
    created = words(drawn["s-CREATED"])
    assert "sends payOrder" in created
    assert "after 24h: expired" in created
    assert "stays on noted" in created
    assert "effect tellCustomer" in words(drawn["s-DELIVERED"])


def test_an_edge_is_labelled_with_event_and_guard_and_a_timer_with_its_delay() -> None:
    machine = definition(ORDER)
    drawn, ids = groups(draw(machine, format="svg")), edge_ids(machine)
    guarded = drawn[ids["CREATED", "paid", "CHECKED"]]
    assert words(guarded) == "paid [metadata.total > 100]"
    assert "after 24h: expired" in words(drawn[ids["CREATED", "expired", "STOPPED"]])
    assert ids["CREATED", "expired", "STOPPED"] == ids["CREATED", "refused", "STOPPED"]


def test_initial_and_final_states_stand_out() -> None:
    drawn = groups(draw(definition(ORDER), format="svg"))
    assert "initial" in classes(drawn["s-CREATED"])
    assert "start" in drawn
    assert len(drawn["s-DELIVERED"].findall(f"{SVG}path")) == 2
    assert len(drawn["s-CREATED"].findall(f"{SVG}path")) == 1


def test_business_states_group_the_states_under_their_description() -> None:
    drawn = groups(draw(definition(ORDER), format="svg"))
    assert "Being worked on" in words(drawn["g-WORKING"])
    assert "Over" in words(drawn["g-DONE"])


def test_inherited_transitions_leave_a_node_for_any_state() -> None:
    machine = definition(ORDER)
    drawn, ids = groups(draw(machine, format="svg")), edge_ids(machine)
    assert "any state here" in words(drawn["any-WORKING"])
    assert "any state" in words(drawn["any"])
    assert ids["CREATED", "held", "STOPPED"] not in (None, ids["CREATED", "refused", "STOPPED"])
    assert ids["CREATED", "cancelled", "STOPPED"] == ids["CHECKED", "cancelled", "STOPPED"]


def test_a_nearer_transition_replaces_the_inherited_one() -> None:
    ids = edge_ids(definition(ORDER))
    assert ("CHECKED", "held", "STOPPED") not in ids
    assert ("CHECKED", "held", "DELIVERED") in ids


def test_the_business_level_shows_business_states_and_business_events() -> None:
    drawn = groups(draw(definition(ORDER), format="svg", level="business"))
    assert {"b-WORKING", "b-DONE"} <= set(drawn)
    assert not any(name.startswith("s-") for name in drawn)
    edge = words(drawn["e-0"])
    assert "PAID" in edge
    assert "released" in edge
    assert "e-1" not in drawn


def test_a_path_marks_visited_states_taken_edges_and_the_current_state() -> None:
    machine = definition(ORDER)
    visited = [
        ("", "orderCreated", "CREATED"),
        ("CREATED", "paid", "CHECKED"),
        ("CHECKED", "released", "DELIVERED"),
    ]
    drawn = groups(draw(machine, format="svg", visited=visited, current="DELIVERED"))
    ids = edge_ids(machine)
    assert "visited" in classes(drawn["s-CREATED"])
    assert classes(drawn["s-DELIVERED"]) >= {"visited", "current"}
    assert not classes(drawn["s-STOPPED"]) & {"visited", "current"}
    assert "taken" in classes(drawn[ids["CREATED", "paid", "CHECKED"]])
    assert "taken" not in classes(drawn[ids["CREATED", "refused", "STOPPED"]])


def test_a_path_is_coloured_also_where_no_style_sheet_is() -> None:
    visited = [("", "orderCreated", "CREATED"), ("CREATED", "refused", "STOPPED")]
    drawn = groups(draw(definition(ORDER), format="svg", visited=visited, current="STOPPED"))
    current, other = (drawn[name].find(f"{SVG}path") for name in ("s-STOPPED", "s-CHECKED"))
    assert current is not None
    assert other is not None
    assert current.get("fill") != other.get("fill")


def test_a_move_by_hand_is_drawn_as_a_dashed_edge_of_its_own() -> None:
    visited = [("", "orderCreated", "CREATED"), ("STOPPED", "$moved", "CHECKED")]
    drawn = groups(draw(definition(ORDER), format="svg", visited=visited, current="CHECKED"))
    line = drawn["e-x0"].find(f"{SVG}path")
    assert line is not None
    assert line.get("stroke-dasharray")
    assert "$moved" in words(drawn["e-x0"])


def test_an_inherited_move_is_drawn_from_the_state_that_was_left() -> None:
    visited = [("", "orderCreated", "CREATED"), ("CREATED", "cancelled", "STOPPED")]
    drawn = groups(draw(definition(ORDER), format="svg", visited=visited, current="STOPPED"))
    assert words(drawn["e-x0"]) == "cancelled"
    assert "taken" in classes(drawn["e-x0"])


def test_states_of_another_version_in_the_history_do_no_harm() -> None:
    visited = [("", "orderCreated", "GONE"), ("GONE", "x", "CREATED"), ("NOWHERE", "y", "GONE")]
    drawn = groups(draw(definition(ORDER), format="svg", visited=visited, current="GONE"))
    assert "visited" in classes(drawn["s-CREATED"])


def test_the_business_level_shows_a_path_too() -> None:
    visited = [("", "orderCreated", "CREATED"), ("CREATED", "cancelled", "STOPPED")]
    drawn = groups(
        draw(definition(ORDER), format="svg", level="business", visited=visited, current="STOPPED")
    )
    assert classes(drawn["b-DONE"]) >= {"visited", "current"}
    assert "taken" in classes(drawn["e-0"])


@pytest.mark.parametrize("level", ["technical", "business"])
def test_hostile_text_stays_text_in_an_svg_that_may_be_embedded(level: str) -> None:
    svg = draw(definition(NASTY), format="svg", level=level)  # type: ignore[arg-type]
    root = ElementTree.fromstring(svg)
    names = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert names <= {"svg", "g", "title", "polygon", "polyline", "path", "ellipse", "text"}
    assert all(
        not name.lower().startswith("on") and "href" not in name for e in root.iter() for name in e.attrib
    )
    assert not re.search(rb"<!|<\?|<script|<img|xlink|url\(", svg)


def test_hostile_text_adds_nothing_to_the_dot_text() -> None:
    drawn = groups(draw(definition(NASTY), format="svg"))
    assert {name for name in drawn if name.startswith(("s-", "e-"))} == {
        "s-end",
        "s-state.two-3",
        "e-0",
        "e-start",
    }


def test_control_characters_never_reach_a_diagram() -> None:
    hostile = definition(NASTY.replace("alert", r"\u202ealert"))
    for form in ("svg", "dot", "mermaid"):
        text = draw(hostile, format=form).decode()
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e]", text)


def test_a_png_is_a_png() -> None:
    assert draw(definition(ORDER), format="png").startswith(b"\x89PNG\r\n")


def test_a_picture_of_hundreds_of_states_is_drawn() -> None:
    drawn = groups(draw(many_states(200), format="svg"))
    assert "s-S199" in drawn


def test_drawing_twice_gives_the_same_bytes() -> None:
    assert draw(definition(ORDER), format="svg") == draw(definition(ORDER), format="svg")


def test_without_a_layout_program_the_error_says_how_to_get_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RendererMissing, match="pip install graphviz-pure"):
        draw(definition(ORDER), format="svg")
    assert draw(definition(ORDER), format="mermaid").startswith(b"stateDiagram-v2")


def test_the_program_beside_this_python_is_taken_before_the_one_on_the_path(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    beside = tmp_path / "graphviz-pure"
    beside.write_text("#!/bin/sh\n")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    assert layout.renderer() == str(beside)


def test_a_layout_program_that_fails_is_told_as_such(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    broken = tmp_path / "graphviz-pure"
    broken.write_text("#!/bin/sh\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(RendererFailed, match="exit code 3"):
        draw(definition(ORDER), format="svg")
