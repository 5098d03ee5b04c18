from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.definition.decode import split_lines
from engine.foreign.json_text import parse_json

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\ufeff"), max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**62), 2**62) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=150, deadline=None)
@given(value=VALUES, indent=st.sampled_from([None, 0, 2]), ascii_only=st.booleans())
def test_every_value_is_found_where_it_begins(value: Any, indent: int | None, ascii_only: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only).replace("\x7f", "?").replace("\x85", "?")
    text = "".join(sign if sign.isprintable() or sign in "\n\u2028" else "?" for sign in text)
    tree = parse_json(text)
    assert tree.data == json.loads(text)
    lines = split_lines(text)
    for path, part in _parts(tree.data, ()):
        place = tree.locate(path)
        rest = lines[place.line - 1][place.column - 1 :]
        assert rest[0] == json.dumps(part)[0]


def _parts(value: Any, path: tuple[str | int, ...]) -> Any:
    yield path, value
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in pairs:
        yield from _parts(part, (*path, key))
