"""/v3: one order, one answer of the provider, done once; and what is refused at the door."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from engine.model import Json
from providers.base import Capabilities, Payment, PayRequest, Refund, RefundRequest, Rejected, Status, Unknown
from providers.sandbox import SandboxProvider
from tests.http.daemon import Daemon, daemon, served

PAY = "/v3/sandbox/credit-cards/pay"


def order(amount: object = 1200, **more: Any) -> Json:
    return {"amount": amount, "currency": "EUR", "shopTransactionId": "shop-1", **more}


class Bank(SandboxProvider):
    """A sandbox that can be told what to answer next, and remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: list[Payment | Unknown | Rejected] = []
        self.asked: list[PayRequest | RefundRequest] = []
        self.stands: Status | None = None

    @property
    def capabilities(self) -> Capabilities:
        return replace(super().capabilities, utilities=frozenset({"payment/token"}))

    async def pay(self, request: PayRequest) -> Payment | Unknown | Rejected:
        self.asked.append(request)
        return self.answers.pop(0) if self.answers else await super().pay(request)

    async def refund(self, request: RefundRequest) -> Refund | Unknown | Rejected:
        self.asked.append(request)
        await asyncio.sleep(0)  # let another request come between
        if self.stands is not None:
            self.stands = replace(self.stands, refunded=(self.stands.refunded or 0) + (request.amount or 0))
        return Refund(result="OK", refund_id="r-1")

    async def status(self, payment_id: str) -> Status | Unknown | Rejected:
        return self.stands or await super().status(payment_id)

    async def utility(self, name: str, fields: Any) -> Json | Unknown | Rejected:
        return {"name": name, "fields": dict(fields)}


def banked(test: Callable[[Daemon, Bank], Awaitable[None]]) -> Callable[[], None]:
    def run() -> None:
        async def body() -> None:
            bank = Bank()
            async with daemon(providers={"sandbox": bank}) as given:
                await test(given, bank)

        asyncio.run(body())

    run.__name__ = test.__name__
    return run


@served
async def test_a_payment_is_collected(daemon: Daemon) -> None:
    reply = await daemon.post(PAY, order())
    assert reply.status == 200
    assert reply.json["result"] == "OK"
    assert reply.json["paymentId"]
    status = await daemon.get(f"/v3/sandbox/status?paymentId={reply.json['paymentId']}")
    assert (status.json["status"], status.json["providerName"]) == ("ACCEPTED", "sandbox")


@served
async def test_a_declined_and_a_redirected_payment_are_answers_too(daemon: Daemon) -> None:
    declined = await daemon.post(PAY, order(1201))
    assert (declined.status, declined.json["result"]) == (200, "KO")
    assert declined.json["resultDescription"]
    redirected = await daemon.post(PAY, order(1203, shopTransactionId="shop-2"))
    assert redirected.json["result"] == "REDIRECT_TO_URL"
    assert redirected.json["redirectToUrl"]


@banked
async def test_a_repeat_gets_the_first_answer_and_asks_nobody(daemon: Daemon, bank: Bank) -> None:
    first = await daemon.post(PAY, order())
    again = await daemon.post(PAY, order())
    assert again.json == first.json
    assert len(bank.asked) == 1


@banked
async def test_what_is_unknown_is_no_answer_and_is_asked_again_under_the_same_key(
    daemon: Daemon, bank: Bank
) -> None:
    bank.answers = [Unknown(reason="no answer in time")]
    lost = await daemon.post(PAY, order())
    assert (lost.status, lost.code) == (503, "outcome-unknown")
    assert (await daemon.post(PAY, order())).json["result"] == "OK"
    first, second = bank.asked
    assert first.key == second.key
    assert (first.again, second.again) == (False, True)


