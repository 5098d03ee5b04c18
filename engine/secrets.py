"""Secrets of config.yaml: `{file: path}` and `{env: NAME}` become their values, which no repr shows.

Called by `config` only. A secret is read once, at start.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

HIDDEN = "***"
SIZE_LIMIT = 64 * 1024
"""Bytes of a secret file: a key or a certificate is far smaller, a wrong path may be far larger."""

At = tuple[str | int, ...]
Complain = Callable[[At, str], None]
"""Called with the place in the file and a sentence when a secret cannot be read."""


class Secret(str):
    """A text whose repr is `'***'`, so that what logs or raises with a container does not show it.

    `str()` and formatting give the value: drivers and HTTP clients call them.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(HIDDEN)


class Options(dict[str, Any]):
    """Options of a channel, a provider or the store: repr and str show the names and no value."""

    def __repr__(self) -> str:
        return f"Options({', '.join(self)})"


def resolve(value: Any, *, base: Path, at: At, complain: Complain) -> Any:
    """The value with every secret in it read; mappings become `Options`.

    `base` is the folder that relative paths start from. One that is missing is complained about and
    stands as an empty text.
    """
    if isinstance(value, Mapping):
        if is_secret(value):
            return _read(value, base, at, complain)
        return Options(
            (key, resolve(one, base=base, at=(*at, key), complain=complain)) for key, one in value.items()
        )
    if isinstance(value, list):
        return [resolve(one, base=base, at=(*at, i), complain=complain) for i, one in enumerate(value)]
    return value


def is_secret(value: Mapping[str, Any]) -> bool:
    """True for `{file: path}` and `{env: NAME}`, whatever else the mapping stands in."""
    return len(value) == 1 and isinstance(value.get("file", value.get("env")), str)


def _read(value: Mapping[str, Any], base: Path, at: At, complain: Complain) -> Secret:
    if "env" in value:
        return _from_environment(value["env"], at, complain)
    return _from_file(base / value["file"], at, complain)


def _from_environment(name: str, at: At, complain: Complain) -> Secret:
    found = os.environ.get(name, "")
    if not found:
        complain((*at, "env"), f"the environment variable {name} is not set")
    return Secret(found)


def _from_file(path: Path, at: At, complain: Complain) -> Secret:
    try:
        with path.open("rb") as file:
            raw = file.read(SIZE_LIMIT + 1)
        text = raw.decode()
    except OSError as error:
        complain((*at, "file"), f"the secret file {path} cannot be read: {error.strerror}")
        return Secret()
    except UnicodeDecodeError:
        complain((*at, "file"), f"the secret file {path} is not UTF-8 text")
        return Secret()
    return _checked(text, len(raw), path, at, complain)


def _checked(text: str, size: int, path: Path, at: At, complain: Complain) -> Secret:
    stripped = text.removesuffix("\n").removesuffix("\r")
    if size > SIZE_LIMIT:
        complain((*at, "file"), f"the secret file {path} is larger than {SIZE_LIMIT // 1024} kB")
    elif not stripped:
        complain((*at, "file"), f"the secret file {path} is empty")
    return Secret(stripped)
