from __future__ import annotations

import pytest

from engine.errors import ConfigInvalid
from hub.registry import open_providers


def test_without_a_binding_there_is_the_sandbox() -> None:
    assert list(open_providers({})) == ["sandbox"]


def test_providers_bear_the_names_of_the_configuration() -> None:
    bound = open_providers({"test-bank": ("sandbox", {"secret": "x", "callbackAfter": 0.5})})
    assert list(bound) == ["test-bank"]


@pytest.mark.parametrize(
    "wrong", [{"callbackUrl": "x"}, {"callbackAfter": -1}, {"callbackAfter": "soon"}, {"secret": 7}], ids=str
)
def test_a_wrong_option_is_refused_without_its_value(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigInvalid) as refusal:
        open_providers({"bank": ("sandbox", wrong)})
    assert "provider bank" in str(refusal.value)
    assert "soon" not in str(refusal.value)


def test_an_unknown_type_is_refused_by_name() -> None:
    with pytest.raises(ConfigInvalid, match=r"provider bank: no type piggy; there are .*sandbox"):
        open_providers({"bank": ("piggy", {})})
