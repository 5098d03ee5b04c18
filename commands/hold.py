"""`sagaloom hold`: nothing that sagas owe is begun."""

from __future__ import annotations

import click

from commands.client import Address
from commands.dispatch import set_dispatch
from commands.options import daemon_options, json_option


@click.command("hold")
@daemon_options
@json_option
def command(address: Address, as_json: bool) -> None:
    """Let a running daemon begin nothing that sagas owe. Events are still taken and durable."""
    set_dispatch("held", address, as_json=as_json)
