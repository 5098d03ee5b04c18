from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from adapters.channels.kafka_options import read_settings
from engine.config import load_config
from tests.unit.foreign.flow_manager import codes, config, imported, machine, small, state

KAFKA: dict[str, Any] = {
    "id": "shop",
    "type": "kafka",
    "configurations": {
        "brokers": "one:9092, two:9092",
        "inputTopics": ["in"],
        "outputTopics": ["out"],
        "consumerGroup": "saga",
        "authenticationProperties": {
            "ssl": True,
            "sasl": {
                "mechanism": "plain",
                "username": "{{USER}}",
                "password": {"type": "file", "path": "/s/p"},
            },
        },
    },
}


def rest(**settings: Any) -> dict[str, Any]:
    source = small()
    source["communicationProtocols"][0]["configurations"].update(settings)
    return source


def channel(source: dict[str, Any], name: str = "shop") -> dict[str, Any]:
    found: dict[str, Any] = config(imported(source))["channels"][name]
    return found


def test_the_config_runs_today(tmp_path: Path) -> None:
    result = imported(small())
    (tmp_path / "shop.yaml").write_text(result.machine or "")
    (tmp_path / "config.yaml").write_text(result.config or "")
    loaded = load_config(tmp_path / "config.yaml")
    assert (loaded.store.type, loaded.default_machine, loaded.machines) == (
        "sqlite",
        "shop",
        (tmp_path / "shop.yaml",),
    )
    assert loaded.channels["shop"].options["url"] == "http://shop/tell"


@pytest.mark.parametrize(
    ("settings", "url"),
    [
        ({}, "http://shop/tell"),
        ({"port": 3000}, "http://shop:3000/tell"),
        ({"port": "3000", "protocol": "https"}, "https://shop:3000/tell"),
        ({"path": ""}, "http://shop/"),
        ({"path": "tell/me", "endpoint": "shop/"}, "http://shop/tell/me"),
    ],
)
def test_the_address_is_put_together_as_the_flow_manager_does(settings: dict[str, Any], url: str) -> None:
    assert channel(rest(**settings))["url"] == url


def test_an_address_with_variables_comes_from_one_variable_and_the_report_says_which() -> None:
    result = imported(rest(endpoint="{{SHOP_HOST}}"))
    assert config(result)["channels"]["shop"]["url"] == {"env": "SHOP_URL"}
    (fix,) = [one.fix for one in result.findings if one.code == "put-together"]
    assert fix == "set the environment variable SHOP_URL to http://{{SHOP_HOST}}/tell"


def test_an_address_without_a_host_is_reported() -> None:
    assert "bad-address" in codes(imported(rest(endpoint="/")))


def test_headers_keep_files_and_variables_and_never_a_secret() -> None:
    headers = {
        "x-source": "saga",
        "x-file": {"type": "file", "path": "/secrets/x"},
        "x-variable": "{{SOURCE}}",
        "x-mixed": "Bearer {{SOURCE}}",
        "authorization": "Bearer hunter2",
        "Host": "shop",
    }
    result = imported(rest(headers=headers))
    assert config(result)["channels"]["shop"]["headers"] == {
        "x-source": "saga",
        "x-file": {"file": "/secrets/x"},
        "x-variable": {"env": "SOURCE"},
        "x-mixed": {"env": "SHOP_X_MIXED"},
        "authorization": {"env": "SHOP_AUTHORIZATION"},
    }
    assert set(codes(result)) == {"store-replaced", "put-together", "plain-secret", "header-left-out"}
    assert "hunter2" not in f"{result.machine}{result.config}{result.findings}"


def kafka(**settings: Any) -> dict[str, Any]:
    """A file whose channel is Kafka; None takes a setting away."""
    source = small()
    given = {**KAFKA["configurations"], **settings}
    known = {key: value for key, value in given.items() if value is not None}
    source["communicationProtocols"] = [{**KAFKA, "configurations": known}]
    return source


def test_a_kafka_channel_is_written_in_our_words() -> None:
    result = imported(kafka())
    assert config(result)["channels"]["shop"] == {
        "type": "kafka",
        "brokers": ["one:9092", "two:9092"],
        "inputTopics": ["in"],
        "outputTopics": ["out"],
        "consumerGroup": "saga",
        "security": {
            "protocol": "SASL_SSL",
            "mechanism": "PLAIN",
            "username": {"env": "USER"},
            "password": {"file": "/s/p"},
        },
    }
    assert codes(result) == ["kafka-dead-letters", "store-replaced"]


