"""The provider contract over Braintree, beside the official SDK: its XML, its webhooks, its view of the server."""

from __future__ import annotations

import asyncio
import random
from base64 import b64decode, b64encode, encodebytes
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import braintree
import pytest
from braintree.util.xml_util import XmlUtil

from engine.errors import ConfigInvalid
from providers.base import (
    Payment,
    PayRequest,
    Refund,
    RefundRequest,
    Rejected,
    Status,
    Subscription,
    SubscriptionChange,
    Unknown,
)
from providers.braintree import BraintreeProvider, open_braintree
from providers.braintree_wire import order_id, shop_transaction_id
from providers.braintree_xml import parsed, written
from providers.callbacks import CallbackRequest, Notice, Refused, Told
from tests.contract.provider.braintree_server import (
    MERCHANT,
    OPTIONS,
    PRIVATE_KEY,
    PUBLIC_KEY,
    RECEIVED,
    BraintreeServer,
    posted,
    webhook,
)
from tests.contract.provider.loopback import opened, served
from tests.contract.provider.odd_answers import endure
from tests.contract.provider.suite import ProviderSuite
from tests.contract.provider.world import World


def at(url: str) -> BraintreeProvider:
    return open_braintree("braintree", {**OPTIONS, "baseUrl": url})


class TestBraintreeProvider(ProviderSuite):
    def world(self) -> AbstractAsyncContextManager[World]:
        return opened(BraintreeServer(), at)

    def provider_data(self, method: str) -> dict[str, Any]:
        return {"nonce": "fake-paypal-one-time-nonce"}


def with_braintree(body: Callable[[BraintreeServer, BraintreeProvider], Awaitable[None]]) -> None:
    async def run() -> None:
        async with opened(BraintreeServer(), at) as server:
            assert isinstance(server.provider, BraintreeProvider)
            await body(server, server.provider)

    asyncio.run(run())


def order(**changes: Any) -> PayRequest:
    request = PayRequest(
        key="saga-1.1.0",
        amount=1299,
        currency="EUR",
        method="pay-pal",
        shop_transaction_id="shop-1",
        provider_data={"nonce": "fake-nonce"},
    )
    return replace(request, **changes)


def given_back(payment: Payment, **changes: Any) -> RefundRequest:
    request = RefundRequest(
        key="saga-1.5.0",
        payment_id=payment.payment_id,
        amount=1299,
        currency="EUR",
        paid=1299,
        shop_transaction_id="shop-1",
    )
    return replace(request, **changes)


async def paid(provider: BraintreeProvider, **changes: Any) -> Payment:
    payment = await provider.pay(order(**changes))
    assert isinstance(payment, Payment)
    return payment


# payments


def test_a_sale_names_the_account_of_its_currency_and_an_order_of_its_own() -> None:
    async def body(server: BraintreeServer, provider: BraintreeProvider) -> None:
        await provider.pay(order(currency="JPY", provider_data={"paymentToken": "tok", "storeInVault": True}))
        path, sent = server.bodies[0]
        assert path == "/transactions"
        assert sent["transaction"] == {
            "amount": "1299",
            "api_request_key": "saga-1.1.0",
            "payment_method_token": "tok",
            "merchant_account_id": "shop_jpy",
            "options": {"store_in_vault_on_success": True, "submit_for_settlement": True},
            "order_id": order_id("shop-1", "saga-1.1.0"),
            "type": "sale",
        }

    with_braintree(body)


def test_without_a_payment_method_nothing_is_asked() -> None:
    async def body(server: BraintreeServer, provider: BraintreeProvider) -> None:
        assert isinstance(await provider.pay(order(provider_data={"deviceData": "x"})), Rejected)
        assert not server.bodies

    with_braintree(body)


