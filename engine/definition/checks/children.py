"""The built-in channel `sagas`: what a request to it has to say. Which machines there are is not known here."""

from __future__ import annotations

from typing import Any

from engine.definition.lines import Plain
from engine.definition.reporter import Reporter
from engine.definition.tree import Path, shorten

SAGAS = "sagas"
"""Needs no binding in config.yaml."""

_START = ("start", "metadata", "sagaId", "entityId")
_TELL = ("tell", "event", "payload", "machine")
_TEXTS = frozenset(("start", "sagaId", "entityId", "tell", "event", "machine"))
_SHAPE = "write {start: MACHINE, metadata: {...}} or {tell: SAGA, event: EVENT, payload: {...}}"


def check_saga_requests(machine: Plain, report: Reporter) -> None:
    """A request to `sagas` starts a saga, or tells one an event."""
    for group in ("commands", "sideEffects"):
        for name, part in machine.get(group, {}).items():
            if part["channel"] == SAGAS:
                _check(part, (group, name), report)


def _check(part: Plain, path: Path, report: Reporter) -> None:
    payload = part.get("payload")
    if payload is None:
        _report(path, f"{path[-1]} asks other sagas and has no payload", _SHAPE, report)
        return
    path = (*path, "payload")
    if ("start" in payload) == ("tell" in payload):
        both = "says both start and tell" if "start" in payload else "says neither start nor tell"
        _report(path, f"the request {both}", _SHAPE, report)
    elif "tell" in payload and "event" not in payload:
        _report(path, "the request tells a saga nothing: it has no event", "add event: EVENT", report)
    else:
        _check_parts(payload, _START if "start" in payload else _TELL, path, report)


def _check_parts(payload: dict[str, Any], known: tuple[str, ...], path: Path, report: Reporter) -> None:
    for key, value in payload.items():
        at = (*path, key)
        if key not in known:
            fix = report.nearest(key, known) or f"known are {', '.join(known)}"
            _report(at, f"a request with {known[0]} has no {shorten(key)}", fix, report, key=True)
        elif key in _TEXTS and not (isinstance(value, str) and value):
            _report(at, f"{key} is no text", "write a name, or a {{ template }}", report)
        elif key not in _TEXTS and not _may_be_mapping(value):
            _report(at, f"{key} is no mapping", "write a mapping, or one whole {{ expression }}", report)


def _may_be_mapping(value: Any) -> bool:
    return isinstance(value, dict) or (isinstance(value, str) and value.strip().startswith("{{"))


def _report(path: Path, message: str, fix: str, report: Reporter, *, key: bool = False) -> None:
    report.report("bad-saga-request", path, message, fix=fix, key=key)
