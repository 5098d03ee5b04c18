"""What a Flow Manager configuration looks like, by its documentation (versions 2.0 to 2.7), and whether a file does.

What is missing or of a wrong type is an error; a key that the documentation does not know is a warning.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from engine.definition.reporter import Reporter
from engine.definition.structure import check_against
from engine.definition.tree import Path, shorten

Schema = Mapping[str, Any]

TEXT: Schema = {"type": "string"}
_ID: Schema = {"oneOf": [{"type": "string", "minLength": 1}, {"type": "integer"}]}
_NAME: Schema = {"type": "string", "minLength": 1}
_BOOLEAN: Schema = {"type": "boolean"}
_ANYTHING: Schema = {}
_TEXTS: Schema = {"type": "array", "items": TEXT}


def _object(properties: Mapping[str, Schema], *required: str) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required)}


def _list(items: Schema) -> dict[str, Any]:
    return {"type": "array", "items": items}


_FILE_SECRET = _object({"type": {"type": "string", "enum": ["file"]}, "path": _NAME}, "type", "path")
_SECRET_TEXT: Schema = {"oneOf": [TEXT, _FILE_SECRET]}
_HEADERS: Schema = {"type": "object", "additionalProperties": _SECRET_TEXT}
_HOOK = _object({"type": TEXT, "encoding": TEXT, "content": TEXT})

_COMMAND = _object({"channel": _NAME, "label": _NAME, "hook": _HOOK}, "channel", "label")
_TRANSITION = _object(
    {
        "inputEvent": _NAME,
        "targetState": _NAME,
        "businessEventId": _ID,
        "payloadValidationSchema": {"type": "object"},
    },
    "inputEvent",
    "targetState",
)
_STATE = _object(
    {
        "id": _NAME,
        "description": TEXT,
        "isFinal": _BOOLEAN,
        "businessStateId": _ID,
        "outputCommand": _COMMAND,
        "sideEffects": _list(_COMMAND),
        "outgoingTransitions": _list(_TRANSITION),
    },
    "id",
    "businessStateId",
)
_BUSINESS = _object({"id": _ID, "name": TEXT, "description": TEXT}, "id")
_MACHINE = _object(
    {
        "initialState": _NAME,
        "creationEvent": _NAME,
        "states": {**_list(_STATE), "minItems": 1},
        "businessStates": _list(_BUSINESS),
        "businessEvents": _list(_BUSINESS),
    },
    "initialState",
    "creationEvent",
    "states",
    "businessStates",
)

_ADDRESS: Mapping[str, Schema] = {
    "protocol": {"type": "string", "enum": ["http", "https"]},
    "endpoint": _NAME,
    "method": {"type": "string", "enum": ["POST", "PUT", "PATCH"]},
    "path": TEXT,
    "headers": _HEADERS,
    "port": _ID,
}
_SSL = _object({"ca": _SECRET_TEXT, "key": _SECRET_TEXT, "passphrase": _SECRET_TEXT, "cert": _SECRET_TEXT,
                "rejectUnauthorized": _BOOLEAN})  # fmt: skip
_SASL = _object({"mechanism": TEXT, "username": _SECRET_TEXT, "password": _SECRET_TEXT})
_SECURITY = _object({"ssl": {"oneOf": [_BOOLEAN, _SSL]}, "sasl": _SASL})
REST = _object(_ADDRESS, "protocol", "endpoint", "method")
KAFKA = _object(
    {
        "brokers": {"oneOf": [_TEXTS, TEXT, _FILE_SECRET]},
        "inputTopics": _TEXTS,
        "outputTopics": _TEXTS,
        "consumerGroup": TEXT,
        "authenticationProperties": _SECURITY,
    },
    "brokers",
)
_CHANNEL = _object(
    {
        "id": _NAME,
        "type": {"type": "string", "enum": ["rest", "kafka"]},
        "configurations": {"type": "object"},
    },
    "id",
    "type",
    "configurations",
)
_MONGO = _object({"connectionUri": _SECRET_TEXT, "collectionName": TEXT})
_REST_STORE = _object(_ADDRESS)
_CRUD_STORE = _object(
    {"protocol": TEXT, "host": TEXT, "port": _ID, "collectionName": TEXT, "headers": _HEADERS}
)
STORES: Mapping[str, Schema] = {"mongo": _MONGO, "rest": _REST_STORE, "crud": _CRUD_STORE}
_STORE = _object(
    {"type": {"type": "string", "enum": list(STORES)}, "configurations": {"type": "object"}}, "type"
)
_SETTINGS = _object(
    {
        "deepMergeMetadata": _object({"enabled": _BOOLEAN, "hook": _HOOK}),
        "throwOnUnexpectedEvents": _BOOLEAN,
    }
)
FILE = _object(
    {
        "$schema": _ANYTHING,
        "communicationProtocols": _list(_CHANNEL),
        "persistencyManagement": _STORE,
        "machineDefinition": _MACHINE,
        "settings": _SETTINGS,
    },
    "machineDefinition",
)


def check_shape(data: Any, report: Reporter) -> None:
    """Report whatever does not fit the documentation."""
    if isinstance(data, dict) and "machineDefinition" not in data and "states" in data:
        fix = 'put it into {"machineDefinition": ...}: this seems to be the machine definition alone'
        report.report("missing-key", (), "the file has no machineDefinition", fix=fix)
        return
    for value, schema, path in _parts(data):
        check_against(value, schema, report, path)
        _unknown_keys(value, schema, path, report)


def _parts(data: Any) -> Iterator[tuple[Any, Schema, Path]]:
    """The file, and the parts whose shape depends on a `type`."""
    yield data, FILE, ()
    if not isinstance(data, dict):
        return
    channels = data.get("communicationProtocols")
    for index, channel in enumerate(channels if isinstance(channels, list) else ()):
        kind = {"rest": REST, "kafka": KAFKA}.get(_kind(channel))
        if kind and isinstance(channel.get("configurations"), dict):
            path = ("communicationProtocols", index, "configurations")
            yield channel["configurations"], kind, path
    store = data.get("persistencyManagement")
    settings = STORES.get(_kind(store))
    if settings and isinstance(store, dict) and isinstance(store.get("configurations"), dict):
        yield store["configurations"], settings, ("persistencyManagement", "configurations")


def _kind(part: Any) -> str:
    return str(part.get("type")) if isinstance(part, dict) else ""


def _unknown_keys(value: Any, schema: Schema, path: Path, report: Reporter) -> None:
    for choice in schema.get("oneOf", (schema,)):
        if choice.get("type") == "object" and isinstance(value, dict):
            _unknown_in(value, choice, path, report)
        elif choice.get("type") == "array" and isinstance(value, list):
            for index, part in enumerate(value):
                _unknown_keys(part, choice.get("items", _ANYTHING), (*path, index), report)


def _unknown_in(value: Mapping[str, Any], schema: Schema, path: Path, report: Reporter) -> None:
    known: Mapping[str, Schema] = schema.get("properties", {})
    for key, part in value.items() if known else ():
        if key in known:
            _unknown_keys(part, known[key], (*path, key), report)
            continue
        message = f"the key {shorten(key)} is not carried over: the Flow Manager's documentation has none"
        report.report(
            "unknown-key", (*path, key), message, fix=report.nearest(key, known), key=True, severity="warning"
        )