@pytest.mark.parametrize(
    ("answer", "elsewhere"),
    [
        ({"status": "processor_declined", "processor_response_code": "2001", "processor_response_type": "soft_declined"}, True),
        ({"status": "processor_declined", "processor_response_code": "2004", "processor_response_type": "hard_declined"}, False),
        ({"status": "processor_declined", "processor_response_code": "2013", "processor_response_type": "soft_declined"}, False),
        ({"status": "processor_declined", "processor_response_code": "2014", "processor_response_type": "hard_declined"}, False),
        ({"status": "processor_declined", "processor_response_code": "3000"}, True),
        ({"status": "failed"}, True),
        ({"status": "gateway_rejected", "gateway_rejection_reason": "fraud"}, False),
        ({"status": "gateway_rejected", "gateway_rejection_reason": "risk_threshold"}, False),
    ],
)  # fmt: skip
def test_soft_refusals_may_go_elsewhere_and_hard_ones_not(answer: dict[str, str], elsewhere: bool) -> None:
    async def body(server: BraintreeServer, provider: BraintreeProvider) -> None:
        server.declines_with = answer
        server.script("decline")
        payment = await paid(provider)
        assert (payment.result, payment.elsewhere) == ("KO", elsewhere)
        assert payment.description

    with_braintree(body)


@pytest.mark.parametrize(
    "duplicate",
    [
        {"status": "gateway_rejected", "gateway_rejection_reason": "duplicate"},
        {"status": "processor_declined", "processor_response_code": "2069"},
    ],
)
def test_a_duplicate_is_the_first_try_and_never_a_decline(duplicate: dict[str, str]) -> None:
    async def body(server: BraintreeServer, provider: BraintreeProvider) -> None:
        first = await paid(provider)
        server.declines_with = duplicate
        server.script("decline")
        assert await paid(provider) == first
        server.script("decline")
        lost = await provider.pay(order(key="saga-9.1.0", shop_transaction_id="shop-9"))
        assert isinstance(lost, Unknown)

    with_braintree(body)


def test_a_decline_is_found_again_by_the_same_key() -> None:
    async def body(server: BraintreeServer, provider: BraintreeProvider) -> None:
        server.script("decline")
        first = await paid(provider)
        assert await paid(provider, again=True) == first
        assert not server.payments()

    with_braintree(body)


def test_what_is_only_authorised_is_pending_until_it_is_submitted() -> None:
    async def body(server: BraintreeServer, provider: BraintreeProvider) -> None:
        server.first_status = "authorized"
        payment = await paid(provider, provider_data={"nonce": "n", "submit": False})
        assert payment.result == "PENDING"
        for _ in range(2):
            submitted = await provider.utility("payment/submit", {"transaction_id": payment.payment_id})
            assert submitted == {"paymentId": payment.payment_id, "status": "ACCEPTED"}
        status = await provider.status(payment.payment_id)
        assert status == Status(
            standing="ACCEPTED",
            payment_id=payment.payment_id,
            shop_transaction_id="shop-1",
            amount=1299,
            currency="EUR",
        )

    with_braintree(body)


@pytest.mark.parametrize(
    ("status", "standing"),
    [
        ("authorizing", "PENDING"), ("authorized", "PENDING"), ("settlement_pending", "PENDING"),
        ("submitted_for_settlement", "ACCEPTED"), ("settling", "ACCEPTED"), ("settlement_confirmed", "ACCEPTED"),
        ("settled", "ACCEPTED"), ("authorization_expired", "FAILED"), ("failed", "FAILED"),
        ("gateway_rejected", "FAILED"), ("processor_declined", "FAILED"), ("settlement_declined", "FAILED"),
        ("voided", "FAILED"), ("something_new", "PENDING"),
    ],
)  # fmt: skip
def test_every_status_has_a_meaning(status: str, standing: str) -> None:
    async def body(server: BraintreeServer, provider: BraintreeProvider) -> None:
        payment = await paid(provider)
        server.transactions[payment.payment_id]["status"] = status
        answer = await provider.status(payment.payment_id)
        assert isinstance(answer, Status)
        assert answer.standing == standing

    with_braintree(body)


