from __future__ import annotations

import pytest

from engine.errors import ConfigInvalid
from hub.registry import open_providers


def test_without_a_binding_there_is_the_sandbox() -> None:
    assert list(open_providers({})) == ["sandbox"]


def test_providers_bear_the_names_of_the_configuration() -> None:
    bound = open_providers({"test-bank": ("sandbox", {"callbackUrl": "http://127.0.0.1:1/cb"})})
    assert list(bound) == ["test-bank"]


def test_an_unknown_type_is_refused_by_name() -> None:
    with pytest.raises(ConfigInvalid, match="provider bank: no type piggy; there are sandbox"):
        open_providers({"bank": ("piggy", {})})
