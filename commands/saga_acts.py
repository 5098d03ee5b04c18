"""`sagaloom saga start|send|retry|skip|answer|move`: what changes a saga of a running daemon."""

from __future__ import annotations

from typing import Any

import click

from commands.client import Daemon, part
from commands.options import JsonObject, json_option, reason_option, url_option
from commands.terminal import print_json, safe, say

saga_argument = click.argument("saga", metavar="ID")
entry_option = click.option("--entry", metavar="ENTRY", help="The entry's id, as `saga show` lists it.")
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
@url_option
@json_option
def start(
    machine: str | None,
    metadata: dict[str, Any],
    entity: str | None,
    saga_id: str | None,
    url: str,
    as_json: bool,
) -> None:
    """Start a saga of MACHINE (left out: the daemon's default machine)."""
    asked = {"machine": machine, "metadata": metadata, "associatedEntityId": entity, "sagaId": saga_id}
    body = {name: value for name, value in asked.items() if value is not None}
    answer = Daemon(url).post("/api/v1/sagas", body)
    if as_json:
        print_json(answer)
    else:
        say(f"{safe(answer['sagaId'])} started: {safe(answer.get('currentState', ''))}")


@click.command("send")
@saga_argument
@click.argument("event")
@payload_option
@click.option("--event-id", metavar="ID", help="Your own id: the same one twice is applied once.")
@url_option
@json_option
def send(
    saga: str, event: str, payload: dict[str, Any], event_id: str | None, url: str, as_json: bool
) -> None:
    """Tell a saga that EVENT has happened."""
    body: dict[str, Any] = {"name": event, "payload": payload}
    if event_id is not None:
        body["id"] = event_id
    _tell(Daemon(url).post(f"/api/v1/sagas/{part(saga)}/events", body), as_json)


@click.command("retry")
@saga_argument
@entry_option
@reason_option
@url_option
@json_option
def retry(saga: str, entry: str | None, reason: str, url: str, as_json: bool) -> None:
    """Try what is parked again: one entry, or all of the saga."""
    _intervene("retry", saga, entry, {"reason": reason}, url, as_json)


@click.command("skip")
@saga_argument
@entry_option
@reason_option
@url_option
@json_option
def skip(saga: str, entry: str | None, reason: str, url: str, as_json: bool) -> None:
    """Give a parked entry up; without --entry, the only one there is."""
    _intervene("skip", saga, entry, {"reason": reason}, url, as_json)


@click.command("answer")
@saga_argument
@entry_option
@click.option("--reply", required=True, metavar="NAME", help="The command's reply, e.g. done or failed.")
@payload_option
@reason_option
@url_option
@json_option
def answer(
    saga: str, entry: str | None, reply: str, payload: dict[str, Any], reason: str, url: str, as_json: bool
) -> None:
    """Answer a command in the receiver's place."""
    _intervene("answer", saga, entry, {"reply": reply, "payload": payload, "reason": reason}, url, as_json)


@click.command("move")
@saga_argument
@click.argument("state")
@reason_option
@url_option
@json_option
def move(saga: str, state: str, reason: str, url: str, as_json: bool) -> None:
    """Put a saga into STATE, as if it had just come there."""
    _intervene("move", saga, None, {"state": state, "reason": reason}, url, as_json)


ACTS = (start, send, retry, skip, answer, move)


def _intervene(act: str, saga: str, entry: str | None, body: dict[str, Any], url: str, as_json: bool) -> None:
    asked = body if entry is None else {**body, "entry": entry}
    _tell(Daemon(url).post(f"/api/v1/sagas/{part(saga)}/{act}", asked), as_json)


def _tell(answer: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(answer)
        return
    repeated = ", as told before" if answer.get("repeated") else ""
    why = f" ({safe(answer['note'])})" if answer.get("note") else ""
    say(
        f"{safe(answer['sagaId'])} {safe(answer['result'])} {safe(answer['event'])}{repeated}: {safe(answer['state'])}{why}"
    )
