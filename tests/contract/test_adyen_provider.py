"""The provider contract over Adyen, its result codes, its currencies, its webhooks and the vectors of its signature."""

from __future__ import annotations

import asyncio
import json
import random
from base64 import b64encode
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any

import pytest
from Adyen.util import is_valid_hmac_notification

from engine.errors import ConfigInvalid
from providers.adyen import AdyenProvider, open_adyen
from providers.adyen_wire import from_adyen, to_adyen
from providers.base import Payment, PayRequest, Refund, RefundRequest, Rejected, Subscription, Unknown
from providers.callbacks import CallbackRequest, Notice, Refused, Told
from tests.contract.provider.adyen_server import OPTIONS, RECEIVED, AdyenServer, notification
from tests.contract.provider.loopback import opened
from tests.contract.provider.odd_answers import endure
from tests.contract.provider.suite import ProviderSuite
from tests.contract.provider.world import World

# Published with Adyen's official libraries: key, fields, signature. The last one has a colon in the reference.
VECTORS = [
    (
        "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056",
        ("7914073381342284", "TestMerchant", "TestPayment-1407325143704", 1130, "AUTHORISATION"),
        "coqCmt/IZ4E3CzPvMY8zTjQVL5hYJUiBRg8UU+iCWo0=",
    ),
    (
        "DFB1EB5485895CFA84146406857104ABB4CBCABDC8AAF103A624C8F6A3EAAB00",
        ("7914073381342284", "TestMerchant", "TestPayment-1407325143704", 1130, "AUTHORISATION"),
        "Ny9gS2veKo5E4w8/OL6xz1/wvT/hYkAXy1xNc/QvO4I=",
    ),
    (
        "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056",
        ("7914073381342284", "TestMerchant", "TestPayment-1407325143704", 0, "REFUND"),
        "J7HhsgZo5KwqdB7LFZJV6rfQgp+RqC2kuYyw/3x3w+8=",
    ),
    (
        "C56F00E99723D90F65254B00746844BED11BCDD0DD42B26EC980DC1301C6CD20",
        ("TEST_CUSTOM_7914073381342284", "PHPApiLibrary", "auth:123", 113000, "AUTHORISATION"),
        "ovT21mqdbQToGbWssIhnBXAlnkhgKuehtGwvYFf5h2Q=",
    ),
]


def at(url: str) -> AdyenProvider:
    return open_adyen("adyen", {**OPTIONS, "baseUrl": url})


class TestAdyenProvider(ProviderSuite):
    def world(self) -> AbstractAsyncContextManager[World]:
        return opened(AdyenServer(), at)

    def provider_data(self, method: str) -> dict[str, Any]:
        return {"encryptedCardNumber": "adyenjs_0_1_5555"}


def with_adyen(body: Callable[[AdyenServer, AdyenProvider], Awaitable[None]]) -> None:
    async def run() -> None:
        async with opened(AdyenServer(), at) as server:
            assert isinstance(server.provider, AdyenProvider)
            await body(server, server.provider)

    asyncio.run(run())


def order(**changes: Any) -> PayRequest:
    request = PayRequest(
        key="saga-1.1.0",
        amount=1299,
        currency="EUR",
        method="credit-cards",
        shop_transaction_id="shop-1",
        success_url="https://shop.example/ok",
        provider_data={
            "encryptedCardNumber": "adyenjs_0_1",
            "encryptedSecurityCode": "adyenjs_0_2",
            "cvv": "737",
        },
    )
    return replace(request, **changes)


# what is asked


def test_the_card_fields_go_to_adyen_and_nothing_else_of_the_provider_data() -> None:
    async def body(server: AdyenServer, provider: AdyenProvider) -> None:
        nested = {
            "paymentMethod": {"encryptedCardNumber": "adyenjs_0_1"},
            "shopperEmail": "a@shop.example",
            "x": "y",
        }
        await provider.pay(order(provider_data=nested))
        assert server.bodies == [
            {
                "merchantAccount": "TestMerchant",
                "amount": {"value": 1299, "currency": "EUR"},
                "reference": "shop-1",
                "shopperEmail": "a@shop.example",
                "returnUrl": "https://shop.example/ok",
                "paymentMethod": {"type": "scheme", "encryptedCardNumber": "adyenjs_0_1"},
            }
        ]

    with_adyen(body)


