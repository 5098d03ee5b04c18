"""What messages say, in which language, and what is found wrong with their templates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from adapters.locales import LANGUAGES
from commands.telling import messaging_of
from engine.config import load_config
from engine.errors import ConfigInvalid
from engine.model import Delivery, Json
from hub.message_data import buyer_of, language_of, names_of, template_of
from hub.message_samples import sample
from hub.message_texts import SHIPPED, MessageTexts


def a_delivery(name: str, payload: Json | None = None) -> Delivery:
    return Delivery(
        id="s.4.0",
        saga_id="s",
        entity_id="",
        machine="payment",
        kind="effect",
        name=name,
        payload=payload or {},
    )


def names(payload: Json, language: Any = "en") -> Json:
    return names_of(
        payload, template="payment-executed", saga_id="s", machine="payment", shop="Shop", language=language
    )


@pytest.mark.parametrize(
    ("name", "template"),
    [
        ("notifyPaymentExecuted", "payment-executed"),
        ("sendPayByLink", "pay-by-link"),
        ("alertLateSuccess", "late-success"),
        ("tellCustomer", "tell-customer"),
        ("notify", "notify"),
        ("PAYMENT_EXECUTED", "payment-executed"),
    ],
)
def test_a_template_is_found_by_the_name_of_the_command(name: str, template: str) -> None:
    assert template_of(a_delivery(name), lambda _: True) == template


def test_a_payload_names_a_template_only_where_the_name_means_none() -> None:
    asked = a_delivery("notifyPaymentExecuted", {"template": "mine"})
    assert template_of(asked, lambda name: name == "payment-executed") == "payment-executed"
    assert template_of(asked, lambda name: name == "mine") == "mine"
    away = a_delivery("notifyX", {"template": "../../etc/passwd"})
    assert template_of(away, lambda name: False) == "x"


@pytest.mark.parametrize(
    ("amount", "currency", "language", "shown"),
    [
        (129900, "EUR", "en", "€1,299.00"),
        (129900, "EUR", "it", "1.299,00\u00a0€"),
        (1299, "JPY", "en", "JP¥1,299"),
        (1299, "KWD", "en", "KWD1.299"),
        (1299, "QQQ", "en", "1299 QQQ"),
    ],
)
def test_amounts_are_written_in_their_currency(amount: int, currency: str, language: str, shown: str) -> None:
    assert names({"amount": amount, "currency": currency}, language)["data"]["amount"] == shown


def test_refunds_are_written_out_with_what_is_left() -> None:
    details = {"totalRefundedAmount": 700, "refundedAmounts": [500, 200]}
    found = names(
        {"amount": 1000, "currency": "EUR", "refundDetails": details, "refundRequestData": {"amount": 200}}
    )
    assert (found["refund"], found["left"]) == ("€2.00", "€3.00")
    assert found["data"]["refundDetails"]["refundedAmounts"] == ["€5.00", "€2.00"]
    assert found["data"]["refundRequestData"]["amount"] == "€2.00"
    assert found["label"] == "Payment Paid"


@pytest.mark.parametrize("link", ["javascript:alert(1)", "data:text/html,x", 7, None])
def test_a_link_that_is_none_is_not_shown(link: object) -> None:
    assert "link" not in names({"link": link})["data"]


@pytest.mark.parametrize(
    ("said", "language"), [("it", "it"), ("it-IT", "it"), ("IT", "it"), ("de", "en"), ("", "en"), (7, "en")]
)
def test_the_language_is_the_buyers(said: object, language: str) -> None:
    assert language_of(buyer_of({"additionalData": {"buyer": {"language": said}}}), "en") == language


@pytest.mark.parametrize(
    "odd", [{}, {"additionalData": 7}, {"additionalData": {"buyer": [], "notificationChannels": "sms"}}]
)
def test_odd_data_name_no_buyer(odd: Json) -> None:
    buyer = buyer_of(odd)
    assert (buyer.email, buyer.phone, buyer.ways) == ("", "", None)


def test_the_shipped_templates_are_there_in_every_language_and_without_a_finding() -> None:
    texts = MessageTexts()
    assert texts.findings() == []
    files = {language: {file.name for file in (SHIPPED / language).iterdir()} for language in LANGUAGES}
    assert files["en"] == files["it"]
    assert {"payment-executed", "payment-failed", "partial-refund", "total-refund", "pay-by-link"} <= set(
        texts.names()
    )


def test_what_a_buyer_wrote_is_text_in_a_page() -> None:
    texts = MessageTexts()
    hostile = {"amount": 1, "currency": "EUR", "shopTransactionId": "<script>x</script>"}
    letter = texts.letter("payment-executed", "en", names(hostile))
    assert "<script>" not in letter.html
    assert "&lt;script&gt;" in letter.html


def test_a_line_break_in_the_data_does_not_get_into_the_subject() -> None:
    hostile = {"amount": 1, "currency": "EUR", "shopTransactionId": "1\r\nBcc: victim@example.org"}
    letter = MessageTexts().letter("payment-executed", "en", names(hostile))
    assert "\n" not in letter.subject
    assert "victim" not in letter.subject


def test_a_text_message_keeps_to_the_alphabet_of_text_messages() -> None:
    [full, _] = sample("payment-executed", "it")
    assert "\u00a0" not in MessageTexts().short("payment-executed", "it", full)


def with_template(folder: Path, name: str, text: str) -> MessageTexts:
    file = folder / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    return MessageTexts(folder)


def test_a_template_of_the_team_takes_the_place_of_the_shipped_one(tmp_path: Path) -> None:
    texts = with_template(tmp_path, "en/payment-executed.txt", "Subject: Ours {{ data.amount }}\n\nThanks\n")
    [full, _] = sample("payment-executed", "en")
    assert texts.letter("payment-executed", "en", full).subject == "Ours €1,299.00"
    assert texts.letter("payment-executed", "it", full).subject.startswith("Abbiamo ricevuto")
    assert texts.findings() == []


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("en/payment-executed.txt", "Subject: {{ data.colour }}\n", "colour"),
        (
            "en/payment-executed.txt",
            "Subject: {{ data.paymentId }}\n",
            "paymentId",
        ),  # a payment may have none
        ("en/payment-executed.txt", "Hello\n", "Subject"),
        ("en/payment-executed.html", "{% if %}", "line 1"),
        ("en/payment-executed.sms.txt", "{{ nobody }}", "nobody"),
        ("en/of-ours.txt", "Subject: x\n", "it/of-ours.txt"),
    ],
)
def test_what_is_wrong_with_a_template_is_found_before_anybody_gets_it(
    tmp_path: Path, name: str, text: str, why: str
) -> None:
    found = with_template(tmp_path, name, text).findings()
    assert {finding.code for finding in found} == {"wrong-template"}
    assert any(why in finding.message for finding in found)


def test_a_template_reaches_nothing_but_its_names(tmp_path: Path) -> None:
    texts = with_template(tmp_path, "en/x.txt", "Subject: {{ ''.__class__.__mro__ }}\n")
    with pytest.raises(ConfigInvalid):
        texts.letter("x", "en", {})


def messaging(folder: Path, text: str) -> None:
    file = folder / "config.yaml"
    file.write_text(text)
    messaging_of(load_config(file))


@pytest.mark.parametrize(
    "text",
    [
        "mail: {host: h, sender: nobody}",
        "mail: {host: h, sender: a@b.c, caFile: not-there.pem}",
        "mail: {host: h, sender: a@b.c}\nmessages: {operators: ['no address']}",
        "mail: {host: h, sender: a@b.c, user: u}",
        "mail: {host: h, sender: a@b.c, security: perhaps}",
        "sms: {accountSid: a, authToken: t, sender: s, baseUrl: 'ftp://x'}",
        "messages: {templates: not-there}",
        "messages: {language: de}",
    ],
)
def test_a_wrong_configuration_is_refused_and_shows_no_secret(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigInvalid):
        messaging(tmp_path, text)


def test_without_a_mail_server_notifications_go_to_the_log_and_with_one_they_are_messages(
    tmp_path: Path,
) -> None:
    file = tmp_path / "config.yaml"
    for text, kind in (("log: {level: info}", "log"), ("mail: {host: h, sender: a@b.c}", "messages")):
        file.write_text(text)
        assert load_config(file).channels["notifications"].type == kind
