"""config.yaml: read, checked with findings as machines are, and turned into values. Knows no adapter.

Called by the command line; `assembly` runs on the result.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, cast

from engine.config_file import ConfigFile, open_config, size_of
from engine.errors import ConfigInvalid
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
    """Where the daemon listens; `max_body` is in bytes."""

    host: str = "127.0.0.1"
    port: int = 8080
    max_body: int = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """A checked configuration. `base` is the folder that relative paths in options start from."""

    store: Binding
    machines: tuple[Path, ...]
    default_machine: str | None = None
    http: HttpConfig = HttpConfig()
    log_level: LogLevel = "info"
    channels: Mapping[str, Binding]
    providers: Mapping[str, Binding] = field(default_factory=dict)
    base: Path


BUILT_IN_CHANNELS: Mapping[str, Binding] = {
    "payments": Binding(type="payments"),
    "notifications": Binding(type="log"),
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
    http = data.get("http", {})
    return Config(
        store=_binding(file, base, ("store",)) if "store" in data else _default_store(),
        machines=_machines(file, base) if "machines" in data else (HOUSE / "machines",),
        default_machine=data.get("defaultMachine"),
        http=HttpConfig(
            host=http.get("host", "127.0.0.1"),
            port=int(http.get("port", 8080)),
            max_body=size_of(http.get("maxBody", 1_000_000)),
        ),
        log_level=cast("LogLevel", data.get("log", {}).get("level", "info")),
        channels=_bindings(file, base, "channels") if "channels" in data else BUILT_IN_CHANNELS,
        providers=_bindings(file, base, "providers"),
        base=base,
    )


def _default_store() -> Binding:
    return Binding(type="sqlite", options=Options(path=STORE_PATH))


def _machines(file: ConfigFile, base: Path) -> tuple[Path, ...]:
    found = tuple(base / name for name in file.data["machines"])
    for index, path in enumerate(found):
        if not path.exists():
            file.missing(("machines", index), f"{path} is not there")
    return found


def _bindings(file: ConfigFile, base: Path, key: str) -> dict[str, Binding]:
    return {name: _binding(file, base, (key, name)) for name in file.data.get(key, {})}


def _binding(file: ConfigFile, base: Path, at: tuple[str, ...]) -> Binding:
    written: Any = file.data
    for step in at:
        written = written[step]
    options = {name: value for name, value in written.items() if name != "type"}
    return Binding(type=written["type"], options=resolve(options, base=base, at=at, complain=file.missing))