@pytest.mark.parametrize(
    ("authentication", "security"),
    [
        (None, None),
        ({"ssl": False}, None),
        ({"ssl": True}, {"protocol": "SSL"}),
        (
            {"sasl": {"mechanism": "scram-sha-512", "username": "me", "password": "{{PASSWORD}}"}},
            {
                "protocol": "SASL_PLAINTEXT",
                "mechanism": "SCRAM-SHA-512",
                "username": {"env": "SHOP_USERNAME"},
                "password": {"env": "PASSWORD"},
            },
        ),
        (
            {
                "ssl": {
                    "ca": {"type": "file", "path": "/s/ca"},
                    "cert": {"type": "file", "path": "/s/cert"},
                    "key": {"type": "file", "path": "/s/key"},
                }
            },
            {"protocol": "SSL", "caFile": "/s/ca", "certFile": "/s/cert", "keyFile": "/s/key"},
        ),
    ],
)
def test_how_a_kafka_channel_signs_in_is_said_in_kafka_s_words(
    authentication: dict[str, Any] | None, security: dict[str, Any] | None
) -> None:
    assert channel(kafka(authenticationProperties=authentication)).get("security") == security


def test_what_a_kafka_channel_cannot_do_here_is_left_out_and_reported() -> None:
    tls = {
        "ca": "-----BEGIN hunter2",
        "key": {"type": "file", "path": "/s/key"},
        "passphrase": "hunter2",
        "rejectUnauthorized": False,
    }
    result = imported(kafka(authenticationProperties={"ssl": tls, "sasl": {"mechanism": "aws"}}))
    assert config(result)["channels"]["shop"]["security"] == {"protocol": "SSL"}
    assert codes(result).count("kafka-security") == 4
    assert "hunter2" not in f"{result.config}{result.findings}"


def test_a_kafka_channel_without_a_group_or_topics_is_completed_and_reported() -> None:
    result = imported(kafka(consumerGroup=None))
    assert config(result)["channels"]["shop"]["consumerGroup"] == "shop"
    assert "kafka-incomplete" in codes(result)
    result = imported(kafka(inputTopics=[], outputTopics=None))
    assert config(result)["channels"]["shop"] == {"type": "log"}
    assert "kafka-incomplete" in codes(result)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"authenticationProperties": None, "outputTopics": None},
        {"brokers": "{{BROKERS}}", "inputTopics": ["{{TOPIC}}"], "consumerGroup": "{{GROUP}}"},
        {"brokers": ["{{BROKERS}}"], "authenticationProperties": {"sasl": {"mechanism": "SCRAM-SHA-256"}}},
    ],
)
def test_an_imported_configuration_with_kafka_loads_and_its_channel_opens(
    settings: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("USER", "TOPIC", "GROUP", "SHOP_USERNAME", "SHOP_PASSWORD"):
        monkeypatch.setenv(name, "given")
    monkeypatch.setenv("BROKERS", "one:9092")
    (tmp_path / "password").write_text("secret")
    result = imported(kafka(**settings))
    (tmp_path / "shop.yaml").write_text(result.machine or "")
    (tmp_path / "config.yaml").write_text((result.config or "").replace("/s/p", "password"))
    loaded = load_config(tmp_path / "config.yaml")
    read_settings("shop", loaded.channels["shop"].options, loaded.base)


@pytest.mark.parametrize("name", ["sagas", "my shop", "-shop"])
def test_a_channel_gets_a_name_that_config_yaml_allows(name: str) -> None:
    source = small()
    source["communicationProtocols"][0]["id"] = name
    state(source)["outputCommand"]["channel"] = name
    result = imported(source)
    (bound,) = config(result)["channels"]
    assert bound == {"sagas": "sagas_channel", "my shop": "my_shop", "-shop": "_-shop"}[name]
    assert machine(result).commands["sell"].channel == bound


@pytest.mark.parametrize(
    ("store", "hint"),
    [
        (
            {"type": "mongo", "configurations": {"connectionUri": {"type": "file", "path": "/s/m"}}},
            "{file: /s/m}",
        ),
        ({"type": "mongo", "configurations": {"connectionUri": "{{MONGO}}"}}, "{env: MONGO}"),
        (
            {"type": "mongo", "configurations": {"connectionUri": "mongodb://u:hunter2@h/d"}},
            "{env: MONGODB_URI}",
        ),
        ({"type": "rest", "configurations": {"protocol": "http", "endpoint": "store"}}, "rest"),
        ({"type": "crud", "configurations": {"collectionName": "sagas"}}, "crud"),
    ],
)
def test_sagas_are_kept_in_sqlite_and_the_comment_says_where_they_were(
    store: dict[str, Any], hint: str
) -> None:
    source = small()
    source["persistencyManagement"] = store
    result = imported(source)
    assert config(result)["store"] == {"type": "sqlite", "path": "data/sagaloom.db"}
    (line,) = [line for line in (result.config or "").splitlines() if line.startswith("# Flow Manager:")]
    assert hint in line
    assert codes(result) == ["store-replaced"]
    assert "hunter2" not in f"{result.config}{result.findings}"


def test_sections_that_are_missing_are_made_up_for() -> None:
    source = {"machineDefinition": small()["machineDefinition"]}
    result = imported(source)
    assert config(result)["channels"] == {"shop": {"type": "log"}}
    assert codes(result) == ["section-missing", "section-missing"]