def test_an_order_id_tells_the_merchants_id_and_fits_paypal() -> None:
    assert shop_transaction_id(order_id("shop.1/ü", "k")) == "shop.1/ü"
    assert order_id("shop-1", "a") != order_id("shop-1", "b")
    assert len(order_id("s" * 500, "k")) <= 127
    assert shop_transaction_id(order_id("s" * 500, "k")) is None
    assert shop_transaction_id("made in the control panel") is None


def test_answers_that_make_no_sense_are_endured() -> None:
    sound = b"<transaction><id>tx1</id><status>settlement_pending</status><ids><item>tx1</item></ids></transaction>"
    terms = {"interval": "MONTH", "intervalCount": 1}
    both = {"nonce": "n", "paymentToken": "tok"}
    asyncio.run(endure(at, order(subscription=terms, provider_data=both, again=True), sound))


# refunds


def test_what_is_not_settled_is_voided_whole_and_once() -> None:
    async def body(server: BraintreeServer, provider: BraintreeProvider) -> None:
        server.first_status = "submitted_for_settlement"
        payment = await paid(provider)
        part = await provider.refund(given_back(payment, amount=500))
        assert isinstance(part, Refund)
        assert part.result == "KO"
        server.script("lose_answer")
        lost = await provider.refund(given_back(payment))
        # the HTTP client may have asked a second time by itself: PUT is idempotent
        assert isinstance(lost, Unknown) or (isinstance(lost, Refund) and lost.result == "OK")
        found = await provider.refund(given_back(payment, again=True))
        assert isinstance(found, Refund)
        assert found.result == "OK"
        assert len(server.refunds()) == 1
        other = await provider.refund(given_back(payment, key="saga-1.9.0"))
        assert isinstance(other, Refund)
        assert other.result == "KO"

    with_braintree(body)


def test_all_that_is_left_is_given_back() -> None:
    async def body(server: BraintreeServer, provider: BraintreeProvider) -> None:
        payment = await paid(provider)
        answer = await provider.refund(given_back(payment, amount=None, paid=None, refunded=299))
        assert isinstance(answer, Refund)
        assert [it.amount for it in server.refunds()] == [1000]

    with_braintree(body)


def test_a_refund_that_is_not_through_yet_is_pending() -> None:
    async def body(server: BraintreeServer, provider: BraintreeProvider) -> None:
        payment = await paid(provider)
        server.script("pending")
        answer = await provider.refund(given_back(payment))
        assert isinstance(answer, Refund)
        assert answer.result == "PENDING"

    with_braintree(body)


def test_what_settles_between_our_look_and_the_void_is_refunded() -> None:
    async def body(server: BraintreeServer, provider: BraintreeProvider) -> None:
        server.first_status = "submitted_for_settlement"
        payment = await paid(provider)
        server.settles_before_void = True
        answer = await provider.refund(given_back(payment))
        assert isinstance(answer, Refund)
        assert (answer.result, len(server.refunds())) == ("OK", 1)
        assert server.transactions[payment.payment_id]["status"] == "settling"

    with_braintree(body)


@pytest.mark.parametrize("changes", [{"currency": "JPY"}, {"payment_id": "../x"}, {"payment_id": "nobody"}])
def test_what_was_not_paid_so_is_not_given_back(changes: dict[str, Any]) -> None:
    async def body(server: BraintreeServer, provider: BraintreeProvider) -> None:
        payment = await paid(provider)
        assert isinstance(await provider.refund(given_back(payment, **changes)), Rejected)
        assert not server.refunds()

    with_braintree(body)


# subscriptions


def monthly(**changes: Any) -> PayRequest:
    terms = {"interval": "MONTH", "intervalCount": 1, "expiresAfter": 12}
    return order(**{"subscription": terms, "provider_data": {"paymentToken": "tok"}, **changes})


