"""`sagaloom saga`: look at the sagas of a running daemon. What changes them is in `saga_acts` and `saga_mends`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import click

from commands import saga_acts, saga_mends
from commands.client import PAGE, Address, Daemon, part
from commands.options import daemon_options, json_option
from commands.saga_history import history
from commands.saga_page import moment, show_saga
from commands.terminal import note, print_json, table

FLAGS = ("parked", "paused", "late", "isFinal")


@click.group("saga")
def command() -> None:
    """List, show and steer the sagas of a running daemon.

    ID is a saga id or the value of one of its keys.
    """


@command.command("list")
@click.option("--machine", metavar="NAME", help="Only sagas of this machine.")
@click.option("--state", metavar="STATE", help="Only those in this state.")
@click.option("--business-state", metavar="STATE", help="Only those in this business state.")
@click.option("--entity", metavar="ID", help="Only those of this associated entity.")
@click.option("--key", metavar="VALUE", help="Only the one with this key (combines with --machine only).")
@click.option("--final/--open", "is_final", default=None, help="Only those that have ended, or have not.")
@click.option("--parked", is_flag=True, default=False, help="Only those that wait for a person.")
@click.option("--paused", is_flag=True, default=False, help="Only those that a person paused.")
@click.option("--late", is_flag=True, default=False, help="Only those that ran over an sla.")
@click.option(
    "--limit", type=click.IntRange(1), default=50, show_default=True, help="At most so many, newest first."
)
@click.option("--all", "everything", is_flag=True, help="All of them, whatever --limit says.")
@daemon_options
@json_option
def list_sagas(address: Address, as_json: bool, limit: int, everything: bool, **asked: Any) -> None:
    """List sagas, newest first."""
    found = Daemon(address).pages(
        "/api/v1/sagas",
        limit=None if everything else limit,
        machine=asked["machine"],
        state=asked["state"],
        businessState=asked["business_state"],
        entityId=asked["entity"],
        key=asked["key"],
        isFinal=asked["is_final"],
        parked=True if asked["parked"] else None,
        paused=True if asked["paused"] else None,
        late=True if asked["late"] else None,
    )
    items = list(_counted(found))
    if as_json:
        print_json(items)
    elif items:
        table(
            ("SAGA", "MACHINE", "STATE", "BUSINESS STATE", "UPDATED (UTC)", ""),
            [_row(item) for item in items],
        )
    else:
        note("No saga matches.")


@command.command("show")
@click.argument("saga", metavar="ID")
@click.option("--machine", metavar="NAME", help="The machine, where several have the key.")
@click.option("--history", "whole", is_flag=True, help="The whole history, not only the newest rows.")
@daemon_options
@json_option
def show(saga: str, machine: str | None, whole: bool, address: Address, as_json: bool) -> None:
    """Show one saga: where it stands, what it owes, how it came there."""
    daemon = Daemon(address)
    document = daemon.get(f"/api/v1/sagas/{part(saga)}", machine=machine)
    rows = list(history(daemon, document["sagaId"])) if whole or not as_json else []
    if as_json:
        print_json({**document, "rows": rows} if whole else document)
    else:
        show_saga(document, rows, whole=whole)


def _row(item: Any) -> tuple[str, ...]:
    flags = [name.removeprefix("is").lower() for name in FLAGS if item.get(name)]
    return (
        item["sagaId"],
        f"{item['machine']} {item['machineVersion']}",
        item["currentState"],
        item["businessStateDescription"],
        moment(item["updatedAt"])[:19],
        " ".join(flags),
    )


def _counted(items: Iterator[Any]) -> Iterator[Any]:
    """The items, with a count on stderr while many come in and somebody looks on."""
    if not sys.stderr.isatty():
        yield from items
        return
    from rich.console import Console

    status = Console(stderr=True).status("listing sagas")
    try:
        for number, item in enumerate(items, start=1):
            if number % PAGE == 0:
                status.update(f"listing sagas: {number}")
                status.start()
            yield item
    finally:
        status.stop()


for act in (*saga_acts.ACTS, *saga_mends.MENDS):
    command.add_command(act)
