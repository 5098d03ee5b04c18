"""The registries: which kinds of stores and channels there are, and who makes them.

The one place where adapters, providers and the hub meet the engine. Imported by what runs an engine
or opens a store, never by commands that only read files.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from adapters.channels.log import open_log
from adapters.channels.python import open_python
from adapters.channels.rest import open_rest
from adapters.stores.memory import open_memory
from adapters.stores.sqlite import open_sqlite
from engine.assembly import Adapters, ChannelFactory, StoreFactory
from engine.config import Binding, Config
from hub.gateway import open_payments
from hub.registry import open_providers

STORES: Mapping[str, StoreFactory] = {"sqlite": open_sqlite, "memory": open_memory}

CHANNELS: Mapping[str, ChannelFactory] = {
    "rest": open_rest,
    "python": open_python,
    "payments": open_payments,
    "log": open_log,
}


def adapters(config: Config) -> Adapters:
    """The registries, with the payments channel over the providers of this config.

    Raises:
        ConfigInvalid: A provider has an unknown type or a wrong option.
    """
    payments = partial(open_payments, providers=open_providers(_pairs(config.providers)))
    return Adapters(stores=STORES, channels={**CHANNELS, "payments": payments})


def _pairs(bindings: Mapping[str, Binding]) -> dict[str, tuple[str, Mapping[str, object]]]:
    return {name: (binding.type, binding.options) for name, binding in bindings.items()}
