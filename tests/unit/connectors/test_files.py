"""Connector files: what is wrong is told with its line and a sentence; built-in ones agree with config.yaml's schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from commands.validate import command
from engine.errors import ConfigInvalid
from hub.connector_files import check_connector, connector_schema
from hub.connectors import BUILT_IN, built_in, open_built_in
from hub.registry import open_providers
from tests.architecture.source import ROOT
from tests.docs.pages import page

GOOD = """\
connector: mypsp
options:
  baseUrl: {default: "https://api.mypsp.example"}
  apiKey: {}
  note: {optional: true}
capabilities:
  methods: {credit-cards: card}
amounts: minor
errors: {}
statuses: {accepted: [paid]}
pay:
  request: POST {option.baseUrl}/charges
  body: {amount: "{amount}", id: "{key}"}
  idempotency: {field: id}
  answer: {paymentId: "{answer.id}", status: "{answer.state}"}
"""


def check(folder: Path, text: str) -> list[tuple[str, int, str]]:
    file = folder / "mypsp.yaml"
    file.write_text(text)
    return [(one.code, one.line, one.message) for one in check_connector(file).findings]


def test_a_right_file_is_a_connector(tmp_path: Path) -> None:
    assert check(tmp_path, GOOD) == []


@pytest.mark.parametrize(
    ("was", "becomes", "code", "line", "says"),
    [
        ("amounts: minor", "amounts: pounds", "wrong-value", 8, "pounds"),
        ("amounts: minor", "amunts: minor", "unknown-key", 8, "amunts"),
        ("statuses: {accepted: [paid]}\n", "", "missing-key", 1, "no statuses"),
        ('"{amount}"', '"{amout}"', "wrong-connector", 13, "there is no amout here"),
        ('"{amount}"', '"{amount"', "wrong-connector", 13, "a brace stands alone"),
        ('"{amount}"', '"{amount|big}"', "wrong-connector", 13, "there is no filter big"),
        ('"{key}"', '"{option.apiKei}"', "wrong-connector", 13, "option apiKei is not among the options"),
        ("{field: id}", "{field: nope}", "wrong-connector", 14, "the request has no such field"),
        ("{field: id}", "{}", "wrong-connector", 14, "idempotency says one of"),
        ("  idempotency: {field: id}\n", "", "wrong-connector", 12, "pay has no idempotency"),
        ('paymentId: "{answer.id}", ', "", "wrong-connector", 15, "does not say paymentId"),
        (
            "POST {option.baseUrl}/charges",
            '"{option.baseUrl}"',
            "wrong-connector",
            12,
            "a method and an address",
        ),
        ("{accepted: [paid]}", "{approved: [ok]}", "wrong-connector", 10, "wait for complete"),
        ("errors: {}", "errors: {otherwise: maybe}", "wrong-value", 9, "maybe"),
        ("card}", "card}\n  currencies: [EUR, ZZZ]", "wrong-connector", 8, "ZZZ is not a code"),
        ("card}", "card}\n  defaultMethod: cash", "wrong-connector", 8, "not among the methods"),
        ("card}", "card}\n  manual: [credit-cards]", "wrong-connector", 7, "startSubscription"),
        ("connector: mypsp", "connector: [mypsp", "yaml-syntax", 2, "not YAML"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(
    tmp_path: Path, was: str, becomes: str, code: str, line: int, says: str
) -> None:
    assert was in GOOD
    found = check(tmp_path, GOOD.replace(was, becomes, 1))
    assert [(one, at) for one, at, words in found if says in words] == [(code, line)], found


def test_the_page_of_findings_shows_what_is_said(tmp_path: Path) -> None:
    (found,) = check(tmp_path, GOOD.replace("{amount}", "{amout}"))
    assert f"error[{found[0]}]: {found[2]}\n" in page("docs/findings.md")


CALLBACK = """\
callback:
  reads: json
  signature: {kind: hmac-sha256, key: "{option.apiKey}"}
  notice: {status: "{body.state}"}
refund:
  request: POST {option.baseUrl}/refunds
  body: {amount: "{amount}"}
  form: {amount: "{amount}"}
  idempotency: {harmless: it is small}
  answer: {refundId: "{answer.id}"}