def test_a_subscription_is_made_changed_and_ended() -> None:
    async def body(server: BraintreeServer, provider: BraintreeProvider) -> None:
        first = await provider.schedule_subscription(monthly())
        assert isinstance(first, Payment)
        assert first.result == "OK"
        token = first.subscription_token or ""
        sent = server.bodies[0][1]["subscription"]
        assert sent == {
            "id": token,
            "payment_method_token": "tok",
            "plan_id": "monthly",
            "price": "12.99",
            "merchant_account_id": "shop_eur",
            "number_of_billing_cycles": 12,
        }
        change = SubscriptionChange(
            key="saga-2.1.0",
            token=token,
            amount=1999,
            currency="EUR",
            shop_transaction_id="shop-1",
            interval="MONTH",
            interval_count=3,
        )
        changed = await provider.update_subscription(change)
        assert changed == Subscription(standing="ACTIVE", token=token)
        assert server.subscriptions[token]["price"] == "19.99"
        assert server.subscriptions[token]["plan_id"] == "quarterly"
        assert server.subscriptions[token]["never_expires"] is True
        for _ in range(2):
            assert await provider.expire_subscription(token, "k") == Subscription(
                standing="CANCELED", token=token
            )
        assert await provider.subscription_status("nobody") == Subscription(
            standing="UNKNOWN", token="nobody"
        )

    with_braintree(body)


@pytest.mark.parametrize("again", [False, True])
def test_a_subscription_whose_answer_was_lost_is_found_and_not_made_twice(again: bool) -> None:
    async def body(server: BraintreeServer, provider: BraintreeProvider) -> None:
        server.customers["c-1"] = 0
        wanted = monthly(provider_data={"nonce": "n", "customerId": "c-1"})
        server.script("lose_answer")
        assert isinstance(await provider.schedule_subscription(wanted), Unknown)
        found = await provider.schedule_subscription(replace(wanted, again=again))
        assert isinstance(found, Payment)
        assert found.result == "OK"
        assert len(server.payments()) == 1
        assert len(server.methods) == 1

    with_braintree(body)


def test_a_first_payment_that_is_declined_makes_no_subscription() -> None:
    async def body(server: BraintreeServer, provider: BraintreeProvider) -> None:
        server.script("decline")
        answer = await provider.schedule_subscription(monthly())
        assert isinstance(answer, Payment)
        assert (answer.result, answer.elsewhere, answer.subscription_token) == ("KO", True, None)
        assert not server.subscriptions

    with_braintree(body)


@pytest.mark.parametrize(
    ("subscription", "ours"),
    [({"interval": "DAY", "intervalCount": 1}, False), ({"interval": "MONTH", "intervalCount": 2}, True)],
)
def test_an_interval_without_a_plan_is_rejected(subscription: dict[str, Any], ours: bool) -> None:
    async def body(server: BraintreeServer, provider: BraintreeProvider) -> None:
        answer = await provider.schedule_subscription(monthly(subscription=subscription))
        assert isinstance(answer, Rejected)
        assert answer.ours == ours
        assert not server.bodies

    with_braintree(body)


@pytest.mark.parametrize(
    ("status", "standing"),
    [("Pending", "PENDING"), ("Active", "ACTIVE"), ("Past Due", "PAST_DUE"), ("Expired", "EXPIRED"),
     ("Canceled", "CANCELED"), ("Odd", "UNKNOWN")],
)  # fmt: skip
def test_every_standing_of_a_subscription(status: str, standing: str) -> None:
    async def body(server: BraintreeServer, provider: BraintreeProvider) -> None:
        server.subscriptions["s1"] = {"id": "s1", "status": status}
        assert await provider.subscription_status("s1") == Subscription(standing=standing, token="s1")  # type: ignore[arg-type]

    with_braintree(body)


