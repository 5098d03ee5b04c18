"""`sagaloom migrate`: moves the sagas of one version of a machine to another, through a running daemon."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from commands.bulk import FILTERS, FLAGS, do
from commands.client import Daemon, part
from commands.options import daemon_options, json_option, reason_option
from commands.terminal import safe

WHERE = {name.replace("_", "-"): theirs for name, theirs in (FILTERS | FLAGS).items() if name != "machine"}


@click.command("migrate")
@click.argument("machine", metavar="MACHINE")
@click.option(
    "--from", "source", type=click.IntRange(1), required=True, metavar="N", help="The version they are of."
)
@click.option(
    "--to", "target", type=click.IntRange(1), required=True, metavar="N", help="The version to go to."
)
@click.option(
    "--map",
    "map_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="YAML: `states: {OLD: NEW}`; a state that it does not name keeps its name.",
)
@click.option(
    "--where",
    multiple=True,
    metavar="NAME=VALUE",
    help=f"Only these sagas: {', '.join(WHERE)}. May be repeated.",
)
@click.option("--drop-entries", is_flag=True, help="Drop what the new version has no place for.")
@click.option(
    "--send-new", is_flag=True, help="Send what the new states send and the sagas were never asked for."
)
@click.option("--limit", type=click.IntRange(1), metavar="N", help="At most so many, newest first.")
@click.option("--dry-run", is_flag=True, help="Say what would happen to each saga, and do nothing.")
@reason_option
@daemon_options
@json_option
def command(machine: str, map_file: Path | None, where: tuple[str, ...], **asked: Any) -> None:
    """Move sagas of MACHINE to another version. What cannot go is listed and stays as it is.

    Sagas that have ended stay, unless you ask for them: --where final=true.
    """
    order = {
        "from": asked["source"],
        "to": asked["target"],
        "states": _states(map_file) if map_file is not None else {},
        "filter": dict(_condition(one) for one in where),
        "dropEntries": asked["drop_entries"],
        "sendNew": asked["send_new"],
        "dryRun": asked["dry_run"],
        "reason": asked["reason"],
    }
    path = f"/api/v1/machines/{part(machine)}/migrate"
    do(Daemon(asked["address"]), path, order, limit=asked["limit"], as_json=asked["as_json"])


def _condition(text: str) -> tuple[str, str | bool]:
    name, given, value = text.partition("=")
    if not given or name not in WHERE:
        raise click.BadParameter(
            f"{safe(text)}: write NAME=VALUE with one of {', '.join(WHERE)}.", param_hint="--where"
        )
    if name not in FLAGS:
        return WHERE[name], value
    if value not in ("true", "false"):
        raise click.BadParameter(f"{safe(name)} is true or false.", param_hint="--where")
    return WHERE[name], value == "true"


def _states(file: Path) -> dict[str, str]:
    """The map of states in the file. Raises click.BadParameter."""
    from engine.definition.decode import NotText, decode
    from engine.definition.tree import NotYaml, parse

    try:
        tree = parse(decode(file.read_bytes()))
    except (NotText, NotYaml) as error:
        raise _no_map(file, str(error)) from None
    if tree.problems:
        raise _no_map(file, tree.problems[0].message)
    data = tree.data
    if not isinstance(data, dict) or set(data) != {"states"} or not isinstance(data["states"], dict):
        raise _no_map(file, "it holds `states: {OLD: NEW}` and nothing else")
    if not all(isinstance(name, str) for name in data["states"].values()):
        raise _no_map(file, "every new state is a name")
    return data["states"]


def _no_map(file: Path, why: str) -> click.BadParameter:
    return click.BadParameter(f"{safe(file)}: {safe(why)}.", param_hint="--map")