"""


def test_callbacks_and_refunds_are_looked_at_too(tmp_path: Path) -> None:
    said = " | ".join(words for _, _, words in check(tmp_path, GOOD + CALLBACK))
    for words in (
        "a signature of kind hmac-sha256 needs over",
        "needs given",
        "a notice says paymentId, shop or token",
        "a request has either body or form",
        "a refund that is made twice is not harmless",
    ):
        assert words in said


def test_validate_takes_connector_files_and_those_of_the_config(tmp_path: Path) -> None:
    file = tmp_path / "mypsp.yaml"
    file.write_text(GOOD.replace("{amount}", "{amout}"))
    alone = CliRunner().invoke(command, [str(file), "--format", "json"])
    assert alone.exit_code == 1
    (finding,) = json.loads(alone.stdout)
    assert (finding["code"], finding["line"]) == ("wrong-connector", 13)

    (tmp_path / "machine.yaml").write_text((ROOT / "machines" / "order.yaml").read_text())
    config = tmp_path / "config.yaml"
    providers = "providers: {mypsp: {type: connector, file: mypsp.yaml, apiKey: x}}"
    config.write_text(f"machines: [machine.yaml]\n{providers}\n")
    both = CliRunner().invoke(command, ["--config", str(config)])
    assert both.exit_code == 1
    assert "there is no amout here" in both.output


def test_a_file_alone_among_the_options_is_no_secret(tmp_path: Path) -> None:
    from engine.config import load_config

    (tmp_path / "mypsp.yaml").write_text(GOOD.replace("  apiKey: {}\n", ""))
    config = tmp_path / "config.yaml"
    config.write_text("providers: {mypsp: {type: connector, file: mypsp.yaml}}\n")
    bindings = {name: (one.type, one.options) for name, one in load_config(config).providers.items()}
    (provider,) = open_providers(bindings, tmp_path).values()
    assert provider.capabilities.methods == {"credit-cards"}


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({}, "option file is missing"),
        ({"file": "nope.yaml"}, "has errors"),
        ({"file": "mypsp.yaml"}, "apiKey is missing"),
        ({"file": "mypsp.yaml", "apiKey": "x", "colour": "red"}, "unknown option colour"),
        ({"file": "mypsp.yaml", "apiKey": "x", "baseUrl": "ftp://x"}, "baseUrl"),
        ({"file": "mypsp.yaml", "apiKey": "a\nb"}, "apiKey"),
    ],
)
def test_wrong_options_are_named_without_their_values(
    tmp_path: Path, options: dict[str, Any], says: str
) -> None:
    (tmp_path / "mypsp.yaml").write_text(GOOD)
    with pytest.raises(ConfigInvalid, match=says) as refusal:
        open_providers({"shop": ("connector", options)}, tmp_path)
    assert "red" not in str(refusal.value)


@pytest.mark.parametrize("kind", BUILT_IN)
def test_a_built_in_connector_has_the_options_that_config_yaml_may_give(kind: str) -> None:
    definitions = json.loads((ROOT / "engine" / "config.schema.json").read_text())["definitions"]
    declared = definitions[f"provider.{kind}"]
    options = built_in(kind).options
    assert set(declared["properties"]) - {"type"} == set(options)
    needed = {name for name, one in options.items() if one.default is None and not one.optional}
    assert set(declared["required"]) == needed
    with pytest.raises(ConfigInvalid):
        open_built_in(kind, "it", {})


@pytest.mark.parametrize("kind", BUILT_IN)
def test_a_built_in_connector_says_where_its_facts_are_from(kind: str) -> None:
    head = (ROOT / "providers" / "connectors" / f"{kind}.yaml").read_text().partition("connector:")[0]
    assert "Sources:" in head or "no documentation" in head
    assert "verified" in head or "assumed" in head


def test_the_schema_is_one_that_our_checker_obeys_whole() -> None:
    from engine.definition.structure import KNOWN_KEYWORDS

    def keywords(schema: Any, *, names: bool = False) -> set[str]:
        if not isinstance(schema, dict):
            return set()
        inner = [
            keywords(part, names=key in ("properties", "definitions")) if not names else keywords(part)
            for key, part in schema.items()
        ]
        return set().union(*inner, set() if names else set(schema))

    assert keywords(connector_schema()) <= KNOWN_KEYWORDS


def test_an_editor_judges_the_built_in_files_as_we_do() -> None:
    import jsonschema

    raw = json.loads((ROOT / "providers" / "connectors" / "connector.schema.json").read_text())
    judge = jsonschema.Draft7Validator(raw)
    for kind in BUILT_IN:
        judge.validate(yaml.safe_load((ROOT / "providers" / "connectors" / f"{kind}.yaml").read_text()))