def test_without_a_card_number_nothing_is_asked() -> None:
    async def body(server: AdyenServer, provider: AdyenProvider) -> None:
        assert isinstance(await provider.pay(order(provider_data={"cvv": "737"})), Rejected)
        assert not server.bodies

    with_adyen(body)


@pytest.mark.parametrize(
    ("amount", "currency", "value"),
    [
        (1299, "EUR", 1299),
        (1299, "JPY", 1299),
        (1299, "KWD", 1299),
        (1299, "ISK", 129_900),
        (1299, "CLP", 129_900),
        (129_900, "IDR", 1299),
        (129_900, "CVE", 1299),
        (129_950, "IDR", None),
    ],
)
def test_adyens_own_minor_units(amount: int, currency: str, value: int | None) -> None:
    assert to_adyen(amount, currency) == value
    if value is not None:
        assert from_adyen(value, currency) == amount


def test_an_amount_that_adyen_cannot_write_is_for_another_provider() -> None:
    async def body(server: AdyenServer, provider: AdyenProvider) -> None:
        answer = await provider.pay(order(amount=129_950, currency="IDR"))
        assert isinstance(answer, Rejected)
        assert answer.elsewhere

    with_adyen(body)


# what it answers


@pytest.mark.parametrize(
    ("code", "result"),
    [
        ("Authorised", "OK"),
        ("Refused", "KO"),
        ("Error", "KO"),
        ("Cancelled", "KO"),
        ("Pending", "PENDING"),
        ("Received", "PENDING"),
        ("PresentToShopper", "PENDING"),
        ("ChallengeShopper", "PENDING"),
        ("IdentifyShopper", "PENDING"),
        ("SomethingNew", "PENDING"),
    ],
)
def test_every_result_code_has_a_meaning(code: str, result: str) -> None:
    async def body(server: AdyenServer, provider: AdyenProvider) -> None:
        server.answers_with = {"resultCode": code}
        answer = await provider.pay(order())
        assert isinstance(answer, Payment)
        assert answer.result == result

    with_adyen(body)


def test_the_customer_is_sent_to_the_bank_and_back() -> None:
    async def body(server: AdyenServer, provider: AdyenProvider) -> None:
        bank = "https://checkoutshopper-test.adyen.com/checkoutshopper/threeDS/redirect?MD=1"
        server.answers_with = {"resultCode": "RedirectShopper", "action": {"method": "GET", "url": bank}}
        answer = await provider.pay(order())
        assert isinstance(answer, Payment)
        assert (answer.result, answer.redirect_to_url) == ("REDIRECT_TO_URL", bank)
        back = await provider.utility("payment/details", {"redirectResult": "X6XtfGC3"})
        assert back == {
            "resultCode": "Authorised",
            "paymentId": "V4HZ4RBFJGXXGN82",
            "shopTransactionId": "shop-1",
        }

    with_adyen(body)


def test_a_redirect_that_cannot_be_followed_is_a_failure_that_another_provider_may_do_better() -> None:
    async def body(server: AdyenServer, provider: AdyenProvider) -> None:
        form = {"method": "POST", "url": "https://bank.example", "data": {"PaReq": "x"}}
        server.answers_with = {"resultCode": "RedirectShopper", "action": form}
        answer = await provider.pay(order())
        assert isinstance(answer, Payment)
        assert (answer.result, answer.elsewhere) == ("KO", True)

    with_adyen(body)


