"""Whatever stands in a Flow Manager file, the import ends with findings or with files that are valid."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.definition.reader import check_text
from tests.unit.foreign.flow_manager import imported, small, state

TEXTS = st.text(max_size=8) | st.sampled_from(
    ["", "on", "$x", "a b", "sagas", "{{X}}", "a{{X}}", "0", "http://", "A"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)


def rich() -> dict[str, Any]:
    source = small()
    source["settings"] = {"deepMergeMetadata": {"enabled": True}, "throwOnUnexpectedEvents": True}
    source["communicationProtocols"].append(
        {"id": "bus", "type": "kafka", "configurations": {"brokers": "a:1", "outputTopics": ["o"],
         "authenticationProperties": {"ssl": {"ca": "x"}, "sasl": {"username": "u"}}}}
    )  # fmt: skip
    source["communicationProtocols"][0]["configurations"]["headers"] = {"a": "b"}
    state(source)["sideEffects"] = [{"channel": "bus", "label": "tell"}]
    state(source)["outgoingTransitions"][0]["payloadValidationSchema"] = {"type": "object"}
    return source


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, part in pairs for place in places(part, (*path, key)))]


PLACES = places(rich())[1:]


@settings(max_examples=300, deadline=None)
@given(changes=st.lists(st.tuples(st.sampled_from(PLACES), VALUES), min_size=1, max_size=3))
def test_the_import_never_fails_otherwise(changes: list[tuple[tuple[Any, ...], Any]]) -> None:
    source = rich()
    for path, value in changes:
        part: Any = source
        try:
            for step in path[:-1]:
                part = part[step]
            part[path[-1]] = value
        except (KeyError, IndexError, TypeError):
            continue
    result = imported(source)
    if result.machine is None:
        assert {finding.file for finding in result.findings} == {"saga.json"}
        assert any(finding.severity == "error" for finding in result.findings)
    else:
        assert check_text(result.machine, file="shop.yaml").errors == ()
        json.dumps([finding.message for finding in result.findings])
