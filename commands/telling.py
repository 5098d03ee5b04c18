"""Who is told what becomes of sagas, as a config has it: messages to people, signed notifications to the merchant."""

from __future__ import annotations

from dataclasses import replace

from engine.assembly import ChannelFactory
from engine.config import Binding, Config
from engine.definition.reader import check_file
from engine.errors import ConfigInvalid
from engine.reload import machine_files
from hub.merchant import KIND, MerchantChannel, open_merchant
from hub.messaging import Messaging, open_messaging

CHANNEL = "merchant"
WANTED = "tellMerchant"
"""The variable of a machine that notifies the merchant."""


def messaging_of(config: Config) -> Messaging:
    """Mail, text messages and their templates, as this config has them; connects to nothing.

    Raises:
        ConfigInvalid: An option is wrong, or a template (`findings` tells which).
    """
    found = open_messaging(mail=config.mail, sms=config.sms, messages=config.messages, base=config.base)
    if config.mail or config.sms or config.messages:
        wrong = found.texts.findings()
        if wrong:
            raise ConfigInvalid("the templates of messages have errors", wrong)
    return found


def merchant_of(config: Config) -> MerchantChannel | None:
    """The merchant's channel; None: nobody is told.

    Raises:
        ConfigInvalid: The address or the secret is none.
    """
    return open_merchant(CHANNEL, config.merchant, config.base) if config.merchant else None


def opener_of(told: MerchantChannel | None) -> ChannelFactory:
    """The factory of the channel type: `told` if there is one, which the replay of a notification uses too."""
    return open_merchant if told is None else lambda name, options, folder: told


def with_merchant(config: Config) -> Config:
    """The channel `merchant` bound, and `tellMerchant` set in every machine that has it, if there is a merchant."""
    if not config.merchant:
        return config
    variables = dict(config.variables)
    for file in machine_files(config.machines):
        found = check_file(file).definition
        if found is not None and WANTED in found.variables:
            variables[found.name] = {WANTED: True, **variables.get(found.name, {})}
    bound = {CHANNEL: Binding(type=KIND, options=config.merchant)}
    return replace(config, variables=variables, channels={**config.channels, **bound})