@pytest.mark.parametrize(
    ("reason", "elsewhere"),
    [
        ("2", True), ("9", True), ("12", True), ("4", True), ("5", False), ("6", False), ("14", False), ("20", False),
        ("22", False), ("26", False), ("31", False), ("46", False), ("999", False), ("", False),
    ],
)  # fmt: skip
def test_soft_refusals_may_go_elsewhere_and_hard_ones_not(reason: str, elsewhere: bool) -> None:
    async def body(server: AdyenServer, provider: AdyenProvider) -> None:
        server.answers_with = {"resultCode": "Refused", "refusalReason": "FRAUD", "refusalReasonCode": reason}
        answer = await provider.pay(order())
        assert isinstance(answer, Payment)
        assert (answer.result, answer.elsewhere) == ("KO", elsewhere)

    with_adyen(body)


def test_a_number_like_a_cards_in_adyens_words_is_not_passed_on() -> None:
    async def body(server: AdyenServer, provider: AdyenProvider) -> None:
        server.answers_with = {
            "resultCode": "Refused",
            "refusalReason": "card 4111111111111111 <b>blocked</b>",
        }
        answer = await provider.pay(order())
        assert isinstance(answer, Payment)
        assert "4111" not in answer.description
        assert "<" not in answer.description

    with_adyen(body)


def test_an_answer_without_a_result_is_unknown() -> None:
    async def body(server: AdyenServer, provider: AdyenProvider) -> None:
        server.answers_with = {"resultCode": ""}
        assert isinstance(await provider.pay(order()), Unknown)

    with_adyen(body)


def test_a_long_key_is_shortened_and_still_takes_the_money_once() -> None:
    async def body(server: AdyenServer, provider: AdyenProvider) -> None:
        first = await provider.pay(order(key="k" * 200))
        again = await provider.pay(order(key="k" * 200, again=True))
        assert first == again
        assert len(server.payments()) == 1

    with_adyen(body)


def test_answers_that_make_no_sense_are_endured() -> None:
    sound = b'{"pspReference": "P1", "resultCode": "Pending", "storedPaymentMethods": [{"id": "S1"}], "errorCode": "1"}'
    asyncio.run(endure(at, order(subscription={"token": "customer-7"}), sound))


# links and subscriptions


def test_a_link_is_made_once() -> None:
    async def body(server: AdyenServer, provider: AdyenProvider) -> None:
        first = await provider.create_link(order(provider_data={}))
        again = await provider.create_link(order(provider_data={}, again=True))
        assert isinstance(first, Payment)
        assert first.link == "https://test.adyen.link/PL00000000000001"
        assert again == first
        assert len(server.payments()) == 1

    with_adyen(body)


def test_a_subscription_is_started_renewed_and_ended() -> None:
    async def body(server: AdyenServer, provider: AdyenProvider) -> None:
        data = {"encryptedCardNumber": "adyenjs_0_1", "shopperReference": "customer-7"}
        first = await provider.start_subscription(order(provider_data=data))
        assert isinstance(first, Payment)
        assert first.subscription_token == "customer-7"
        assert await provider.subscription_status("customer-7") == Subscription(
            standing="ACTIVE", token="customer-7"
        )
        renewal = order(key="saga-2.1.0", provider_data={}, subscription={"token": "customer-7"})
        second = await provider.pay_subscription(renewal)
        assert isinstance(second, Payment)
        assert second.result == "OK"
        assert server.bodies[-1]["paymentMethod"] == {"type": "scheme", "storedPaymentMethodId": "STORED1"}
        assert server.bodies[-1]["shopperInteraction"] == "ContAuth"
        for _ in range(2):
            ended = await provider.expire_subscription("customer-7", "saga-3.1.0")
            assert ended == Subscription(standing="CANCELED", token="customer-7")
        assert await provider.subscription_status("customer-7") == Subscription(
            standing="UNKNOWN", token="customer-7"
        )
        late = await provider.pay_subscription(replace(renewal, key="saga-4.1.0"))
        assert isinstance(late, Payment)
        assert (late.result, late.elsewhere) == ("KO", False)

    with_adyen(body)


