"""`sagaloom key ...`: the API keys of programs, through a running daemon."""

from __future__ import annotations

import click

from commands.client import Address, Daemon, part
from commands.options import daemon_options, json_option, role_argument
from commands.saga_page import moment
from commands.terminal import print_json, safe, say, table

PATH = "/api/v1/keys"


@click.group("key")
def command() -> None:
    """List, add and revoke the API keys of programs. This is for admins."""


@command.command("list")
@daemon_options
@json_option
def list_keys(address: Address, as_json: bool) -> None:
    """List the keys, without what makes them keys."""
    found = Daemon(address).get(PATH)
    if as_json:
        print_json(found)
        return
    rows = [(one["id"], one["name"], one["role"], moment(one["createdAt"])) for one in found["items"]]
    table(("ID", "NAME", "ROLE", "SINCE (UTC)"), rows)


@command.command("add")
@click.argument("name")
@role_argument
@daemon_options
@json_option
def add(name: str, role: str, address: Address, as_json: bool) -> None:
    """Make a key for the program NAME; it is shown this once."""
    made = Daemon(address).post(PATH, {"name": name, "role": role})
    if as_json:
        print_json(made)
    else:
        say(safe(made["key"]))


@command.command("revoke")
@click.argument("id_", metavar="ID")
@daemon_options
@json_option
def revoke(id_: str, address: Address, as_json: bool) -> None:
    """Take the key with this ID back. Other daemons on the store take it for half a minute more at most."""
    gone = Daemon(address).delete(f"{PATH}/{part(id_)}")
    if as_json:
        print_json(gone)
    else:
        say(f"{safe(gone['id'])} is revoked.")