@banked
async def test_a_refused_order_may_be_mended_under_the_same_key(daemon: Daemon, bank: Bank) -> None:
    bank.answers = [Rejected(reason="the address is missing"), Rejected(reason="HTTP 401", ours=True)]
    refused = await daemon.post(PAY, order())
    assert (refused.status, refused.code) == (422, "provider-refused")
    assert refused.json["message"] == "the address is missing."
    assert (await daemon.post(PAY, order(providerData={"a": 1}))).code == "provider-misconfigured"
    assert (await daemon.post(PAY, order(1300))).json["result"] == "OK"


@banked
async def test_orders_are_told_apart_by_their_key(daemon: Daemon, bank: Bank) -> None:
    key = {"Idempotency-Key": "k-1"}
    await daemon.post(PAY, order(), key)
    other = await daemon.post(PAY, order(1300), key)
    assert (other.status, other.code) == (422, "payload-invalid")
    await daemon.post(PAY, order(), {"Idempotency-Key": "k-2"})
    assert len({request.key for request in bank.asked}) == 2


@banked
async def test_two_equal_orders_at_once_are_one(daemon: Daemon, bank: Bank) -> None:
    replies = await asyncio.gather(*(daemon.post(PAY, order()) for _ in range(8)))
    assert len({reply.body for reply in replies}) == 1
    assert len(bank.asked) == 1


@banked
async def test_a_refund_is_given_once_and_a_second_one_needs_a_key(daemon: Daemon, bank: Bank) -> None:
    body = {"amount": 500, "currency": "EUR", "paymentId": "p-1"}
    bank.stands = Status(standing="ACCEPTED", payment_id="p-1", amount=1200, refunded=0)
    for _ in range(2):
        assert (await daemon.post("/v3/sandbox/refund", body)).json["result"] == "OK"
    assert len(bank.asked) == 1
    assert (await daemon.post("/v3/sandbox/refund", body, {"Idempotency-Key": "second"})).json[
        "result"
    ] == "OK"
    assert len(bank.asked) == 2
    more = await daemon.post("/v3/sandbox/refund", body, {"Idempotency-Key": "third"})
    assert (more.status, more.code) == (422, "provider-refused")
    assert len(bank.asked) == 2, "more than what is left is not asked for"


@banked
async def test_refunds_that_come_at_once_never_exceed_the_payment(daemon: Daemon, bank: Bank) -> None:
    bank.stands = Status(standing="ACCEPTED", payment_id="p-1", amount=1000, refunded=0)
    orders = [{"amount": 400, "currency": "EUR", "paymentId": "p-1"} for _ in range(6)]
    replies = await asyncio.gather(
        *(
            daemon.post("/v3/sandbox/refund", each, {"Idempotency-Key": f"k{n}"})
            for n, each in enumerate(orders)
        )
    )
    assert sorted(reply.status for reply in replies) == [200, 200, 422, 422, 422, 422]


@served
async def test_a_link_is_made(daemon: Daemon) -> None:
    reply = await daemon.post("/v3/sandbox/pay-by-link", order())
    assert (reply.json["result"], reply.json["resultCode"]) == ("OK", "OK")
    assert reply.json["link"]


@served
async def test_a_subscription_from_its_start_to_its_end(daemon: Daemon) -> None:
    base = "/v3/sandbox/credit-cards/subscription"
    terms = {"interval": "MONTH", "intervalCount": 1}
    started = await daemon.post(f"{base}/start", order(subscriptionInfo=terms))
    token = started.json["subscriptionToken"]
    paid = await daemon.post(
        f"{base}/pay", order(shopTransactionId="shop-2", subscriptionInfo={"token": token})
    )
    assert paid.json["result"] == "OK"
    scheduled = await daemon.post(
        f"{base}/schedule", order(shopTransactionId="shop-3", subscriptionInfo=terms)
    )
    assert scheduled.json["subscriptionToken"]
    changed = await daemon.post(
        f"/v3/sandbox/subscription/update/{token}",
        order(1500, shopTransactionId="shop-4", subscriptionInfo=terms),
    )
    assert changed.status in (200, 422)
    for method in ("DELETE", "POST"):
        ended = await daemon.call(method, f"/v3/sandbox/subscription/expire/{token}?shopTransactionId=shop-1")
        assert ended.status in (200, 422)
    assert (await daemon.get(f"/v3/sandbox/subscription/status/{token}")).status in (200, 422)


