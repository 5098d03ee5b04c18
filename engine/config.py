"""config.yaml: read, checked with findings as machines are, and turned into values. Knows no adapter.

Called by the command line; `assembly` runs on the result.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, cast
from urllib.parse import urlsplit

from engine.config_file import ConfigFile, open_config, size_of
from engine.definition.durations import milliseconds
from engine.errors import ConfigInvalid
from engine.model import Json, Millis
from engine.secrets import Options, resolve

LogLevel = Literal["debug", "info", "warning", "error"]

HOUSE = Path(__file__).resolve().parent.parent
STORE_PATH = "data/sagaloom.db"
STORE_NAME = "sagaloom.db"


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """A name bound to an adapter: its type, and its options with secrets read. The repr shows no option."""

    type: str
    options: Mapping[str, Any] = field(default_factory=Options, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpConfig:
    """Where the daemon listens, and what is read there.

    Attributes:
        max_body: In bytes.
        public: The URL under which payment providers and customers reach the daemon, if it is told.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    max_body: int = 1_000_000
    public: str | None = None

    @property
    def public_url(self) -> str | None:
        """`public`, else the loopback address; None as long as the port is not known. No slash at its end."""
        if self.public is None:
            return f"http://127.0.0.1:{self.port}" if self.port else None
        return self.public.rstrip("/")

    @property
    def public_hosts(self) -> tuple[str, ...]:
        """The name in `public`, which requests through a proxy carry; empty without it."""
        name = urlsplit(self.public or "").hostname
        return (name,) if name else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class JobConfig:
    """A saga of `machine` that is started at the moments of `cron` in `timezone`.

    `catch_up`: how far back a daemon that starts looks for a moment that all daemons missed.
    """

    cron: str
    timezone: str = "UTC"
    catch_up: Millis = 3_600_000
    machine: str
    metadata: Json = field(default_factory=dict, repr=False)
    entity_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessConfig:
    """Who may come in.

    Attributes:
        enabled: The API asks who it is; None: the file does not say.
        trust_proxy: The caller's address is the last one of X-Forwarded-For.
    """

    enabled: bool | None = None
    trust_proxy: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """A checked configuration. `base` is the folder that relative paths in options start from.

    `variables`: by machine, other values of its `variables`.
    `routing`, `checkout`, `gateway`, `mail`, `sms`, `messages`, `merchant`, `files` and `invoices` are as the file has
    them, secrets read: hub/ knows what they mean.
    """

    store: Binding
    machines: tuple[Path, ...]
    default_machine: str | None = None
    http: HttpConfig = HttpConfig()
    access: AccessConfig = AccessConfig()
    log_level: LogLevel = "info"
    variables: Mapping[str, Json] = field(default_factory=dict)
    channels: Mapping[str, Binding]
    providers: Mapping[str, Binding] = field(default_factory=dict)
    routing: Sequence[Mapping[str, Any]] = ()
    checkout: Mapping[str, Any] = field(default_factory=Options)
    gateway: Mapping[str, Any] = field(default_factory=Options, repr=False)
    mail: Mapping[str, Any] = field(default_factory=Options, repr=False)
    sms: Mapping[str, Any] = field(default_factory=Options, repr=False)
    messages: Mapping[str, Any] = field(default_factory=Options, repr=False)
    merchant: Mapping[str, Any] = field(default_factory=Options, repr=False)
    files: Mapping[str, Any] = field(default_factory=Options)
    invoices: Mapping[str, Any] = field(default_factory=Options)
    jobs: Mapping[str, JobConfig] = field(default_factory=dict)
    base: Path


BUILT_IN_CHANNELS: Mapping[str, Binding] = {
    "payments": Binding(type="payments"),
    "notifications": Binding(type="log"),
    "merchant": Binding(type="log"),
    "warehouse": Binding(type="python", options=Options(handler="adapters.channels.demo:warehouse")),
    "couriers": Binding(type="python", options=Options(handler="adapters.channels.demo:couriers")),
}
"""What the shipped machines need, so that they run without a config."""


def load_config(path: Path | None, *, data: Path | None = None) -> Config:
    """The configuration in the file at `path`; None: the built-in one, on the shipped machines.

    `data`: keep the embedded store in this folder, whatever the file says.

    Raises:
        ConfigInvalid: `findings` tells what is wrong, and where.
    """
    config = _built_in() if path is None else _from_file(path)
    return config if data is None else _moved(config, data)


