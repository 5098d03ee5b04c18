"""`sagaloom user ...`: the people who may log in, through a running daemon."""

from __future__ import annotations

import sys
from typing import Any

import click

from commands.client import Address, Daemon, part
from commands.options import daemon_options, json_option, role_argument
from commands.saga_page import moment
from commands.terminal import print_json, safe, say, table

PATH = "/api/v1/users"
_LONGEST = 1_000

_name = click.argument("name")
_stdin = click.option(
    "--stdin", is_flag=True, help="Read the password from stdin; left out, the daemon makes one."
)


@click.group("user")
def command() -> None:
    """List, add and change the users who may log in. This is for admins."""


@command.command("list")
@daemon_options
@json_option
def list_users(address: Address, as_json: bool) -> None:
    """List the users and their roles."""
    found = Daemon(address).get(PATH)
    if as_json:
        print_json(found)
        return
    rows = [(one["name"], one["role"], _standing(one), moment(one["createdAt"])) for one in found["items"]]
    table(("NAME", "ROLE", "STATUS", "SINCE (UTC)"), rows)


@command.command("add")
@_name
@role_argument
@_stdin
@daemon_options
@json_option
def add(name: str, role: str, stdin: bool, address: Address, as_json: bool) -> None:
    """Let NAME log in as viewer, operator or admin; prints the password if the daemon made it."""
    body: dict[str, Any] = {"name": name, "role": role}
    if stdin:
        body["password"] = _password()
    _told(Daemon(address).post(PATH, body), as_json)


@command.command("role")
@_name
@role_argument
@daemon_options
@json_option
def set_role(name: str, role: str, address: Address, as_json: bool) -> None:
    """Give NAME another role; ends their sessions."""
    _changed(name, {"role": role}, address, as_json)


@command.command("disable")
@_name
@daemon_options
@json_option
def disable(name: str, address: Address, as_json: bool) -> None:
    """Let NAME log in no more; ends their sessions."""
    _changed(name, {"disabled": True}, address, as_json)


@command.command("enable")
@_name
@daemon_options
@json_option
def enable(name: str, address: Address, as_json: bool) -> None:
    """Let NAME log in again."""
    _changed(name, {"disabled": False}, address, as_json)


@command.command("password")
@_name
@_stdin
@daemon_options
@json_option
def password(name: str, stdin: bool, address: Address, as_json: bool) -> None:
    """Give NAME a new password; ends their sessions."""
    _changed(name, {"password": _password()} if stdin else {"newPassword": True}, address, as_json)


def _changed(name: str, changes: dict[str, Any], address: Address, as_json: bool) -> None:
    _told(Daemon(address).patch(f"{PATH}/{part(name)}", changes), as_json)


def _told(user: Any, as_json: bool) -> None:
    if as_json:
        print_json(user)
        return
    say(f"{safe(user['name'])}: {safe(user['role'])}, {_standing(user)}")
    if made := user.get("password"):
        say(f"password, shown this once: {safe(made)}")


def _standing(user: Any) -> str:
    return "disabled" if user["disabled"] else "active"


def _password() -> str:
    return sys.stdin.read(_LONGEST).rstrip("\r\n")
