from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.definition.tree import parse
from engine.rehearsal.acts import Act
from engine.rehearsal.writing import file_text, flow

TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT.filter(bool), inner, max_size=3),
    max_leaves=8,
)


@given(VALUES)
def test_what_is_written_reads_back_as_it_was(value: object) -> None:
    assert parse(f"value: {flow(value)}\n").data == {"value": value}


def test_a_whole_file_reads_back() -> None:
    acts = [Act(kind="send", value="go", note="a\nremark"), Act(kind="wait", value="15m")]
    data = parse(file_text("a: name", {"n": 1}, acts, machine="m.yaml")).data
    assert data == {
        "machine": "m.yaml",
        "scenarios": [{"name": "a: name", "metadata": {"n": 1}, "steps": [{"send": "go"}, {"wait": "15m"}]}],
    }