def test_the_utilities_of_the_checkout_page() -> None:
    async def body(server: BraintreeServer, provider: BraintreeProvider) -> None:
        anybody = {"client_token": "token-for-anybody", "vaulted": False}
        assert await provider.utility("customer/token", {}) == anybody
        assert await provider.utility("customer/token", {"customer_id": "c-1"}) == anybody
        for _ in range(2):
            made = await provider.utility("customer/create", {"customer_id": "c-1", "nonce": "n"})
            assert made == {"client_token": "token-for-c-1"}
        known = await provider.utility("customer/token", {"customer_id": "c-1"})
        assert known == {"client_token": "token-for-c-1", "vaulted": True}
        assert isinstance(await provider.utility("customer/create", {"customer_id": "../x"}), Rejected)
        assert isinstance(await provider.utility("other", {}), Rejected)

    with_braintree(body)


# beside the official SDK


def gateway(url: str = "") -> braintree.BraintreeGateway:
    parts = urlsplit(url or "http://127.0.0.1:1")
    loopback = braintree.Environment("loopback", parts.hostname, str(parts.port), "", False, None)
    return braintree.BraintreeGateway(
        braintree.Configuration(
            environment=loopback, merchant_id=MERCHANT, public_key=PUBLIC_KEY, private_key=PRIVATE_KEY
        )
    )


def test_the_official_sdk_sees_on_the_server_what_we_did() -> None:
    """The server speaks as the SDK expects, so what we exchange with it is what Braintree would."""

    async def run() -> None:
        server = BraintreeServer()
        async with served(server.app()) as url:
            provider, official = at(url), gateway(url)
            ours = await paid(provider)
            seen = await asyncio.to_thread(official.transaction.find, ours.payment_id)
            assert (str(seen.amount), seen.status, seen.type) == ("12.99", "settling", "sale")
            search = braintree.TransactionSearch.order_id == order_id("shop-1", "saga-1.1.0")
            found = await asyncio.to_thread(official.transaction.search, search)
            assert found.ids == [ours.payment_id]
            options = {"amount": "5.00", "order_id": order_id("shop-1", "r"), "api_request_key": "r"}
            refund = await asyncio.to_thread(official.transaction.refund, ours.payment_id, options)
            assert refund.is_success
            again = await provider.refund(given_back(ours, key="r", amount=500, again=True))
            assert isinstance(again, Refund)
            assert again.refund_id == refund.transaction.id
            await provider.close()

    asyncio.run(run())


@pytest.mark.parametrize(
    "content",
    [
        {
            "transaction": {
                "amount": "12.99",
                "options": {"submit_for_settlement": True},
                "order_id": "a<b>&'\"c",
            }
        },
        {"search": {"order_id": {"is": "ü — 日本"}, "ids": ["a", "b"]}},
        {"subscription": {"number_of_billing_cycles": 12, "never_expires": False, "price": None}},
    ],
)
def test_requests_are_written_as_the_sdk_writes_them(content: dict[str, Any]) -> None:
    assert written(content).decode() == XmlUtil.xml_from_dict(content)
    assert XmlUtil.dict_from_xml(written(content)) == XmlUtil.dict_from_xml(XmlUtil.xml_from_dict(content))


def test_what_is_no_character_of_xml_is_left_out() -> None:
    assert written({"a": "x\x00\x08\ud800y"}) == b"<a>xy</a>"


_BOMB = b"""<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "boom"><!ENTITY c "&b;&b;">]><a>&c;</a>"""


@pytest.mark.parametrize(
    "refused",
    [
        _BOMB,
        _BOMB.decode().encode("utf-16"),
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        b"<a>" * 100_000 + b"</a>" * 100_000,
        b"<a>" + b"<b/>" * 60_000 + b"</a>",
        b"<a>&unknown;</a>",
        b"<a><b></a>",
        b"\xff\xfe\x00",
        b"",
    ],
    ids=["bomb", "bomb in UTF-16", "outside", "deep", "big", "entity", "unbalanced", "noise", "nothing"],
)
def test_dangerous_and_broken_xml_is_not_read(refused: bytes) -> None:
    assert parsed(refused) is None


