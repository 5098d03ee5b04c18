from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.definition.tree import parse
from engine.foreign.yaml_text import Path, write_yaml

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=30)
SCALARS = st.none() | st.booleans() | st.integers(-(2**62), 2**62) | st.floats(-1e300, 1e300) | TEXT
WORDS = st.sampled_from(
    ["on", "no", "null", "~", "1e3", "0x1F", "-", "---", "a: b", "a #b", "'", "x ", "=", "*a"]
)
VALUES = st.recursive(
    SCALARS | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT.filter(bool) | WORDS, inner, max_size=4),
    max_leaves=20,
)


def read(data: dict[str, Any], block: bool, comments: dict[Path, list[str]] | None = None) -> Any:
    tree = parse(write_yaml(data, comments=comments or {}, block=lambda _: block))
    assert tree.problems == ()
    return tree.data


@settings(max_examples=150, deadline=None)
@given(data=st.dictionaries(TEXT.filter(bool) | WORDS, VALUES, min_size=1, max_size=4), block=st.booleans())
def test_what_is_written_reads_back(data: dict[str, Any], block: bool) -> None:
    assert read(data, block) == data


def test_comments_stand_above_what_they_are_about_and_change_nothing() -> None:
    data = {"a": {"b": [1, {"c": 2}]}, "d": 3}
    comments: dict[Path, list[str]] = {(): ["head"], ("a", "b", 1, "c"): ["inner"], ("d",): ["one", "two"]}
    assert read(data, False, comments) == data
    text = write_yaml(data, comments=comments, block=lambda _: False)
    assert text.startswith("# head\n")
    assert "# one\n# two\nd: 3\n" in text
    assert "# inner" in text


def test_short_things_stay_on_one_line_and_long_ones_do_not() -> None:
    data = {"short": {"id": 1, "text": "plain words"}, "long": {"id": 2, "text": "x" * 120}}
    text = write_yaml(data, comments={}, block=lambda _: False)
    assert text.splitlines()[0] == "short: {id: 1, text: plain words}"
    assert text.splitlines()[1:] == ["long:", "  id: 2", f"  text: {'x' * 120}"]
