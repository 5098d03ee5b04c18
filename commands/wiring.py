"""The registries: which kinds of stores and channels there are, and who makes them.

The one place where adapters, providers and the hub meet the engine. Imported by what runs an engine
or opens a store, never by commands that only read files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from adapters.channels.log import open_log
from adapters.channels.python import open_python
from adapters.channels.rest import open_rest
from adapters.files import FOLDER, Desk, Folder
from adapters.stores.memory import open_memory
from adapters.stores.sqlite import open_sqlite
from commands.telling import merchant_of, messaging_of, opener_of, with_merchant
from engine.assembly import Adapters, ChannelFactory, StoreFactory
from engine.config import HOUSE, STORE_PATH, Binding, Config
from engine.config_file import size_of
from engine.errors import ConfigInvalid
from engine.ports import Calendar, Channel, Store
from engine.secrets import Options
from hub import merchant, posting
from hub.files import LARGEST, Contents
from hub.gateway import Gateway
from hub.gateway_commands import (
    FLOW_MANAGER,
    MERCHANT,
    MESSAGE,
    MESSAGES,
    NOTICE,
    PAYMENT,
    REFUNDING,
    WATCH,
)
from hub.hub import Plans, Written, plans
from hub.invoice_settings import read_settings
from hub.merchant import MerchantChannel
from hub.messages_channel import open_messages
from hub.messaging import Messaging
from hub.paperwork import Papers
from hub.payments_channel import open_payments
from hub.registry import open_providers
from hub.screen import CardScreen


async def open_mongo(options: Mapping[str, Any], folder: Path) -> Store:
    """As adapters.stores.mongo says; the driver is loaded by those who use it only."""
    from adapters.stores import mongo

    return await mongo.open_mongo(options, folder)


STORES: Mapping[str, StoreFactory] = {"sqlite": open_sqlite, "mongo": open_mongo, "memory": open_memory}

SHARED_STORES = frozenset({"mongo"})
"""Those that several processes may have open."""


def _open_kafka(name: str, options: Mapping[str, Any], folder: Path) -> Channel:
    """Who binds no kafka channel does not load its client."""
    from adapters.channels.kafka import open_kafka

    return open_kafka(name, options, folder)


_TOLD = (("flowManagerUrl", FLOW_MANAGER, "/event"), ("callbackUrl", MERCHANT, ""))
_MACHINES = {FLOW_MANAGER: (PAYMENT, REFUNDING), MERCHANT: (NOTICE, WATCH), MESSAGES: (MESSAGE,)}

CHANNELS: Mapping[str, ChannelFactory] = {
    "rest": open_rest,
    "kafka": _open_kafka,
    "python": open_python,
    "payments": open_payments,
    "log": open_log,
    "messages": open_messages,
}


def gateway(config: Config) -> Gateway:
    """The providers of this config, and where they reach us.

    Raises:
        ConfigInvalid: A provider has an unknown type or a wrong option.
    """
    return Gateway(open_providers(_pairs(config.providers), config.base), public_url=config.http.public_url)


def plans_of(config: Config, payments: Gateway) -> Plans:
    """What this config says of checkout and routing.

    Raises:
        ConfigInvalid: A route or a checkout rule is wrong.
    """
    return plans(payments, Written(routing=config.routing, checkout=config.checkout, base=config.base))


def papers_of(config: Config) -> Papers:
    """What this config says of files and invoices. Connects to nothing.

    Raises:
        ConfigInvalid: An option is wrong, or names what is not there.
    """
    try:
        largest = size_of(config.files["maxSize"]) if "maxSize" in config.files else LARGEST
    except ValueError as error:
        raise ConfigInvalid(f"files: maxSize {error}") from None
    settings = read_settings(config.invoices, config.base)
    return Papers(settings=settings, contents=_contents(config), largest=largest)


def _contents(config: Config) -> Contents:
    """Where files lie: as the config says, else beside the store."""
    kind, store = config.files.get("type"), config.store
    if kind == "gridfs":
        if store.type != "mongo":
            raise ConfigInvalid(
                "files: gridfs is in the database of a mongo store, and this store is another one"
            )
        from adapters.stores.mongo_files import open_mongo_files

        return open_mongo_files(store.options)
    if path := config.files.get("path"):
        return Folder(config.base / path)
    if store.type == "memory" and kind is None:
        return Desk()
    if store.type == "sqlite":
        return Folder((config.base / str(store.options.get("path", STORE_PATH))).parent / "files")
    return Folder(config.base / FOLDER)


def adapters(
    config: Config,
    payments: Gateway | None = None,
    *,
    messaging: Messaging | None = None,
    told: MerchantChannel | None = None,
) -> Adapters:
    """The registries, with the channels over what is given; what is None is opened from this config.

    Raises:
        ConfigInvalid: A provider has an unknown type or a wrong option, or a route, a rule or a template is wrong.
    """
    bound = payments or gateway(config)
    channel = partial(open_payments, gateway=bound, routes=plans_of(config, bound).routes)
    channels: dict[str, ChannelFactory] = {
        **CHANNELS,
        "payments": channel,
        "messages": partial(open_messages, messaging=messaging or messaging_of(config)),
        posting.KIND: posting.open_posting,
        merchant.KIND: opener_of(told),
    }
    return Adapters(stores=STORES, channels=channels, screen=CardScreen(), calendar=_open_calendar)


def with_gateway(config: Config) -> Config:
    """The config with the gateway's own machines and channels, as far as it names who is to be told.

    Raises:
        ConfigInvalid: An address is none.
    """
    told = {
        name: Binding(type=posting.KIND, options=Options(url=f"{url}{path}"))
        for key, name, path in _TOLD
        if (url := str(config.gateway.get(key, "")).rstrip("/"))
    }
    if FLOW_MANAGER in told and (config.mail or config.sms):
        told[MESSAGES] = Binding(type="messages")
    files = [file for channel, names in _MACHINES.items() if channel in told for file in names]
    machines = (*config.machines, *(HOUSE / "hub" / "machines" / f"{name}.yaml" for name in files))
    return with_merchant(replace(config, machines=machines, channels={**config.channels, **told}))


def check(config: Config) -> None:
    """What only adapters know of a configuration that is right in form; connects to nothing.

    Raises:
        ConfigInvalid: Options do not go together, or a job has no calendar.
    """
    for name, job in config.jobs.items():
        _open_calendar(name, job.cron, job.timezone)
    for name, binding in config.channels.items():
        if binding.type == "kafka":
            from adapters.channels.kafka_options import read_settings

            read_settings(name, binding.options, config.base)
    if config.routing or config.checkout:
        plans_of(config, gateway(config))
    messaging_of(config)
    merchant_of(config)
    if config.files or config.invoices:
        papers_of(config)


def _open_calendar(job: str, cron: str, timezone: str) -> Calendar:
    """Who has no jobs does not load what knows calendars."""
    from adapters.cron import open_calendar

    return open_calendar(job, cron, timezone)


def _pairs(bindings: Mapping[str, Binding]) -> dict[str, tuple[str, Mapping[str, object]]]:
    return {name: (binding.type, binding.options) for name, binding in bindings.items()}
