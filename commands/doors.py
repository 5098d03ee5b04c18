"""Who may come in by a configuration: what `serve` decides before it listens, and what it says of the first login."""

from __future__ import annotations

from commands.terminal import note, say
from engine.config import Config
from engine.errors import ConfigInvalid
from hub.access.access import Access, House
from hub.access.users import FIRST
from web.guards import is_loopback


def house_of(config: Config) -> House:
    """Who may come in.

    Raises:
        ConfigInvalid: The API would be open to more than this machine.
    """
    http, asks = config.http, config.access.enabled
    public = next(iter(http.public_hosts), "localhost")
    if not asks and not is_loopback(http.host):
        raise ConfigInvalid(
            f"the daemon would listen on {http.host}, beyond this machine, and ask nobody who they are: "
            "set `access: {enabled: true}` in config.yaml, or listen on 127.0.0.1 (docs/access.md)"
        )
    if asks is None and not is_loopback(public):
        raise ConfigInvalid(
            f"http.publicUrl says that {public} leads here, and the API would ask nobody who they are: set `access: "
            "{enabled: true}` in config.yaml, or false if what stands before the daemon asks (docs/access.md)"
        )
    secure = (http.public or "").startswith("https:")
    return House(asks=bool(asks), secure=secure, behind_proxy=config.access.trust_proxy)


async def make_first_user(access: Access) -> None:
    """On a store without users: admin, whose password nobody can read again. Of several daemons one says it."""
    password = await access.users.first()
    if password is not None:
        line = f"{'First login:':<23} {FIRST} {password} (shown this once; change it at /account)"
        try:
            say(line)
        except BrokenPipeError:  # nobody reads stdout; it must not be lost
            note(line)
