"""`sagaloom saga start|send`: what the outside does to sagas. What people do by hand is in `saga_mends`."""

from __future__ import annotations

from typing import Any

import click

from commands.client import Address, Daemon, part
from commands.options import JsonObject, daemon_options, json_option
from commands.terminal import print_json, safe, say

saga_argument = click.argument("saga", metavar="ID")
payload_option = click.option(
    "--payload", type=JsonObject(), default="{}", metavar="JSON", help="A JSON object, @FILE, or - for stdin."
)


@click.command("start")
@click.argument("machine", required=False)
@click.option(
    "--metadata",
    type=JsonObject(),
    default="{}",
    metavar="JSON",
    help="A JSON object, @FILE, or - for stdin.",
)
@click.option("--entity", metavar="ID", help="The associated entity.")
@click.option("--id", "saga_id", metavar="ID", help="The saga's id; made by the daemon if left out.")
@daemon_options
@json_option
def start(
    machine: str | None,
    metadata: dict[str, Any],
    entity: str | None,
    saga_id: str | None,
    address: Address,
    as_json: bool,
) -> None:
    """Start a saga of MACHINE (left out: the daemon's default machine)."""
    asked = {"machine": machine, "metadata": metadata, "associatedEntityId": entity, "sagaId": saga_id}
    body = {name: value for name, value in asked.items() if value is not None}
    answer, new = Daemon(address).create("/api/v1/sagas", body)
    if as_json:
        print_json(answer)
    else:
        how = "started" if new else "was there already"
        say(f"{safe(answer['sagaId'])} {how}: {safe(answer.get('currentState', ''))}")


@click.command("send")
@saga_argument
@click.argument("event")
@payload_option
@click.option("--event-id", metavar="ID", help="Your own id: the same one twice is applied once.")
@daemon_options
@json_option
def send(
    saga: str, event: str, payload: dict[str, Any], event_id: str | None, address: Address, as_json: bool
) -> None:
    """Tell a saga that EVENT has happened."""
    body: dict[str, Any] = {"name": event, "payload": payload}
    if event_id is not None:
        body["id"] = event_id
    tell(Daemon(address).post(f"/api/v1/sagas/{part(saga)}/events", body), as_json)


ACTS = (start, send)


def tell(answer: dict[str, Any], as_json: bool) -> None:
    """Print what became of an event or an intervention."""
    if as_json:
        print_json(answer)
        return
    repeated = ", as told before" if answer.get("repeated") else ""
    why = f" ({safe(answer['note'])})" if answer.get("note") else ""
    say(
        f"{safe(answer['sagaId'])} {safe(answer['result'])} {safe(answer['event'])}{repeated}: {safe(answer['state'])}{why}"
    )