def test_all_that_is_left_is_refunded_to_the_reference_that_the_webhook_told() -> None:
    async def body(server: AdyenServer, provider: AdyenProvider) -> None:
        payment = await provider.pay(order())
        assert isinstance(payment, Payment)
        request = RefundRequest(
            key="saga-1.5.0",
            payment_id="PL00000000000001",
            keep={"pspReference": payment.payment_id},
            amount=None,
            currency="EUR",
            paid=1299,
            refunded=500,
            shop_transaction_id="shop-1",
        )
        answer = await provider.refund(request)
        assert isinstance(answer, Refund)
        assert answer.result == "PENDING"
        assert [it.amount for it in server.refunds()] == [799]

    with_adyen(body)


# webhooks


def read(request: CallbackRequest, **options: Any) -> Told | Refused:
    return asyncio.run(open_adyen("adyen", {**OPTIONS, **options}).read_callback(request))


def told(**item: Any) -> Notice:
    whole = {
        "pspReference": "8836183819713023",
        "merchantReference": "shop-1",
        "amount": {"value": 500, "currency": "EUR"},
        "success": "true",
        **item,
    }
    answer = read(notification(whole))
    assert isinstance(answer, Told)
    assert answer.body == b"[accepted]"
    (notice,) = answer.notices
    return notice


@pytest.mark.parametrize(
    ("event", "success", "about", "word"),
    [
        ("AUTHORISATION", "true", "payment", "ACCEPTED"),
        ("AUTHORISATION", "false", "payment", "FAILED"),
        ("OFFER_CLOSED", "true", "payment", "FAILED"),
        ("REFUND", "true", "refund", "ACCEPTED"),
        ("REFUND", "false", "refund", "FAILED"),
        ("REFUND_FAILED", "true", "refund", "FAILED"),
        ("REFUNDED_REVERSED", "true", "refund", "FAILED"),
        ("CAPTURE", "true", "other", None),
        ("CAPTURE_FAILED", "true", "other", None),
        ("CHARGEBACK", "true", "other", None),
        ("SOMETHING_NEW", "true", "other", None),
    ],
)
def test_what_each_event_says(event: str, success: str, about: str, word: str | None) -> None:
    notice = told(
        eventCode=event, success=success, originalReference="" if about == "payment" else "ORIGINAL1"
    )
    assert (notice.about, notice.word) == (about, word)
    assert notice.payment_id == ("8836183819713023" if about == "payment" else "ORIGINAL1")
    assert notice.refund_id == ("8836183819713023" if about == "refund" else None)
    assert (notice.amount, notice.currency) == (500, "EUR")


def test_an_amount_is_told_in_our_minor_units() -> None:
    notice = told(eventCode="AUTHORISATION", amount={"value": 129_900, "currency": "ISK"})
    assert notice.amount == 1299


def test_another_merchant_accounts_payment_is_none_of_ours() -> None:
    assert told(eventCode="AUTHORISATION", merchantAccountCode="Another").about == "other"


@pytest.mark.parametrize(("key", "fields", "signature"), VECTORS)
def test_the_published_signatures_reproduce(key: str, fields: tuple[Any, ...], signature: str) -> None:
    psp, merchant, reference, value, event = fields
    item = {
        "additionalData": {"hmacSignature": signature},
        "amount": {"value": value, "currency": "EUR"},
        "pspReference": psp,
        "eventCode": event,
        "merchantAccountCode": merchant,
        "merchantReference": reference,
        "success": "true",
    }
    assert is_valid_hmac_notification(item, key)
    body = json.dumps({"notificationItems": [{"NotificationRequestItem": item}]}).encode()
    request = CallbackRequest(method="POST", target="/", body=body, received=RECEIVED)
    options = {"apiKey": "a", "merchantAccount": merchant, "hmacKey": key}
    answer = asyncio.run(open_adyen("adyen", options).read_callback(request))
    assert isinstance(answer, Told)
    assert answer.notices[0].shop_transaction_id == reference


