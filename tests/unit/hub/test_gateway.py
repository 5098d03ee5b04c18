"""What a saga is told for each command, amount and method; docs/payment-machine.md has the table."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from engine.errors import ConfigInvalid
from engine.model import Delivery, Done, Failed, Later, Outcome
from hub.gateway import Gateway
from hub.payments_channel import PaymentsChannel, open_payments
from providers.sandbox import SandboxProvider

CARD = "4111 1111 1111 1111"

COLLECTING = [
    "pay",
    "createLink",
    "subscriptionScheduledRequested",
    "subscriptionStart",
    "subscriptionPaymentRequested",
    "getAuthorization",
]


def delivery(name: str, payload: dict[str, Any], **changes: Any) -> Delivery:
    values = {"id": "entry-1", "saga_id": "saga-1", "entity_id": "", "machine": "payment", "kind": "command"}
    return Delivery(name=name, payload=payload, **{**values, **changes})


def metadata(**changes: Any) -> dict[str, Any]:
    base = {
        "amount": 1200,
        "currency": "EUR",
        "shopTransactionId": "shop-1",
        "provider": "sandbox",
        "payRequestData": {"subscriptionInfo": {"token": "token-1"}},
    }
    return {**base, **changes}


def sent(one: Delivery, channel: PaymentsChannel | None = None) -> Outcome:
    async def body() -> Outcome:
        gateway = channel or open_payments("payments", {}, Path())
        try:
            return await gateway.send(one)
        finally:
            await gateway.close()

    return asyncio.run(body())


def done(name: str, payload: dict[str, Any], **changes: Any) -> Done:
    outcome = sent(delivery(name, payload, **changes))
    assert isinstance(outcome, Done), outcome
    return outcome


@pytest.mark.parametrize(
    ("command", "executed", "pending"),
    [
        ("pay", "paymentExecuted", "paymentScheduled"),
        ("createLink", "linkCreated", "linkCreated"),
        ("subscriptionScheduledRequested", "paymentExecuted", "paymentScheduled"),
        ("subscriptionStart", "paymentExecuted", "paymentScheduled"),
        ("subscriptionPaymentRequested", "paymentExecuted", "paymentScheduled"),
        ("getAuthorization", "authorizationScheduled", "authorizationScheduled"),
    ],
)
def test_each_command_ends_in_its_events(command: str, executed: str, pending: str) -> None:
    assert done(command, metadata(amount=1200)).event == executed
    assert done(command, metadata(amount=1201)).event == "paymentFailed"
    assert done(command, metadata(amount=1202)).event == pending
    assert done(command, metadata(amount=1203)).event == pending


def test_an_executed_payment_leaves_its_id_and_nothing_else() -> None:
    outcome = done("pay", metadata())
    assert list(outcome.payload) == ["paymentId"]
    assert outcome.reply is None


def test_a_redirect_leaves_the_address_under_pay_request_data() -> None:
    outcome = done("pay", metadata(amount=1203))
    assert outcome.payload["payRequestData"]["redirectToUrl"].startswith("http")
    assert outcome.payload["paymentId"] in outcome.payload["payRequestData"]["redirectToUrl"]


def test_a_decline_says_why() -> None:
    payload = done("pay", metadata(amount=1201)).payload
    assert payload["error"] == "the sandbox declines this payment"
    assert payload["paymentId"]


def test_a_link_is_kept_as_link() -> None:
    payload = done("createLink", metadata()).payload
    assert payload["link"].startswith("http")
    assert payload["paymentId"]


def test_a_subscription_keeps_its_token_where_the_next_payment_reads_it() -> None:
    started = done("subscriptionStart", metadata(payRequestData={})).payload
    token = started["payRequestData"]["subscriptionInfo"]["token"]
    following = metadata(payRequestData={"subscriptionInfo": {"token": token}})
    assert done("subscriptionPaymentRequested", following).event == "paymentExecuted"
    without = done("subscriptionPaymentRequested", metadata(payRequestData={}))
    assert without.event == "paymentFailed"
    assert without.payload == {"error": "subscription payment without a subscription token"}


@pytest.mark.parametrize("command", COLLECTING)
def test_a_lost_answer_is_unknown_and_the_second_try_reads_back(command: str) -> None:
    first = sent(delivery(command, metadata(amount=1204)))
    assert first == Later(reason="the sandbox did not answer in time", uncertain=True)
    by_attempt = sent(delivery(command, metadata(amount=1204), attempt=2))
    by_crash = sent(delivery(command, metadata(amount=1204), uncertain=True))
    assert isinstance(by_attempt, Done)
    assert by_attempt == by_crash


@pytest.mark.parametrize("command", [*COLLECTING, "refund"])
def test_an_error_of_the_provider_is_tried_again_each_time(command: str) -> None:
    for attempt in (1, 2, 9):
        payload = metadata(amount=1205, paymentId="sbx_executed_1")
        outcome = sent(delivery(command, payload, attempt=attempt))
        assert outcome == Later(reason="the sandbox answered HTTP 500", uncertain=True)


def refund(wanted: object, **changes: Any) -> Done:
    return done(
        "refund", metadata(paymentId="sbx_executed_1", refundRequestData={"amount": wanted}, **changes)
    )


def test_refunds_add_up_until_all_is_given_back() -> None:
    first = refund(500)
    assert first.event == "partialRefundExecuted"
    id_ = first.payload["refundId"]
    details = {"totalRefundedAmount": 500, "refundedAmounts": [500], "refundIds": [id_]}
    assert first.payload == {"refundId": id_, "refundDetails": details}
    second = refund(700, **first.payload)
    assert second.event == "totalRefundExecuted"
    assert second.payload["refundDetails"]["totalRefundedAmount"] == 1200
    assert second.payload["refundDetails"]["refundedAmounts"] == [500, 700]


def test_an_error_is_forgotten_once_something_succeeds() -> None:
    assert done("pay", metadata(error="declined")).payload["error"] is None
    assert refund(500, error="more than what is left of the payment").payload["error"] is None
    assert refund(107, error="declined").payload["error"] is None


@pytest.mark.parametrize(("amount", "event"), [(106, "refundFailed"), (107, "refundPending")])
def test_the_amount_of_a_refund_decides_too(amount: int, event: str) -> None:
    assert refund(amount).event == event


def test_a_refund_whose_answer_is_lost_is_read_back() -> None:
    payload = metadata(paymentId="sbx_executed_1", refundRequestData={"amount": 104})
    assert isinstance(sent(delivery("refund", payload)), Later)
    assert done("refund", payload, attempt=2).event == "partialRefundExecuted"


@pytest.mark.parametrize("wanted", [1201, 0, -1, 1.5, "100"])
def test_a_refund_that_cannot_be_fails_and_parks_nothing(wanted: object) -> None:
    outcome = refund(wanted)
    assert outcome.event == "refundFailed"
    assert outcome.payload["error"]


@pytest.mark.parametrize("payment_id", [None, "", 7, "x" * 201, "pi_of_another_provider"])
def test_a_refund_of_a_payment_that_is_not_known_fails(payment_id: object) -> None:
    assert done("refund", metadata(paymentId=payment_id)).event == "refundFailed"


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount": 0},
        {"amount": -1},
        {"amount": 12.0},
        {"amount": True},
        {"amount": "1200"},
        {"amount": None},
        {"currency": "eur"},
        {"currency": None},
        {"paymentMethod": "cowries"},
        {"paymentMethod": {"number": 1}},
    ],
    ids=str,
)
def test_a_payment_that_can_never_be_asked_for_has_failed(wrong: dict[str, Any]) -> None:
    outcome = done("pay", metadata(**wrong))
    assert outcome.event == "paymentFailed"
    assert set(outcome.payload) == {"error"}
    assert "cowries" not in outcome.payload["error"]


def test_after_a_try_that_may_have_been_done_it_is_parked_instead() -> None:
    outcome = sent(delivery("pay", metadata(paymentMethod="cowries"), attempt=2, uncertain=True))
    assert isinstance(outcome, Failed)
    assert outcome.reason.endswith("an earlier try may have been done")


@pytest.mark.parametrize("command", ["pay", "refund"])
@pytest.mark.parametrize("provider", ["nobody", 7])
def test_what_the_configuration_lacks_waits_for_a_person(command: str, provider: object) -> None:
    outcome = sent(delivery(command, metadata(provider=provider, paymentId="sbx_executed_1")))
    assert isinstance(outcome, Failed)
    assert outcome.payload == {}


@pytest.mark.parametrize("command", ["pay", "refund"])
def test_what_our_own_account_lacks_waits_for_a_person(command: str) -> None:
    provider = SandboxProvider()
    provider.ledger.script("unauthorised")
    channel = PaymentsChannel(Gateway({"sandbox": provider}))
    payload = metadata(paymentId="sbx_executed_1", refundRequestData={"amount": 100})
    assert sent(delivery(command, payload), channel) == Failed(reason="the sandbox refuses our credentials")


@pytest.mark.parametrize("command", [*COLLECTING, "refund"])
def test_a_card_number_anywhere_is_refused_before_anything_is_sent(command: str) -> None:
    payload = metadata(additionalData={"notes": [f"please use {CARD}"]})
    outcome = done(command, payload)
    assert outcome.event == ("refundFailed" if command == "refund" else "paymentFailed")
    assert outcome.payload == {"error": "the payload holds a card number: nothing was sent"}


def test_fields_of_a_payment_method_are_wiped_from_the_saga() -> None:
    provider_data = {"encryptedSecurityCode": "adyenjs_0_2", "buyerName": "A. Buyer"}
    outcome = done("pay", metadata(payRequestData={"providerData": provider_data}))
    assert outcome.payload["payRequestData"] == {"providerData": {"encryptedSecurityCode": None}}
    assert "adyenjs" not in repr(outcome)


def test_the_only_provider_needs_no_name_and_one_of_two_does() -> None:
    unnamed = delivery("pay", metadata(provider=None))
    assert isinstance(sent(unnamed), Done)
    two = PaymentsChannel(Gateway({"a": SandboxProvider(), "b": SandboxProvider()}))
    assert isinstance(sent(unnamed, two), Failed)
    assert isinstance(sent(delivery("pay", metadata(provider="b")), two), Done)


REPLIES = {"done": "paymentExecuted", "pending": "paymentPending", "failed": "payOrderFailed"}


@pytest.mark.parametrize(
    ("amount", "reply"), [(1200, "done"), (1201, "failed"), (1202, "pending"), (1203, "pending")]
)
def test_a_command_with_replies_is_answered_by_reply(amount: int, reply: str) -> None:
    outcome = done("payOrder", metadata(amount=amount), replies=REPLIES)
    assert outcome.reply == reply
    assert outcome.event is None
    assert outcome.payload["paymentId"]


def test_a_reply_that_the_command_does_not_have() -> None:
    only_done = {"done": "paymentExecuted"}
    declined = sent(delivery("payOrder", metadata(amount=1201), replies=only_done))
    assert isinstance(declined, Failed)
    pending = sent(delivery("payOrder", metadata(amount=1202), replies=only_done))
    assert pending == Done()


def test_an_order_is_refunded_whole_by_its_payment_id_alone() -> None:
    outcome = done("refundOrder", {"paymentId": "sbx_executed_1"}, replies={"done": "orderRefunded"})
    assert outcome.reply == "done"


@pytest.mark.parametrize(
    ("command", "standing"),
    [("subscriptionStatus", "ACTIVE"), ("updateSubscription", "ACTIVE"), ("expireSubscription", "CANCELED")],
)
def test_a_running_subscription_is_asked_for_changed_and_ended(command: str, standing: str) -> None:
    info = {"token": "sbx_token_1", "interval": "MONTH", "intervalCount": 1}
    payload = metadata(payRequestData={"subscriptionInfo": info})
    outcome = done(command, payload, replies={"done": "subscriptionTold"})
    assert outcome == Done(reply="done", payload={"subscriptionStatus": standing})
    assert isinstance(sent(delivery(command, metadata(payRequestData={}))), Failed)


def test_new_terms_of_a_subscription_are_whole_or_refused() -> None:
    payload = metadata(payRequestData={"subscriptionInfo": {"token": "sbx_token_1", "interval": "YEAR"}})
    assert isinstance(sent(delivery("updateSubscription", payload)), Failed)


@pytest.mark.parametrize(
    ("name", "operation", "event"),
    [
        ("pay", "refund", "paymentExecuted"),
        ("payOrder", "refund", "paymentExecuted"),
        ("pay-order", None, "paymentExecuted"),
        ("refundOrder", "pay", "totalRefundExecuted"),
        ("payByLink", None, "linkCreated"),
        ("collectMoney", "pay", "paymentExecuted"),
        ("giveBack", "refund", "totalRefundExecuted"),
    ],
)
def test_the_commands_name_decides_before_its_payload(name: str, operation: str | None, event: str) -> None:
    payload = metadata(paymentId="sbx_executed_1", operation=operation)
    assert done(name, payload).event == event


@pytest.mark.parametrize(
    ("name", "operation"), [("payout", None), ("collect", None), ("collect", "steal"), ("x", 7)]
)
def test_a_command_that_names_no_operation_is_failed(name: str, operation: object) -> None:
    assert isinstance(sent(delivery(name, metadata(operation=operation))), Failed)


def test_the_channel_takes_no_options() -> None:
    with pytest.raises(ConfigInvalid):
        open_payments("payments", {"provider": "sandbox"}, Path())