def test_xml_is_read_with_underscores_and_without_blanks() -> None:
    root = parsed(
        b"<?xml version='1.0'?>\n<search-results>\n<ids type='array'><item> a </item></ids></search-results>"
    )
    assert root is not None
    assert root.name == "search_results"
    assert root.at("ids", "item") == "a"
    assert root.at("ids", "missing", "deeper") == ""


# webhooks


def read(request: CallbackRequest) -> Told | Refused:
    return asyncio.run(open_braintree("braintree", OPTIONS).read_callback(request))


def told(request: CallbackRequest) -> Notice:
    answer = read(request)
    assert isinstance(answer, Told)
    (notice,) = answer.notices
    return notice


def sample(kind: str) -> CallbackRequest:
    """A notification made and signed by the official SDK."""
    made = gateway().webhook_testing.sample_notification(kind, "my-id")
    return posted(made["bt_payload"].decode(), signature=made["bt_signature"])


Kind = braintree.WebhookNotification.Kind
KINDS = sorted(value for name, value in vars(Kind).items() if not name.startswith("_"))


@pytest.mark.parametrize("kind", KINDS)
def test_every_notification_of_the_sdk_is_read_as_the_sdk_reads_it(kind: str) -> None:
    made = gateway().webhook_testing.sample_notification(kind, "my-id")
    official = gateway().webhook_notification.parse(made["bt_signature"], made["bt_payload"])
    answer = read(sample(kind))
    assert isinstance(answer, Told)
    if kind == Kind.Check:
        assert not answer.notices
        return
    (notice,) = answer.notices
    assert notice.description.startswith(official.kind)
    assert notice.id.startswith(official.kind)


@pytest.mark.parametrize(
    ("kind", "about", "word"),
    [
        (Kind.SubscriptionChargedSuccessfully, "payment", "ACCEPTED"),
        (Kind.SubscriptionChargedUnsuccessfully, "payment", "FAILED"),
        (Kind.SubscriptionCanceled, "subscription", "FAILED"),
        (Kind.SubscriptionExpired, "subscription", "FAILED"),
        (Kind.SubscriptionWentPastDue, "subscription", "PENDING"),
        (Kind.SubscriptionWentActive, "subscription", "ACCEPTED"),
        (Kind.TransactionSettled, "payment", "ACCEPTED"),
        (Kind.TransactionSettlementDeclined, "payment", "FAILED"),
        (Kind.RefundFailed, "refund", "FAILED"),
        (Kind.DisputeOpened, "other", None),
        (Kind.DisputeWon, "other", None),
        (Kind.TransactionDisbursed, "other", None),
        (Kind.SubscriptionBillingSkipped, "other", None),
    ],
)
def test_what_each_kind_says(kind: str, about: str, word: str | None) -> None:
    notice = told(sample(kind))
    assert (notice.about, notice.word) == (about, word)


def test_a_renewal_is_told_from_the_first_payment() -> None:
    def charged(cycle: int) -> Notice:
        transaction = {"id": "tx1", "amount": "12.99", "currency_iso_code": "EUR", "status": "settling"}
        subscription = {"id": "sg-1", "current_billing_cycle": cycle, "transactions": [transaction]}
        return told(webhook("subscription_charged_successfully", {"subscription": subscription}))

    first, second = charged(1), charged(2)
    assert (first.renewal, second.renewal) == (False, True)
    assert (second.payment_id, second.subscription_token) == ("tx1", "sg-1")
    assert (second.amount, second.currency) == (1299, "EUR")
    assert second.happened == 1_795_435_200_000


def test_a_subscription_that_is_late_twice_makes_two_notices() -> None:
    def late(at: str) -> str:
        xml = f"<notification><timestamp>{at}</timestamp><kind>subscription_went_past_due</kind><subject>"
        xml += "<subscription><id>sg-1</id></subscription></subject></notification>"
        return told(posted(b64encode(xml.encode()).decode())).id

    assert late("2026-11-23T12:00:00Z") != late("2026-12-23T12:00:00Z")
    assert late("2026-11-23T12:00:00Z") == late("2026-11-23T12:00:00Z")


