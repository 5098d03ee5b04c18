"""`sagaloom resume`: what sagas owe is begun again."""

from __future__ import annotations

import click

from commands.dispatch import set_dispatch
from commands.options import json_option, url_option


@click.command("resume")
@url_option
@json_option
def command(url: str, as_json: bool) -> None:
    """Let a daemon that holds (`hold`, `serve --paused`) begin what sagas owe."""
    set_dispatch("running", url, as_json=as_json)
