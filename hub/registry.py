"""Which provider types there are, and how the configuration's `providers:` becomes providers.

The only list of providers. Called by commands/wiring.py, which hands the result to `open_payments`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from engine.clock import SystemClock
from engine.errors import ConfigInvalid
from hub.connectors import BUILT_IN, open_built_in, open_own
from providers.adyen import open_adyen
from providers.base import Provider
from providers.braintree import open_braintree
from providers.external import open_external
from providers.paypal import open_paypal
from providers.sandbox import open_sandbox
from providers.satispay import open_satispay
from providers.stripe import open_stripe

ProviderFactory = Callable[[str, Mapping[str, Any]], Provider]

_CONNECTOR = "connector"

PROVIDERS: Mapping[str, ProviderFactory] = {
    **{kind: partial(open_built_in, kind) for kind in BUILT_IN},
    _CONNECTOR: open_own,
    "external": open_external,
    "adyen": open_adyen,
    "braintree": open_braintree,
    "paypal": open_paypal,
    "sandbox": partial(open_sandbox, clock=SystemClock()),
    "satispay": partial(open_satispay, clock=SystemClock()),
    "stripe": open_stripe,
}


def open_providers(
    bindings: Mapping[str, tuple[str, Mapping[str, Any]]], base: Path = Path()
) -> dict[str, Provider]:
    """Providers by the names that sagas use, from name -> (type, options); none bound: the sandbox.

    `base`: the folder that connector files are relative to.

    Raises:
        ConfigInvalid: A type is unknown or an option is wrong.
    """
    chosen = bindings or {"sandbox": ("sandbox", {})}
    return {name: _opened(name, kind, options, base) for name, (kind, options) in chosen.items()}


def _opened(name: str, kind: str, options: Mapping[str, Any], base: Path) -> Provider:
    if kind == _CONNECTOR:
        return open_own(name, options, base)
    return _factory(name, kind)(name, options)


def _factory(name: str, kind: str) -> ProviderFactory:
    if kind not in PROVIDERS:
        raise ConfigInvalid(f"provider {name}: no type {kind}; there are {', '.join(sorted(PROVIDERS))}")
    return PROVIDERS[kind]
