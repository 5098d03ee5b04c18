"""The part of config.yaml that belongs to an imported machine: channels and store."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from engine.definition.tree import Path, shorten
from engine.foreign.flow_manager.kafka import kafka_channel
from engine.foreign.flow_manager.references import requests, states
from engine.foreign.flow_manager.remarks import Remarks
from engine.foreign.flow_manager.secrets import binding, is_telling, variable_name
from engine.foreign.naming import Names, as_channel

Plain = Mapping[str, Any]
_ENGINES_OWN = ("idempotency-key", "saga-id", "host", "content-length", "transfer-encoding", "connection")


def channel_names(data: Plain, remarks: Remarks) -> dict[str, str]:
    """The Flow Manager's id of each channel -> its name here."""
    free, names = Names(), {}
    for path, channel in _declared(data):
        name = free.take(as_channel(channel, "channel"))
        names[channel] = name
        if name != channel:
            message = f"the channel {shorten(channel)} is called {name} now"
            remarks.add("name-changed", path, message)
    return names


def config_of(
    data: Plain, machine_file: str, machine: str, names: Mapping[str, str], remarks: Remarks
) -> Any:
    """The data of config.yaml."""
    channels = {
        names[channel["id"]]: _channel(
            channel, names[channel["id"]], ("communicationProtocols", index), remarks
        )
        for index, channel in enumerate(data.get("communicationProtocols", ()))
    }
    if "communicationProtocols" not in data and names:
        channels = {name: {"type": "log"} for name in names.values()}
        message = "the file has no communicationProtocols; every channel only logs"
        remarks.add(
            "section-missing", (), message, fix="bind the channels in config.yaml to what they stand for"
        )
    _note_store(data, machine, remarks)
    return {
        "store": {"type": "sqlite", "path": "data/sagaloom.db"},
        "machines": [machine_file],
        "defaultMachine": machine,
        "channels": channels,
    }


def _declared(data: Plain) -> list[tuple[Path, str]]:
    """The channels of the file, or where it has none those that its states name."""
    if "communicationProtocols" in data:
        channels = enumerate(data["communicationProtocols"])
        return [(("communicationProtocols", index, "id"), channel["id"]) for index, channel in channels]
    named = {
        request["channel"]: (*where, "channel")
        for path, state in states(data["machineDefinition"])
        for where, request in requests(state, path)
    }
    return [(path, channel) for channel, path in named.items()]


def _channel(channel: Plain, name: str, path: Path, remarks: Remarks) -> dict[str, Any]:
    settings, at = channel["configurations"], (*path, "configurations")
    if channel["type"] == "kafka":
        return kafka_channel(settings, name, at, remarks)
    written: dict[str, Any] = {
        "type": "rest",
        "url": _url(settings, name, at, remarks),
        "method": settings["method"],
        "headers": _headers(settings.get("headers", {}), name, (*at, "headers"), remarks),
    }
    return {key: value for key, value in written.items() if value != {}}


def _url(settings: Plain, name: str, path: Path, remarks: Remarks) -> Any:
    port = f":{settings['port']}" if settings.get("port") not in (None, "") else ""
    way = settings.get("path") or "/"
    url = f"{settings['protocol']}://{settings['endpoint'].rstrip('/')}{port}{'' if way[0] == '/' else '/'}{way}"
    if "{{" in url:
        variable = variable_name(name, "url")
        fix = f"set the environment variable {variable} to {url}"
        message = "the address is put together from variables, which config.yaml cannot do"
        remarks.add("put-together", (*path, "endpoint"), message, fix=fix)
        return {"env": variable}
    if not _has_host(url):
        fix = f"write the address of {name} into config.yaml"
        remarks.add(
            "bad-address", (*path, "endpoint"), "the address has no host that could be called", fix=fix
        )
    return url


def _has_host(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and parts.port != 0 and not any(sign.isspace() for sign in url)
    except ValueError:
        return False


def _headers(headers: Plain, name: str, path: Path, remarks: Remarks) -> dict[str, Any]:
    written = {}
    for header, value in headers.items():
        if header.lower() in _ENGINES_OWN:
            message = f"the header {shorten(header)} is left out: the engine sets it itself"
            remarks.add("header-left-out", (*path, header), message, key=True)
            continue
        variable = variable_name(name, header)
        written[header] = binding(value, (*path, header), variable, remarks, secret=is_telling(header))
    return written


def _note_store(data: Plain, machine: str, remarks: Remarks) -> None:
    store = data.get("persistencyManagement")
    if store is None:
        message = "the file has no persistencyManagement; sagas are kept in SQLite"
        remarks.add("section-missing", (), message)
        return
    kind, path = store["type"], ("persistencyManagement",)
    message = f"sagas are kept in SQLite here, not by {kind}; those that are there are not taken over"
    if kind == "mongo":
        settings = store.get("configurations", {})
        shown = _shown(
            settings.get("connectionUri", "{{MONGODB_URI}}"), machine, settings.get("collectionName")
        )
        remarks.comment(
            ("store",),
            f"Flow Manager: MongoDB. To keep sagas there, and to carry on those that are there: {shown}",
        )
        fix = "config.yaml has the line for MongoDB as a comment; docs/stores.md says what becomes of the sagas there"
    else:
        remarks.comment(("store",), f"Flow Manager: {kind}, which has no counterpart.")
        fix = "what reads the sagas there must ask GET /api/v1/sagas/{sagaId} instead"
    remarks.add("store-replaced", path, message, fix=fix, key=True)


def _shown(uri: Any, machine: str, collection: Any) -> str:
    """The store's line, without what may be a secret: an address in plain sight may hold a password."""
    kept = f", collections: {{{machine}: {collection}}}" if collection else ""
    if isinstance(uri, dict):
        return f"{{type: mongo, uri: {{file: {uri['path']}}}{kept}}}"
    name = (
        uri.strip("{} ")
        if uri.startswith("{{") and uri.endswith("}}") and uri.count("{{") == 1
        else "MONGODB_URI"
    )
    return f"{{type: mongo, uri: {{env: {name}}}{kept}}}"