@banked
async def test_utilities_get_their_fields_from_query_body_and_path(daemon: Daemon, bank: Bank) -> None:
    got = await daemon.get("/v3/sandbox/utility/payment/token?customer_id=7")
    assert got.json == {"name": "payment/token", "fields": {"customer_id": "7"}}
    posted = await daemon.post("/v3/sandbox/utility/satispay/payment/token", {"amount": "5"})
    assert posted.json == {"name": "payment/token", "fields": {"method": "satispay", "amount": "5"}}
    assert (await daemon.get("/v3/sandbox/utility/payment/other")).code == "provider-refused"


@pytest.mark.parametrize("amount", [0, -5, 12.5, "1200", "1", None, True, 10**14, 2**64 - 1, [], {}], ids=str)
@pytest.mark.parametrize(
    ("path", "more"),
    [
        ("credit-cards/pay", {}),
        ("pay-by-link", {}),
        ("credit-cards/subscription/start", {"subscriptionInfo": {"interval": "DAY", "intervalCount": 1}}),
        ("credit-cards/subscription/schedule", {"subscriptionInfo": {"interval": "DAY", "intervalCount": 1}}),
        ("credit-cards/subscription/pay", {"subscriptionInfo": {"token": "t"}}),
        ("subscription/update/t", {"subscriptionInfo": {"interval": "DAY", "intervalCount": 1}}),
    ],
)
@served
async def test_what_is_no_amount_is_refused_at_the_door(
    daemon: Daemon, amount: object, path: str, more: Json
) -> None:
    reply = await daemon.post(f"/v3/sandbox/{path}", order(amount, **more))
    assert (reply.status, reply.json["statusCode"]) == (400, 400)


@pytest.mark.parametrize("text", ["1" + "0" * 30, "1e3", "1e400", "1200.5", "-0", "NaN"])
@served
async def test_what_json_libraries_would_make_an_amount_of_is_refused_too(daemon: Daemon, text: str) -> None:
    body = f'{{"amount": {text}, "currency": "EUR", "shopTransactionId": "s"}}'.encode()
    reply = await daemon.call("POST", PAY, body=body, headers={"Content-Type": "application/json"})
    assert reply.status == 400 or (text == "1e3" and reply.json["result"] == "OK")


@pytest.mark.parametrize(
    "wrong",
    [
        {"currency": "eur"},
        {"currency": "EUR\n"},
        {"currency": "XYZ"},
        {"shopTransactionId": ""},
        {"successRedirectUrl": "javascript:alert(1)"},
        {"providerData": []},
        {"unknown": 1},
    ],
    ids=str,
)
@served
async def test_an_order_that_does_not_fit_is_refused(daemon: Daemon, wrong: Json) -> None:
    assert (await daemon.post(PAY, order(**wrong))).status in (400, 422)


@served
async def test_a_provider_or_method_that_is_not_there_is_told(daemon: Daemon) -> None:
    assert (await daemon.post("/v3/nobody/credit-cards/pay", order())).code == "provider-not-found"
    assert (await daemon.get("/v3/nobody/status?paymentId=p")).code == "provider-not-found"
    assert (await daemon.post("/v3/sandbox/shells/pay", order())).code == "provider-refused"
    assert (await daemon.get("/v3/sandbox/status")).code == "invalid-query"
    assert (await daemon.get("/v3/sandbox/status?paymentId=nobody")).status == 422


@banked
async def test_nothing_of_a_payment_method_is_kept(daemon: Daemon, bank: Bank) -> None:
    data = {"encryptedCardNumber": "adyenjs_SECRET", "encryptedSecurityCode": "adyenjs_SECRET"}
    await daemon.post(PAY, order(providerData=data))
    [request] = bank.asked
    assert isinstance(request, PayRequest)
    assert request.provider_data == data
    [record] = await daemon.store.records.find("gateway-call")
    assert "SECRET" not in repr(record.body)