def _built_in() -> Config:
    return Config(
        store=_default_store(),
        machines=(HOUSE / "machines",),
        default_machine="payment",
        channels=BUILT_IN_CHANNELS,
        base=Path.cwd(),
    )


def _moved(config: Config, data: Path) -> Config:
    """With the store in the folder `data`, under the name that the config gives it."""
    if config.store.type != "sqlite":
        raise ConfigInvalid(
            f"--data is for the store type sqlite; the configuration says {config.store.type}"
        )
    name = Path(str(config.store.options.get("path", STORE_NAME))).name
    return replace(config, store=Binding(type="sqlite", options=Options(path=str(data.resolve() / name))))


def _from_file(path: Path) -> Config:
    file = open_config(path)
    config = _config(file, path.resolve().parent)
    file.refuse_if_wrong()
    return config


def _config(file: ConfigFile, base: Path) -> Config:
    """The values of a file whose shape is right; what is missing outside is reported to the file."""
    data = file.data
    http, access = data.get("http", {}), data.get("access", {})
    return Config(
        store=_binding(file, base, ("store",)) if "store" in data else _default_store(),
        machines=_machines(file, base) if "machines" in data else (HOUSE / "machines",),
        default_machine=data.get("defaultMachine"),
        http=HttpConfig(
            host=http.get("host", "127.0.0.1"),
            port=int(http.get("port", 8080)),
            max_body=size_of(http.get("maxBody", 1_000_000)),
            public=http.get("publicUrl"),
        ),
        access=AccessConfig(enabled=access.get("enabled"), trust_proxy=access.get("trustProxy", False)),
        log_level=cast("LogLevel", data.get("log", {}).get("level", "info")),
        variables=data.get("variables", {}),
        channels=_channels(file, base),
        providers=_bindings(file, base, "providers"),
        routing=data.get("routing", ()),
        files=data.get("files", {}),
        invoices=data.get("invoices", {}),
        **{
            name: resolve(data.get(name, {}), base=base, at=(name,), complain=file.missing)
            for name in ("checkout", "gateway", "mail", "sms", "messages", "merchant")
        },
        jobs={name: _job(written) for name, written in data.get("jobs", {}).items()},
        base=base,
    )


def _channels(file: ConfigFile, base: Path) -> Mapping[str, Binding]:
    """What the file binds; without it the built-in ones, with messages for a log where they can be sent.

    `merchant` is always there: machines/payment.yaml names it, and uses it only where a merchant is configured.
    """
    if "channels" in file.data:
        return {"merchant": BUILT_IN_CHANNELS["merchant"], **_bindings(file, base, "channels")}
    if "mail" in file.data or "sms" in file.data:
        return {**BUILT_IN_CHANNELS, "notifications": Binding(type="messages")}
    return BUILT_IN_CHANNELS


def _default_store() -> Binding:
    return Binding(type="sqlite", options=Options(path=STORE_PATH))


def _machines(file: ConfigFile, base: Path) -> tuple[Path, ...]:
    found = tuple(base / name for name in file.data["machines"])
    for index, path in enumerate(found):
        if not path.exists():
            file.missing(("machines", index), f"{path} is not there")
    return found


def _job(written: Mapping[str, Any]) -> JobConfig:
    start = written["start"]
    return JobConfig(
        cron=written["cron"],
        timezone=written.get("timezone", "UTC"),
        catch_up=milliseconds(written.get("catchUp", "1h")),
        machine=start["machine"],
        metadata=start.get("metadata", {}),
        entity_id=start.get("associatedEntityId", ""),
    )


def _bindings(file: ConfigFile, base: Path, key: str) -> dict[str, Binding]:
    return {name: _binding(file, base, (key, name)) for name in file.data.get(key, {})}


def _binding(file: ConfigFile, base: Path, at: tuple[str, ...]) -> Binding:
    written: Any = file.data
    for step in at:
        written = written[step]
    # One by one: options that are `file` alone are no secret, but a connector's file.
    options = Options(
        (name, resolve(value, base=base, at=(*at, name), complain=file.missing))
        for name, value in written.items()
        if name != "type"
    )
    return Binding(type=written["type"], options=options)
