"""`sagaloom preview`, `sagaloom merchant`, and what `validate` says of templates."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli import app
from tests.cli.daemon import Running, serving
from tests.unit.hub.test_merchant import SECRET


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def test_a_mail_is_previewed_in_both_languages() -> None:
    english = run("preview", "mail", "payment-executed")
    assert english.exit_code == 0
    assert english.stdout.startswith(
        "Subject: We have received your payment order-1042\n\nHello Anna Bianchi,"
    )
    assert "Importo: 1.299,00 €" in run("preview", "mail", "payment-executed", "--language", "it").stdout
    assert "KWD129.900" in run("preview", "mail", "payment-executed", "--currency", "KWD").stdout


def test_html_text_message_and_json_are_previewed(tmp_path: Path) -> None:
    page = tmp_path / "mail.html"
    assert run("preview", "mail", "pay-by-link", "--html", str(page)).exit_code == 0
    assert "https://pay.example.org/l/7Zb2" in page.read_text()
    assert run("preview", "mail", "pay-by-link", "--sms").stdout == (
        "Example Shop: pay €1,299.00 at https://pay.example.org/l/7Zb2\n"
    )
    found = json.loads(run("preview", "mail", "pay-by-link", "--json").stdout)
    assert set(found) == {"subject", "text", "html", "sms"}


def test_templates_are_listed_and_an_unknown_one_is_named_with_those_there_are() -> None:
    names = run("preview", "mail").stdout.split()
    assert {"payment-executed", "pay-by-link", "late-success"} <= set(names)
    assert json.loads(run("preview", "mail", "--json").stdout) == names
    wrong = run("preview", "mail", "payment-exceuted")
    assert wrong.exit_code == 2
    assert "payment-executed" in wrong.stderr


@pytest.fixture
def config(tmp_path: Path) -> Path:
    folder = tmp_path / "messages" / "en"
    folder.mkdir(parents=True)
    (folder / "payment-executed.txt").write_text("Subject: Paid {{ data.amount }} to {{ shop }}\n\nThanks\n")
    file = tmp_path / "config.yaml"
    file.write_text("mail: {host: h, sender: a@b.c}\nmessages: {templates: messages, shop: Bikes}\n")
    return file


def test_the_templates_of_a_team_are_previewed_and_checked(config: Path) -> None:
    shown = run("preview", "mail", "payment-executed", "--config", str(config))
    assert shown.stdout == "Subject: Paid €1,299.00 to Bikes\n\nThanks\n"
    assert run("validate", "--config", str(config)).exit_code == 0
    template = config.parent / "messages" / "en" / "payment-executed.txt"
    template.write_text("Subject: {{ data.colour }}\n")
    found = run("validate", "--config", str(config), "--format", "json")
    assert found.exit_code == 1
    assert [one["code"] for one in json.loads(found.stdout)] == ["wrong-template"]
    assert json.loads(found.stdout)[0]["file"] == str(template)


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Running]:
    """One that tells a merchant who is not there."""
    file = tmp_path / "config.yaml"
    file.write_text(f"merchant: {{url: 'http://127.0.0.1:1/told', secret: {SECRET}}}\n")
    with serving("--config", str(file), folder=tmp_path) as running:
        yield running


def test_notifications_are_listed_and_replayed(daemon: Running) -> None:
    at = ("--url", daemon.url)
    assert "No notification" in run("merchant", "list", *at).stderr
    metadata = json.dumps({"shopTransactionId": "order-1", "amount": 1200, "currency": "EUR"})
    saga = json.loads(run("saga", "start", "payment", "--metadata", metadata, "--json", *at).stdout)["sagaId"]
    assert run("saga", "send", saga, "paymentExecuted", *at).exit_code == 0
    items: list[dict[str, object]] = []
    while not items:  # its first try is under way
        items = json.loads(run("merchant", "list", "--saga", saga, "--json", *at).stdout)
    assert (items[0]["state"], items[0]["sagaId"]) == ("failing", saga)
    assert "payment.paid" in run("merchant", "list", "--state", "failing", *at).stdout
    replayed = run("merchant", "replay", str(items[0]["id"]), *at)
    assert replayed.exit_code == 1
    assert "no connection to the merchant" in replayed.stdout
    assert run("merchant", "replay", "nobody", *at).exit_code == 1