def test_while_keys_are_replaced_both_count() -> None:
    other = "ab" * 32
    request = notification({"pspReference": "P1", "amount": {"value": 1, "currency": "EUR"}, "merchantReference": "s",
                            "eventCode": "AUTHORISATION", "success": "true"})  # fmt: skip
    assert isinstance(read(request, hmacKey=[other, OPTIONS["hmacKey"]]), Told)
    assert isinstance(read(request, hmacKey=other), Refused)


def test_a_signature_counts_for_one_reading_of_the_fields_only() -> None:
    """`P1` paid for `a:b` must not be read as `P1:a` paid for `b`."""
    signed = notification({"pspReference": "P1", "amount": {"value": 1, "currency": "EUR"}, "success": "true",
                           "merchantReference": "a:b", "eventCode": "AUTHORISATION"})  # fmt: skip
    shifted = signed.body.replace(b'"merchantReference": "a:b"', b'"merchantReference": "b"').replace(
        b'"merchantAccountCode": "TestMerchant"', b'"merchantAccountCode": "TestMerchant:a"'
    )
    answer = read(replace(signed, body=shifted))
    assert isinstance(answer, Refused)
    assert answer.status == 400


def test_without_a_signature_in_the_item_it_is_refused() -> None:
    signed = notification({"pspReference": "P1", "amount": {"value": 1, "currency": "EUR"}, "success": "true",
                           "merchantReference": "s", "eventCode": "AUTHORISATION"})  # fmt: skip
    bare = replace(signed, body=signed.body.replace(b"hmacSignature", b"otherSignature"))
    answer = read(bare)
    assert isinstance(answer, Refused)
    assert answer.status == 401


def test_a_wrong_password_is_refused() -> None:
    signed = notification({"pspReference": "P1", "amount": {"value": 1, "currency": "EUR"}, "success": "true",
                           "merchantReference": "s", "eventCode": "AUTHORISATION"})  # fmt: skip
    for header in ("", "Basic " + b64encode(b"hub:wrong").decode(), "Basic é"):
        assert isinstance(read(replace(signed, headers={"authorization": header})), Refused)


def test_ten_thousand_odd_fields_crash_nothing() -> None:
    """What would be signed right is not to be trusted with its shape either."""
    dice = random.Random(7)
    odd: list[Any] = [
        None,
        True,
        7,
        -1,
        1.5,
        10**30,
        "",
        "x",
        ":",
        "\ud800",
        [],
        {},
        [[]],
        {"value": "1"},
        "true",
    ]
    names = ["pspReference", "originalReference", "merchantAccountCode", "merchantReference", "amount", "eventCode",
             "success", "additionalData", "reason"]  # fmt: skip
    provider = open_adyen("adyen", {"apiKey": "a", "merchantAccount": "TestMerchant", "hmacKey": "00"})

    async def body() -> None:
        for _ in range(10_000):
            item = {name: dice.choice(odd) for name in names}
            wrapped = dice.choice([{"NotificationRequestItem": item}, item, [item], dice.choice(odd)])
            document = dice.choice(
                [{"notificationItems": [wrapped]}, {"notificationItems": wrapped}, [wrapped]]
            )
            content = json.dumps(document).encode()
            answer = await provider.read_callback(
                CallbackRequest(method="POST", target="/", body=content, received=1)
            )
            assert isinstance(answer, Refused)

    asyncio.run(body())


# options


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"apiKey": None}, "apiKey"),
        ({"merchantAccount": 7}, "merchantAccount"),
        ({"hmacKey": "not hex"}, "hmacKey"),
        ({"hmacKey": []}, "hmacKey"),
        ({"baseUrl": "ftp://x"}, "baseUrl"),
        ({"callbackPassword": None}, "callbackPassword"),
        ({"apiKey": "secret\nX-Other: 1"}, "apiKey"),
        ({"other": "x"}, "other"),
    ],
)
def test_wrong_options_are_named_and_not_shown(wrong: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigInvalid, match=f"provider adyen: .*{named}") as caught:
        open_adyen("adyen", {**OPTIONS, **wrong})
    assert "secret" not in str(caught.value)
    assert "not hex " not in str(caught.value)
