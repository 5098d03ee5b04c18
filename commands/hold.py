"""`sagaloom hold`: nothing that sagas owe is begun."""

from __future__ import annotations

import click

from commands.dispatch import set_dispatch
from commands.options import json_option, url_option


@click.command("hold")
@url_option
@json_option
def command(url: str, as_json: bool) -> None:
    """Let a running daemon begin nothing that sagas owe. Events are still taken and durable."""
    set_dispatch("held", url, as_json=as_json)
