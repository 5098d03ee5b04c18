from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.conditions import OPERATORS, Condition, judge, read_condition

DATA = {
    "amount": 1299,
    "currency": "EUR",
    "additionalData": {
        "channel": "web",
        "buyer": {"type": None, "vip": True},
        "items": [{"category": "books"}, {"category": "toys"}],
        "tags": ["a", "b"],
        "a/b": {"c~d": 1},
    },
}


def holds(key: str, operator: str, value: Any) -> bool:
    condition = read_condition({"key": key, "operator": operator, "value": value})
    assert isinstance(condition, Condition), condition
    return judge(condition, DATA).holds


@pytest.mark.parametrize(
    ("key", "operator", "value", "expected"),
    [
        ("/amount", "equals", 1299, True),
        ("/amount", "equals", "1299", True),
        ("/amount", "equal", "1299.0", True),
        ("/amount", "not_equal", 1299, False),
        ("/amount", "greater_than", 1299, False),
        ("/amount", "greater_or_equal_than", "1299", True),
        ("/amount", "less_than", 1300, True),
        ("/amount", "less_or_equal_than", 1298, False),
        ("/amount", "in", [1, 1299], True),
        ("/amount", "in", "1, 1299", True),
        ("/amount", "not_in", "1, 1299", False),
        ("/currency", "equals", "EUR", True),
        ("/currency", "equals", "eur", False),
        ("/currency", "greater_than", 1, False),
        ("additionalData.channel", "in", "web,app", True),
        ("/additionalData/channel", "not_in", ["app"], True),
        ("/additionalData/items/0/category", "equals", "books", True),
        ("/additionalData/items/*/category", "in", "toys", True),
        ("/additionalData/items/*/category", "not_in", "toys,cars", False),
        ("/additionalData/items/9/category", "equals", "books", False),
        ("/additionalData/tags", "equals", "b", True),
        ("/additionalData/a~1b/c~0d", "equals", 1, True),
        ("/additionalData/buyer/vip", "equals", "true", True),
        ("/additionalData/buyer/vip", "equals", 1, False),
        ("/additionalData/buyer/type", "equals", "x", False),
        ("/additionalData/buyer/type", "not_equals", "x", True),
        ("/nowhere", "not_in", ["x"], True),
        ("/nowhere/deep", "less_than", 5, False),
        ("/amount/deep", "equals", 1, False),
    ],
)
def test_a_condition_holds_or_not(key: str, operator: str, value: Any, expected: bool) -> None:
    assert holds(key, operator, value) is expected


@pytest.mark.parametrize(
    "written",
    [
        None,
        {"key": "/a", "operator": "equals"},
        {"key": "/a", "operator": "equals", "value": 1, "more": 1},
        {"key": "", "operator": "equals", "value": 1},
        {"key": "/", "operator": "equals", "value": 1},
        {"key": 1, "operator": "equals", "value": 1},
        {"key": "/a", "operator": "contains", "value": 1},
        {"key": "/a", "operator": ["equals"], "value": 1},
        {"key": "/a", "operator": "less_than", "value": "many"},
        {"key": "/a", "operator": "less_than", "value": True},
        {"key": "/a", "operator": "less_than", "value": "NaN"},
        {"key": "/a", "operator": "in", "value": 5},
        {"key": "/a", "operator": "in", "value": list(range(1001))},
    ],
    ids=str,
)
def test_what_is_no_condition_is_refused_with_a_sentence(written: object) -> None:
    assert isinstance(read_condition(written), str)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=10,
)


@given(st.sampled_from(OPERATORS), st.text(min_size=1, max_size=10), _JSON, _JSON)
def test_any_data_are_judged(operator: str, key: str, value: Any, data: Any) -> None:
    condition = read_condition({"key": key, "operator": operator, "value": value})
    if isinstance(condition, Condition):
        judged = judge(condition, data)
        assert judged.holds in (True, False)
        assert judged.why


@given(st.sampled_from(["equals", "in"]), _JSON, _JSON)
def test_an_operator_and_its_opposite_never_agree(operator: str, value: Any, data: Any) -> None:
    wanted = [value] if operator == "in" else value
    yes, no = (
        judge(Condition(key="/a", operator=name, value=wanted), {"a": data}).holds
        for name in (operator, f"not_{operator}")
    )
    assert yes != no
