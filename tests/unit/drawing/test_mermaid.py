from __future__ import annotations

from engine.drawing.diagram import draw
from tests.unit.drawing.samples import NASTY, ORDER, definition


def lines(text: str) -> list[str]:
    return [line.strip() for line in draw(definition(text), format="mermaid").decode().splitlines()]


def test_states_and_transitions_are_written_under_their_own_names() -> None:
    drawn = lines(ORDER)
    assert drawn[0] == "stateDiagram-v2"
    assert "[*] --> CREATED" in drawn
    assert "CREATED --> CHECKED : paid [metadata.total #62; 100]" in drawn
    assert "DELIVERED --> [*]" in drawn


def test_names_that_mermaid_reserves_or_cannot_read_get_another_identifier() -> None:
    drawn = lines(NASTY)
    assert 'state "end" as s0_' in drawn
    assert 'state "state.two-3" as s1_' in drawn


def test_text_that_looks_like_mermaid_becomes_entities() -> None:
    business = draw(definition(NASTY), format="mermaid", level="business").decode()
    assert "#60;script#62;" in business
    assert "-->" not in business.partition("ONE :")[2].partition("\n")[0]


def test_a_path_becomes_classes() -> None:
    visited = [("", "orderCreated", "CREATED"), ("CREATED", "refused", "STOPPED")]
    drawn = draw(definition(ORDER), format="mermaid", visited=visited, current="STOPPED").decode()
    assert "class CREATED,STOPPED visited" in drawn
    assert "class STOPPED current" in drawn
