"""`sagaloom merchant`: what the merchant was told by a running daemon, and telling it once more."""

from __future__ import annotations

import click

from commands.client import Address, Daemon, part
from commands.options import daemon_options, json_option
from commands.saga_page import moment
from commands.terminal import note, print_json, safe, say, table

_PATH = "/api/v1/merchant-notifications"


@click.group("merchant")
def command() -> None:
    """List and replay the notifications that a merchant gets."""


@command.command("list")
@click.option("--saga", metavar="ID", help="Only those of this saga (its id).")
@click.option(
    "--state",
    type=click.Choice(["delivered", "failing", "refused"]),
    help="Only delivered ones, those that are tried again, or those that are not.",
)
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="At most so many.")
@daemon_options
@json_option
def list_notifications(
    saga: str | None, state: str | None, limit: int, address: Address, as_json: bool
) -> None:
    """List notifications, newest first."""
    items = list(Daemon(address).pages(_PATH, limit=limit, sagaId=saga, state=state))
    if as_json:
        print_json(items)
    elif items:
        rows = [
            (
                one["id"],
                one["sagaId"],
                one["body"].get("type", ""),
                one["state"],
                len(one["tries"]),
                one["tries"][-1]["said"],
                moment(one["at"]),
            )
            for one in items
        ]
        table(("NOTIFICATION", "SAGA", "TYPE", "STATE", "TRIES", "LAST ANSWER", "FIRST (UTC)"), rows)
    else:
        note("No notification matches.")


@command.command("replay")
@click.argument("notification", metavar="ID")
@daemon_options
@json_option
def replay(notification: str, address: Address, as_json: bool) -> None:
    """Tell the merchant once more: the same body under the same webhook-id, signed anew.

    Exits with 1 if the merchant does not take it.
    """
    answer = Daemon(address).post(f"{_PATH}/{part(notification)}/replay", {})
    last = answer["tries"][-1]
    if as_json:
        print_json(answer)
    else:
        say(f"{safe(answer['id'])}: {safe(last['said'])}")
    if last["status"] is None or not 200 <= last["status"] < 300:
        raise click.exceptions.Exit(1)
