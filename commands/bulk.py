"""The same thing done to many sagas through a running daemon, part by part: `saga ... --all` and `migrate`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import click

from commands.client import Daemon
from commands.terminal import note, print_json, safe, say, table

F = TypeVar("F", bound=Callable[..., Any])

PART = 100
"""Sagas a request: it answers well within the client's patience, and progress shows."""

FILTERS = {
    "machine": "machine",
    "state": "state",
    "business_state": "businessState",
    "entity": "entityId",
    "created_from": "createdFrom",
    "created_to": "createdTo",
}
FLAGS = {"parked": "parked", "paused": "paused", "late": "late", "final": "isFinal"}


def bulk_options(function: F) -> F:
    """`--all`, which sagas it means, how many at most, and `--dry-run`."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


_OPTIONS = (
    click.option(
        "--all", "everything", is_flag=True, help="Every saga that the filters find, instead of one ID."
    ),
    click.option("--machine", metavar="NAME", help="With --all: only sagas of this machine."),
    click.option("--state", "at", metavar="STATE", help="With --all: only those in this state."),
    click.option("--business-state", metavar="STATE", help="With --all: only those in this business state."),
    click.option("--entity", metavar="ID", help="With --all: only those of this associated entity."),
    click.option(
        "--created-from", metavar="TIME", help="With --all: only those created at or after it (ISO 8601)."
    ),
    click.option("--created-to", metavar="TIME", help="With --all: only those created before it."),
    click.option("--limit", type=click.IntRange(1), help="With --all: at most so many, newest first."),
    click.option("--dry-run", is_flag=True, help="With --all: say what would happen, and do nothing."),
)


def chosen(asked: Mapping[str, Any]) -> dict[str, Any]:
    """The filter that the options of `bulk_options` make."""
    given = {**asked, "state": asked.get("at")}
    return {theirs: given[ours] for ours, theirs in FILTERS.items() if given.get(ours) is not None}


def one_or_all(saga: str | None, everything: bool, asked: Mapping[str, Any]) -> None:
    """See that the command names either one saga or `--all` of them.

    Raises:
        click.UsageError
    """
    if (saga is None) != everything:
        raise click.UsageError("Name one saga by its ID, or say --all and which.")
    if not everything and (chosen(asked) or asked["limit"] is not None or asked["dry_run"]):
        raise click.UsageError("Filters, --limit and --dry-run go with --all.")


def do(daemon: Daemon, path: str, body: Mapping[str, Any], *, limit: int | None, as_json: bool) -> None:
    """Have it done part by part, show what became of it, and exit with 1 if it could not be done to some.

    Raises:
        DaemonMissing, DaemonRefused: What was done until then stays done.
    """
    report = _whole(daemon, path, body, limit)
    if as_json:
        print_json(report)
    else:
        _show(report)
    if report["failed"]:
        raise click.exceptions.Exit(1)


def _whole(daemon: Daemon, path: str, body: Mapping[str, Any], limit: int | None) -> dict[str, Any]:
    whole: dict[str, Any] = {
        "dryRun": bool(body.get("dryRun")),
        "matched": 0,
        "done": 0,
        "sagas": [],
        "failed": [],
    }
    cursor, more = None, True
    with _progress() as show:
        while more and (limit is None or whole["matched"] < limit):
            size = PART if limit is None else min(PART, limit - whole["matched"])
            part = daemon.post(path, {**body, "limit": size, **({"cursor": cursor} if cursor else {})})
            for name in ("matched", "done", "sagas", "failed"):
                whole[name] += part[name]
            cursor, more = part["nextCursor"], part["more"]
            show(f"{whole['matched']} sagas, {len(whole['failed'])} of them could not")
    return {**whole, "reasons": _counted(whole["failed"]), "more": more}


def _counted(failed: list[dict[str, Any]]) -> list[dict[str, Any]]:
    counts: dict[tuple[str, str], int] = {}
    for one in failed:
        why = one["code"], one["detail"].replace(one["sagaId"], "ID")
        counts[why] = counts.get(why, 0) + 1
    ordered = sorted(counts.items(), key=lambda item: -item[1])
    return [{"code": code, "detail": detail, "sagas": sagas} for (code, detail), sagas in ordered]


def _show(report: Mapping[str, Any]) -> None:
    if report["sagas"]:
        rows = [(one["sagaId"], one["from"], one["to"], one["note"] or "") for one in report["sagas"]]
        table(("SAGA", "FROM", "TO", "NOTE"), rows)
    if report["failed"]:
        say("\nLeft as they are:")
        table(("SAGA", "WHY"), [(one["sagaId"], one["detail"]) for one in report["failed"]])
        say("\nReasons:")
        table(("SAGAS", "WHY"), [(one["sagas"], one["detail"]) for one in report["reasons"]])
    verb = "would be done to" if report["dryRun"] else "done to"
    left = f", {len(report['failed'])} left as they are" if report["failed"] else ""
    note(f"{verb} {report['done']} sagas{left}." + (" There are more." if report["more"] else ""))


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """A line on stderr that tells how far it is, when somebody looks on."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console

    with Console(stderr=True).status("") as status:
        yield lambda text: status.update(safe(text))