def test_a_settled_refund_is_about_the_refund() -> None:
    transaction = {
        "id": "tx2", "type": "credit", "refunded_transaction_id": "tx1", "amount": "5.00", "currency_iso_code": "EUR",
        "order_id": order_id("shop-1", "k"),
    }  # fmt: skip
    notice = told(webhook("transaction_settled", {"transaction": transaction}))
    assert (notice.about, notice.payment_id, notice.refund_id) == ("refund", "tx1", "tx2")
    assert (notice.amount, notice.shop_transaction_id) == (500, "shop-1")


def test_nothing_of_a_card_gets_into_a_notice() -> None:
    """The SDK's sample of a failed refund has a card number and a CVV."""
    notice = told(sample(Kind.RefundFailed))
    assert "123456" not in repr(notice) + repr(notice.keep)


def test_the_address_proves_itself_as_the_sdk_would() -> None:
    challenge = "20f9f8ed05f77439fe955c977e4c8a53"
    request = CallbackRequest(method="GET", target="/", query={"bt_challenge": challenge}, received=RECEIVED)
    answer = read(request)
    assert isinstance(answer, Told)
    assert not answer.notices
    assert answer.body.decode() == gateway().webhook_notification.verify(challenge)


@pytest.mark.parametrize("challenge", ["", "no hex", "<script>", "a" * 33, "a" * 20 + "\n"])
def test_what_is_no_challenge_is_not_signed(challenge: str) -> None:
    request = CallbackRequest(method="GET", target="/", query={"bt_challenge": challenge}, received=RECEIVED)
    assert isinstance(read(request), Refused)


@pytest.mark.parametrize(
    "payload",
    [encodebytes(_BOMB).decode(), b64encode(b"<other/>").decode(), "====", b64encode(b"noise").decode()],
)
def test_a_signed_payload_that_cannot_be_read_is_refused(payload: str) -> None:
    answer = read(posted(payload))
    assert isinstance(answer, Refused)
    assert answer.status == 400


def test_ten_thousand_signed_and_spoilt_notifications_crash_nothing() -> None:
    """Signed right and not to be trusted with its shape: bytes are changed, cut out and doubled before signing."""
    dice = random.Random(11)
    provider = open_braintree("braintree", OPTIONS)
    sound = [
        b64decode(gateway().webhook_testing.sample_notification(kind, "my-id")["bt_payload"])
        for kind in (Kind.SubscriptionChargedSuccessfully, Kind.TransactionSettled, Kind.DisputeOpened)
    ]

    async def body() -> None:
        for _ in range(10_000):
            spoilt = bytearray(dice.choice(sound))
            for _ in range(dice.randrange(1, 4)):
                start, length = dice.randrange(len(spoilt)), dice.randrange(40)
                spoilt[start : start + length] = dice.choice(
                    [b"", dice.randbytes(2), spoilt[start : start + length] * 2]
                )
            answer = await provider.read_callback(posted(b64encode(bytes(spoilt)).decode() or "="))
            assert isinstance(answer, Told | Refused)

    asyncio.run(body())


# options


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"merchantId": "a/b"}, "merchantId"),
        ({"publicKey": None}, "publicKey"),
        ({"privateKey": 7}, "privateKey"),
        ({"merchantAccounts": {}}, "merchantAccounts"),
        ({"merchantAccounts": {"EURO": "x"}}, "merchantAccounts"),
        ({"merchantAccounts": {"EUR": 7}}, "merchantAccounts"),
        ({"plans": {"monthly": "1"}}, "plans"),
        ({"baseUrl": "https://"}, "baseUrl"),
        ({"isSandbox": True}, "isSandbox"),
    ],
)
def test_wrong_options_are_named_and_not_shown(wrong: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigInvalid, match=f"provider braintree: .*{named}") as caught:
        open_braintree("braintree", {**OPTIONS, **wrong})
    assert PRIVATE_KEY not in str(caught.value)
