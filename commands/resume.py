"""`sagaloom resume`: what sagas owe is begun again."""

from __future__ import annotations

import click

from commands.client import Address
from commands.dispatch import set_dispatch
from commands.options import daemon_options, json_option


@click.command("resume")
@daemon_options
@json_option
def command(address: Address, as_json: bool) -> None:
    """Let a daemon that holds (`hold`, `serve --paused`) begin what sagas owe."""
    set_dispatch("running", address, as_json=as_json)
