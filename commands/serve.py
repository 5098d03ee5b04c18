"""`sagaloom serve`: what it is asked for, and whether that can be; daemon.py and supervisor.py do it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from commands.daemon import Order
    from engine.assembly import Role
    from engine.config import Config

ROLES = ("api", "worker")


def _roles(ctx: click.Context, parameter: click.Parameter, given: str) -> tuple[str, ...]:
    named = {name.strip() for name in given.split(",") if name.strip()}
    if not named or not named <= set(ROLES):
        raise click.BadParameter("is api, worker, or api,worker", ctx, parameter)
    return tuple(role for role in ROLES if role in named)


@click.command("serve")
@click.option(
    "--config",
    "file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="config.yaml; left out: the built-in one.",
)
@click.option("--host", metavar="HOST", help="Listen here instead of what the config says (127.0.0.1).")
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Listen on this port (8080); 0 takes any free one."
)
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Keep the embedded store in DIR.",
)
@click.option("--dev", is_flag=True, help="Watch the machine files, and take changes under the same version.")
@click.option(
    "--paused", is_flag=True, help="Take events, but begin nothing that sagas owe until `sagaloom resume`."
)
@click.option(
    "--role",
    "roles",
    default="api,worker",
    show_default=True,
    callback=_roles,
    metavar="ROLES",
    help="api takes requests, worker does what sagas owe.",
)
@click.option(
    "--processes",
    type=click.IntRange(1, 256),
    default=1,
    show_default=True,
    metavar="N",
    help="Run N processes on the port.",
)
@click.option(
    "--probes-port",
    type=click.IntRange(1, 65535 - 256),
    metavar="PORT",
    help="Probes and metrics on PORT too; of the second process on PORT+1, and so on.",
)
def command(
    file: Path | None,
    host: str | None,
    port: int | None,
    data: Path | None,
    dev: bool,
    paused: bool,
    roles: tuple[Role, ...],
    processes: int,
    probes_port: int | None,
) -> None:
    """Run the daemon until SIGTERM or Ctrl-C, which let it finish what is in hand.

    SIGHUP has it read the machine files again; SIGUSR2 replaces its --processes one by one.
    """
    from commands.daemon import Order, config_of
    from commands.doors import house_of
    from commands.logs import log_to_stderr

    order = Order(
        file=file, host=host, port=port, data=data, dev=dev, paused=paused, roles=roles, probes_port=probes_port
    )  # fmt: skip
    config = config_of(order)
    _check_shared(config, roles, processes)
    house_of(config)
    log_to_stderr(config.log_level)
    if processes > 1:
        from commands.supervisor import supervise

        raise click.exceptions.Exit(asyncio.run(supervise(config, order, processes)))
    _run_alone(config, order)


def _run_alone(config: Config, order: Order) -> None:
    import uvloop

    from commands.daemon import serve_alone

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve_alone(config, order))


def _check_shared(config: Config, roles: tuple[str, ...], processes: int) -> None:
    """Raises ConfigInvalid: only one process can have the store open, and it has to do everything."""
    from commands.wiring import SHARED_STORES
    from engine.errors import ConfigInvalid

    if config.store.type in SHARED_STORES:
        return
    shared = ", ".join(sorted(SHARED_STORES))
    if processes > 1:
        raise ConfigInvalid(
            f"--processes {processes}: a store of type {config.store.type} is for one process; "
            f"several need a store that they share ({shared})"
        )
    if roles != ROLES:
        raise ConfigInvalid(
            f"--role {roles[0]}: a store of type {config.store.type} is for one process, so nobody could be the "
            f"{'worker' if roles[0] == 'api' else 'api'}; leave --role out, or use a store that is shared ({shared})"
        )
