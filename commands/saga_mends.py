"""`sagaloom saga retry|skip|answer|move|pause|resume`: what people do by hand, to one saga or to many."""

from __future__ import annotations

from typing import Any

import click

from commands.bulk import bulk_options, chosen, do, one_or_all
from commands.client import Daemon, part
from commands.options import JsonObject, daemon_options, json_option, reason_option
from commands.saga_acts import tell

saga_argument = click.argument("saga", metavar="[ID]", required=False)
entry_option = click.option("--entry", metavar="ENTRY", help="The entry's id, as `saga show` lists it.")


@click.command("retry")
@saga_argument
@entry_option
@click.option(
    "--payload", type=JsonObject(), metavar="JSON", help="Send this instead: a JSON object, @FILE, or -."
)
@click.option(
    "--metadata",
    type=JsonObject(),
    metavar="JSON",
    help="Merge this into the saga's, and ask anew from them.",
)
@reason_option
@bulk_options
@daemon_options
@json_option
def retry(
    saga: str | None, payload: dict[str, Any] | None, metadata: dict[str, Any] | None, **asked: Any
) -> None:
    """Try what is parked again: one entry, all of the saga, or with --all of every saga."""
    _intervene("retry", saga, {"payload": payload, "metadata": metadata}, asked)


@click.command("skip")
@saga_argument
@entry_option
@reason_option
@bulk_options
@daemon_options
@json_option
def skip(saga: str | None, **asked: Any) -> None:
    """Give a parked entry up; without --entry, the only one there is."""
    _intervene("skip", saga, {}, asked)


@click.command("answer")
@saga_argument
@entry_option
@click.option("--reply", required=True, metavar="NAME", help="The command's reply, e.g. done or failed.")
@click.option(
    "--payload", type=JsonObject(), default="{}", metavar="JSON", help="A JSON object, @FILE, or - for stdin."
)
@reason_option
@bulk_options
@daemon_options
@json_option
def answer(saga: str | None, reply: str, payload: dict[str, Any], **asked: Any) -> None:
    """Answer a command in the receiver's place."""
    _intervene("answer", saga, {"reply": reply, "payload": payload}, asked)


@click.command("move")
@saga_argument
@click.argument("state", metavar="STATE", required=False)
@reason_option
@bulk_options
@daemon_options
@json_option
def move(saga: str | None, state: str | None, everything: bool, **asked: Any) -> None:
    """Put a saga into STATE, as if it had just come there; with --all, name STATE only."""
    if everything and state is None:
        saga, state = None, saga
    if state is None:
        raise click.UsageError("Name the STATE.")
    _intervene("move", saga, {"state": state}, {**asked, "everything": everything})


@click.command("pause")
@saga_argument
@reason_option
@bulk_options
@daemon_options
@json_option
def pause(saga: str | None, **asked: Any) -> None:
    """Let nothing of a saga become due until it is resumed: its timers stop."""
    _intervene("pause", saga, {}, asked)


@click.command("resume")
@saga_argument
@reason_option
@bulk_options
@daemon_options
@json_option
def resume(saga: str | None, **asked: Any) -> None:
    """Go on with a paused saga: its timers have as much left as when it was paused."""
    _intervene("resume", saga, {}, asked)


MENDS = (retry, skip, answer, move, pause, resume)


def _intervene(act: str, saga: str | None, arguments: dict[str, Any], asked: dict[str, Any]) -> None:
    one_or_all(saga, asked["everything"], asked)
    given = {name: value for name, value in arguments.items() if value is not None}
    daemon, reason, as_json = Daemon(asked["address"]), asked["reason"], asked["as_json"]
    if saga is not None:
        body = {**given, "reason": reason}
        if asked.get("entry") is not None:
            body["entry"] = asked["entry"]
        tell(daemon.post(f"/api/v1/sagas/{part(saga)}/{act}", body), as_json)
        return
    if asked.get("entry") is not None:
        raise click.UsageError("--entry names an entry of one saga.")
    order = {
        "action": act,
        "filter": chosen(asked),
        "arguments": given,
        "dryRun": asked["dry_run"],
        "reason": reason,
    }
    do(daemon, "/api/v1/bulk", order, limit=asked["limit"], as_json=as_json)
