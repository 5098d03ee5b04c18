"""Options and argument types that several commands share."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from commands.client import DEFAULT_URL, Address

if TYPE_CHECKING:
    _Objects = click.ParamType[dict[str, Any]]
else:
    _Objects = click.ParamType  # older releases of click have no type arguments

F = TypeVar("F", bound=Callable[..., Any])

INPUT_LIMIT = 64 * 1024 * 1024


class JsonObject(_Objects):
    """A JSON object as text, `@file`, or `-` for stdin."""

    name = "json"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dict[str, Any]:
        if isinstance(value, dict):
            return value
        try:
            found = json.loads(_text_of(value), parse_constant=_refuse)
        except OSError as error:
            self.fail(f"{value[1:]} cannot be read: {error.strerror}", param, ctx)
        except (ValueError, RecursionError) as error:
            self.fail(f"not JSON: {error}", param, ctx)
        if not isinstance(found, dict):
            self.fail('it must be a JSON object, like {"amount": 1299}', param, ctx)
        return found


def _text_of(value: str) -> str:
    if value == "-":
        return sys.stdin.read(INPUT_LIMIT)
    return Path(value[1:]).read_text("utf-8") if value.startswith("@") else value


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def daemon_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """`--url` and `--api-key`: which daemon to talk to; the command is given both as one `address`."""

    @wraps(function)
    def asked(*arguments: Any, url: str, api_key: str | None, **options: Any) -> Any:
        if api_key is not None and not (api_key.isascii() and api_key.isprintable() and api_key.strip()):
            raise click.UsageError("--api-key (or SAGALOOM_API_KEY) is no API key.")
        return function(*arguments, address=Address(url, api_key), **options)

    return _url_option(_key_option(asked))


_url_option = click.option(
    "--url",
    envvar="SAGALOOM_URL",
    default=DEFAULT_URL,
    show_default=True,
    metavar="URL",
    help="The daemon's address (or set SAGALOOM_URL).",
)
_key_option = click.option(
    "--api-key",
    envvar="SAGALOOM_API_KEY",
    metavar="KEY",
    help="What the daemon knows you by, if it asks (better: set SAGALOOM_API_KEY).",
)


role_argument = click.argument("role", type=click.Choice(["viewer", "operator", "admin"]))
"""ROLE, of a user or a key."""


def json_option(function: F) -> F:
    """`--json`: for programs."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(function)


def reason_option(function: F) -> F:
    """`--reason`: kept in the saga's history."""
    return click.option(
        "--reason", required=True, metavar="TEXT", help="Why; kept in the saga's history with your user name."
    )(function)


def level_option(function: F) -> F:
    """`--level`: which of the two drawings."""
    return click.option(
        "--level",
        type=click.Choice(["technical", "business"]),
        default="technical",
        show_default=True,
        help="Every state, or the business states only.",
    )(function)
