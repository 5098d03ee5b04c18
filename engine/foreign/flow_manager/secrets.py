"""Texts of a Flow Manager file that may hold a secret: by file, by variable, or in plain sight.

Nothing that may be a secret is copied into a file or into a message.
"""

from __future__ import annotations

import re
from typing import Any

from engine.definition.tree import Path
from engine.foreign.flow_manager.remarks import Remarks

_VARIABLE = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}")
_TELLING = re.compile(r"auth|cookie|secret|token|passw|passphrase|credential|api-?_?key|signature", re.I)


def binding(value: Any, path: Path, variable: str, remarks: Remarks, *, secret: bool = False) -> Any:
    """What config.yaml says instead: a text, `{file: path}` or `{env: NAME}`.

    Args:
        variable: The environment variable to name where there is none yet.
        secret: The text is a secret if it stands there in plain sight.
    """
    if isinstance(value, bool):
        return value
    if isinstance(value, dict):
        return {"file": value["path"]}
    if whole := _VARIABLE.fullmatch(value):
        return {"env": whole[1]}
    if "{{" in value:
        message = "the text is put together from variables, which config.yaml cannot do"
        fix = f"set the environment variable {variable} to the whole text"
        remarks.add("put-together", path, message, fix=fix)
        return {"env": variable}
    if secret:
        message = "a secret stands in the file in plain sight; it is not copied"
        fix = f"set the environment variable {variable} to it, or write {{file: PATH}}"
        remarks.add("plain-secret", path, message, fix=fix)
        return {"env": variable}
    return value


def is_telling(name: str) -> bool:
    """Whether a header or key of that name usually holds a secret."""
    return _TELLING.search(name) is not None


def variable_name(*parts: str) -> str:
    """An environment variable for a place in the config: ("pay", "authorization") -> PAY_AUTHORIZATION."""
    joined = re.sub(r"[^A-Z0-9]+", "_", "_".join(parts).upper()).strip("_") or "VALUE"
    return f"_{joined}" if joined[0].isdigit() else joined
