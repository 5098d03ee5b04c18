"""Which provider types there are, and how the configuration's `providers:` becomes providers.

The only list of providers. Called by commands/wiring.py, which hands the result to `open_payments`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from engine.errors import ConfigInvalid
from providers.base import Provider
from providers.sandbox import open_sandbox

ProviderFactory = Callable[[str, Mapping[str, Any]], Provider]

PROVIDERS: Mapping[str, ProviderFactory] = {"sandbox": open_sandbox}


def open_providers(bindings: Mapping[str, tuple[str, Mapping[str, Any]]]) -> dict[str, Provider]:
    """Providers by the names that sagas use, from name -> (type, options); none bound: the sandbox.

    Raises:
        ConfigInvalid: A type is unknown or an option is wrong.
    """
    chosen = bindings or {"sandbox": ("sandbox", {})}
    return {name: _factory(name, kind)(name, options) for name, (kind, options) in chosen.items()}


def _factory(name: str, kind: str) -> ProviderFactory:
    if kind not in PROVIDERS:
        raise ConfigInvalid(f"provider {name}: no type {kind}; there are {', '.join(sorted(PROVIDERS))}")
    return PROVIDERS[kind]
