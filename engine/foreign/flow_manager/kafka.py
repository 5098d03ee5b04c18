"""A Kafka channel of the Flow Manager in the words of config.yaml. Called by `config` only.

What KafkaJS takes as `ssl` and `sasl` becomes `security`, in Kafka's own words.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.definition.tree import Path
from engine.foreign.flow_manager.remarks import Remarks
from engine.foreign.flow_manager.secrets import binding, variable_name

Plain = Mapping[str, Any]
_FILES: Mapping[str, str] = {"ca": "caFile", "cert": "certFile", "key": "keyFile"}
_MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")


def kafka_channel(settings: Plain, name: str, path: Path, remarks: Remarks) -> dict[str, Any]:
    """The channel's line; one that has no topic at all only logs."""
    topics = {key: _topics(settings, key, name, path, remarks) for key in ("outputTopics", "inputTopics")}
    topics = {key: found for key, found in topics.items() if found}
    if not topics:
        message = f"the channel {name} has no topics; it only logs"
        remarks.add("kafka-incomplete", path, message, fix="write outputTopics, inputTopics or both")
        return {"type": "log"}
    written = {"type": "kafka", "brokers": _brokers(settings["brokers"], name, path, remarks), **topics}
    if "inputTopics" in topics:
        written["consumerGroup"] = _group(settings, name, path, remarks)
        message = (
            "what is no event goes to a topic of its own, which has to be there: <input topic>.dead-letter"
        )
        remarks.add(
            "kafka-dead-letters",
            (*path, "inputTopics"),
            message,
            fix="create it, or name one as deadLetterTopic",
        )
    given = settings.get("authenticationProperties", {})
    security = _security(given, name, (*path, "authenticationProperties"), remarks)
    return {**written, "security": security} if security else written


def _topics(settings: Plain, key: str, name: str, path: Path, remarks: Remarks) -> list[Any]:
    return [
        binding(topic, (*path, key, index), variable_name(name, key, str(index)), remarks)
        for index, topic in enumerate(settings.get(key, ()))
    ]


def _brokers(brokers: Any, name: str, path: Path, remarks: Remarks) -> Any:
    if isinstance(brokers, str) and "{{" not in brokers:
        return [broker.strip() for broker in brokers.split(",") if broker.strip()]
    if not isinstance(brokers, list):
        return binding(brokers, (*path, "brokers"), variable_name(name, "brokers"), remarks)
    return [
        binding(broker, (*path, "brokers", index), variable_name(name, "broker", str(index)), remarks)
        for index, broker in enumerate(brokers)
    ]


def _group(settings: Plain, name: str, path: Path, remarks: Remarks) -> Any:
    group = settings.get("consumerGroup")
    if group:
        return binding(group, (*path, "consumerGroup"), variable_name(name, "consumerGroup"), remarks)
    message = f"the channel {name} has inputTopics and no consumerGroup; it is {name}"
    remarks.add("kafka-incomplete", path, message, fix="write the group whose offsets count")
    return name


def _security(given: Plain, name: str, path: Path, remarks: Remarks) -> dict[str, Any]:
    """`security`, empty for a plain connection."""
    sasl, tls = given.get("sasl"), given.get("ssl")
    encrypted = tls is True or isinstance(tls, dict)
    signed_in = _sasl(sasl, name, (*path, "sasl"), remarks) if sasl else {}
    files = _tls(tls, (*path, "ssl"), remarks) if isinstance(tls, dict) else {}
    protocol = f"{'SASL_' if signed_in else ''}{'SSL' if encrypted else 'PLAINTEXT'}"
    return {"protocol": protocol, **signed_in, **files} if signed_in or encrypted else {}


def _sasl(sasl: Plain, name: str, path: Path, remarks: Remarks) -> dict[str, Any]:
    mechanism = str(sasl.get("mechanism", "plain")).upper()
    if mechanism not in _MECHANISMS:
        message = f"the mechanism is none of {', '.join(_MECHANISMS)}"
        _left_out(remarks, (*path, "mechanism"), message, fix="sign in by one of these: security.mechanism")
        return {}
    signed_in = {"mechanism": mechanism}
    return signed_in | {
        key: binding(sasl[key], (*path, key), variable_name(name, key), remarks, secret=True)
        if key in sasl
        else {"env": variable_name(name, key)}
        for key in ("username", "password")
    }


def _tls(tls: Plain, path: Path, remarks: Remarks) -> dict[str, Any]:
    files = {}
    for key, option in _FILES.items():
        if key not in tls:
            continue
        if isinstance(tls[key], dict):
            files[option] = tls[key]["path"]
            continue
        message = "the certificate or key stands in a text; here it is read from a file"
        _left_out(
            remarks, (*path, key), message, fix=f"write it to a file and name that as security.{option}"
        )
    if "keyFile" in files and "certFile" not in files:
        del files["keyFile"]  # one without the other is refused; the remark says what is missing
    if "passphrase" in tls:
        message = "a key that is encrypted cannot be used"
        _left_out(
            remarks, (*path, "passphrase"), message, fix="decrypt it, and let nobody else read the file"
        )
    if tls.get("rejectUnauthorized") is False:
        message = "the brokers' certificates are always checked here"
        _left_out(
            remarks, (*path, "rejectUnauthorized"), message, fix="name their authority as security.caFile"
        )
    return files


def _left_out(remarks: Remarks, path: Path, message: str, *, fix: str) -> None:
    remarks.add("kafka-security", path, message, fix=fix)
