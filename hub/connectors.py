"""Opens connectors as providers: those that come with the distribution, and a team's own by their file.

Called by the registry.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import as_file
from pathlib import Path
from typing import Any

from engine.clock import SystemClock
from engine.errors import ConfigInvalid
from hub.connector_files import FOLDER, check_connector
from providers.base import Provider
from providers.connector import Connector
from providers.connector_provider import open_connector

BUILT_IN = ("axerve", "flowpay", "fnmpay", "nexi", "scalapay", "soisy")


def open_built_in(kind: str, name: str, options: Mapping[str, Any]) -> Provider:
    """The provider of a connector that comes with the distribution.

    Raises:
        ConfigInvalid: An option is missing, unknown or wrong.
    """
    return open_connector(name, built_in(kind), options, clock=SystemClock())


def open_own(name: str, options: Mapping[str, Any], base: Path = Path()) -> Provider:
    """The provider of a team's own connector: `file` (from the folder `base`), and the file's options.

    Raises:
        ConfigInvalid: The file is wrong (with its findings), or an option is.
    """
    file = options.get("file")
    if not isinstance(file, str):
        raise ConfigInvalid(f"provider {name}: option file is missing; it names the connector's file")
    given = {key: value for key, value in options.items() if key != "file"}
    return open_connector(name, _loaded(base / file), given, clock=SystemClock())


@cache
def built_in(kind: str) -> Connector:
    """The connector of one of BUILT_IN."""
    with as_file(FOLDER / f"{kind}.yaml") as path:
        return _loaded(path)


def _loaded(path: Path) -> Connector:
    report = check_connector(path)
    if report.connector is None:
        raise ConfigInvalid(f"the connector {path} has errors", report.findings)
    return report.connector
