"""The BFF: what a shop's own front end asks for, each request once under its key, within limits, with a key where asked."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator

import pytest

from engine.model import Json
from hub.access.access import House
from tests.http.daemon import AWAY, daemon
from tests.http.shop import Shop, selling

Test = Callable[[Shop], Awaitable[None]]
Sold = Callable[[Test], None]
B = "/pgm-bff"


@pytest.fixture(scope="module")
def sold() -> Iterator[Sold]:
    with selling({"apiRequestsPerMinute": 1_000_000}) as run:
        yield run


async def begun(it: Shop, number: str, amount: int = 1299, **more: object) -> str:
    metadata = {"shopTransactionId": number, "amount": amount, "currency": "EUR", **more}
    reply = await it.it.post(f"{B}/fm/saga", {"metadata": metadata})
    assert reply.status == 200, reply.body
    return str(reply.json["sagaId"])


async def paid(it: Shop, number: str, amount: int = 1299) -> str:
    saga_id = await begun(it, number, amount)
    reply = await it.it.post(f"{B}/pay", {"sagaId": saga_id, "paymentMethod": "credit-cards"})
    assert (reply.status, reply.json["result"]) == (200, "OK"), reply.body
    return saga_id


@pytest.mark.parametrize("prefix", [B, ""])
def test_a_payment_is_begun_offered_paid_polled_and_shown(prefix: str, sold: Sold) -> None:
    async def body(it: Shop) -> None:
        saga_id = await begun(it, f"direct{prefix}")
        methods = (await it.it.get(f"{prefix}/payment/{saga_id}/methods")).json
        assert {"provider": "sandbox", "paymentMethod": "credit-cards"} in methods
        polled = (await it.it.get(f"{prefix}/pay-polling?sagaId={saga_id}")).json
        assert (polled["isPending"], polled["result"]) == (True, "PENDING")
        reply = await it.it.post(f"{prefix}/pay", {"sagaId": saga_id, "paymentMethod": "credit-cards"})
        assert reply.json["result"] == "OK"
        assert reply.json["status"] == "PAID"
        polled = (await it.it.get(f"{prefix}/pay-polling?sagaId={saga_id}")).json
        assert (polled["isPending"], polled["result"]) == (False, "OK")
        assert polled["page"].endswith(f"/payment/{saga_id}/result")
        info = (await it.it.get(f"{prefix}/payment-info?sagaId=direct{prefix.replace('/', '%2F')}")).json
        assert (info["sagaId"], info["status"], info["amount"]) == (saga_id, "PAID", 1299)

    sold(body)


@pytest.mark.parametrize(
    ("amount", "result"), [(1201, "KO"), (1202, "PENDING"), (1203, "REDIRECT_TO_URL"), (1299, "OK")]
)
def test_pay_answers_what_the_provider_decided(amount: int, result: str, sold: Sold) -> None:
    async def body(it: Shop) -> None:
        saga_id = await begun(it, f"result-{amount}", amount)
        asked = {"sagaId": saga_id, "paymentMethod": "credit-cards", "provider": "sandbox"}
        answer = (await it.it.post(f"{B}/pay", asked)).json
        assert answer["result"] == result
        assert ("redirectToUrl" in answer) == (result == "REDIRECT_TO_URL")
        assert (await it.it.post(f"{B}/pay", asked)).json == answer

    sold(body)


def test_the_caller_s_redirects_go_before_the_checkout_s_own(sold: Sold) -> None:
    async def body(it: Shop) -> None:
        saga_id = await begun(it, "redirects", 1203)
        asked = {
            "sagaId": saga_id,
            "paymentMethod": "credit-cards",
            "successRedirect": "https://shop.example/ok",
        }
        await it.it.post(f"{B}/pay", asked)
        details = (await it.it.show(saga_id))["metadata"]["payRequestData"]
        assert details["successRedirect"] == "https://shop.example/ok"
        assert details["failureRedirect"].endswith(f"/payment/{saga_id}/back?left=1")

    sold(body)


def test_the_same_key_gets_the_same_answer_and_another_request_under_it_is_refused(sold: Sold) -> None:
    async def body(it: Shop) -> None:
        key = {"Idempotency-Key": "k-1"}
        first = {"metadata": {"shopTransactionId": "keyed", "amount": 100, "currency": "EUR"}}
        once = await it.it.post(f"{B}/fm/saga", first, key)
        twice = await it.it.post("/fm/saga", first, key)
        assert once.json == twice.json
        other = {"metadata": {"shopTransactionId": "other", "amount": 100, "currency": "EUR"}}
        assert (await it.it.post(f"{B}/fm/saga", other, key)).code == "payload-invalid"

    sold(body)


def test_a_repeated_refund_gives_the_money_back_once(sold: Sold) -> None:
    async def body(it: Shop) -> None:
        saga_id = await paid(it, "refund-1")
        asked = {"sagaId": saga_id, "currency": "EUR", "remainingAmount": 4.5, "reason": "broken"}
        replies = await asyncio.gather(
            *(it.it.post(f"{B}/refund", asked, {"Idempotency-Key": "r-1"}) for _ in range(3))
        )
        assert [reply.status for reply in replies] == [202, 202, 202]
        assert {reply.json["amount"] for reply in replies} == {450}
        await it.it.engine.dispatcher.idle()
        info = (await it.it.get(f"{B}/payment-info?sagaId={saga_id}")).json
        assert (info["status"], info["refundedAmount"]) == ("PARTIALLY_REFUNDED", 450)

    sold(body)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"remainingAmount": 13}, "payload-invalid"),
        ({"remainingAmount": "1.001"}, "invalid-request"),
        ({"remainingAmount": 0}, "invalid-request"),
        ({"remainingAmount": -1}, "invalid-request"),
        ({"remainingAmount": "1e2"}, "invalid-request"),
        ({"currency": "USD"}, "invalid-request"),
        ({"sagaId": "nobody"}, "saga-not-found"),
    ],
)
def test_a_refund_that_cannot_be_is_refused(changes: Json, code: str, sold: Sold) -> None:
    async def body(it: Shop) -> None:
        saga_id = await paid(it, "refund-2")
        asked = {"sagaId": saga_id, "currency": "EUR", "remainingAmount": 1, **changes}
        assert (await it.it.post(f"{B}/refund", asked)).code == code

    sold(body)


def test_several_are_refunded_in_full_and_each_row_is_told(sold: Sold) -> None:
    async def body(it: Shop) -> None:
        good, fresh = await paid(it, "bulk-1"), await begun(it, "bulk-2")
        rows = [
            {"sagaId": saga_id, "amount": "€ 1", "other": None} for saga_id in (good, good, fresh, "gone")
        ]
        key = {"Idempotency-Key": "bulk"}
        reply = await it.it.post(f"{B}/refund/bulk", rows, key)
        assert reply.status == 202
        assert [(one["sagaId"], one["amount"]) for one in reply.json["accepted"]] == [(good, 1299)]
        assert [one["code"] for one in reply.json["refused"]] == ["action-not-possible", "saga-not-found"]
        assert (await it.it.post(f"{B}/refund/bulk", rows, key)).json == reply.json
        assert (await it.it.post(f"{B}/refund/bulk", [])).code == "invalid-request"

    sold(body)


def test_a_link_is_made_shown_and_sent(sold: Sold) -> None:
    async def body(it: Shop) -> None:
        saga_id = await begun(it, "link-1")
        answer = (await it.it.post(f"{B}/pay-by-link", {"sagaId": saga_id, "email": "anna@example.com"})).json
        assert answer["result"] == answer["resultCode"] == "OK"
        assert answer["link"].startswith("http")
        await it.it.engine.dispatcher.idle()
        letter = next(one for one in it.post.sent if one.saga_id == saga_id and one.name == "sendPayByLink")
        assert letter.payload["additionalData"]["buyer"]["email"] == "anna@example.com"
        for wrong in (
            {"email": "nobody"},
            {"phone": "1"},
            {"email": "a@b.example", "phone": "+393331234567"},
        ):
            assert (
                await it.it.post(f"{B}/pay-by-link", {"sagaId": saga_id, **wrong})
            ).code == "invalid-request"
        done = await paid(it, "link-2")
        assert (await it.it.post(f"{B}/pay-by-link", {"sagaId": done})).code == "action-not-possible"

    sold(body)


def test_a_subscription_is_made_paid_and_ends_when_it_is_expired(sold: Sold) -> None:
    async def body(it: Shop) -> None:
        asked = {
            "shopSubscriptionId": "sub-1",
            "amount": 999,
            "currency": "EUR",
            "interval": "MONTH",
            "provider": "sandbox",
            "paymentMethod": "credit-cards",
        }
        made = (await it.it.post(f"{B}/create", asked)).json
        assert made["status"] == "CREATED"
        assert (await it.it.post(f"{B}/create", asked)).json == made
        pay = {"sagaId": made["sagaId"], "paymentMethod": "credit-cards"}
        answer = (await it.it.post(f"{B}/pay-recurrent", pay)).json
        assert (answer["result"], answer["subscriptionId"]) == ("OK", made["sagaId"])
        await it.it.engine.dispatcher.idle()
        ended = await it.it.call("DELETE", f"{B}/expire?sagaId=sub-1")
        assert (ended.json["status"], ended.json["endsOn"]) == ("ACTIVE", "2026-02-01")
        assert (await it.it.post(f"{B}/expire?sagaId=sub-1", {})).json == ended.json
        assert (await it.it.show(made["sagaId"]))["metadata"]["expireRequested"] is True

    sold(body)


def test_the_buyer_is_told_again_only_when_there_is_something_to_tell(sold: Sold) -> None:
    async def body(it: Shop) -> None:
        saga_id = await paid(it, "mail-1")
        assert (await it.it.get(f"{B}/send-email?sagaId={saga_id}")).json["result"] == "OK"
        await it.it.engine.dispatcher.idle()
        sent = [one.name for one in it.post.sent if one.saga_id == saga_id]
        assert sent.count("notifyPaymentExecuted") == 2
        fresh = await begun(it, "mail-2")
        assert (await it.it.get(f"{B}/send-email?sagaId={fresh}")).code == "action-not-possible"

    sold(body)


def test_apple_pay_and_utilities_say_what_is_missing(sold: Sold) -> None:
    async def body(it: Shop) -> None:
        apple = await it.it.post(f"{B}/apple-pay-session", {"validationUrl": "https://apple-pay.example/x"})
        assert (apple.status, apple.code) == (501, "not-configured")
        token = await it.it.post(f"{B}/tokenization", {"provider": "sandbox", "utility": "payment/token"})
        assert token.code == "provider-refused"

    sold(body)


def test_an_error_has_the_original_s_names_beside_ours(sold: Sold) -> None:
    async def body(it: Shop) -> None:
        problem = (await it.it.get(f"{B}/payment-info?sagaId=nobody")).json
        assert (problem["statusCode"], problem["error"]) == (404, problem["title"])

    sold(body)


def test_the_store_is_away_and_the_answer_says_so(sold: Sold) -> None:
    async def body(it: Shop) -> None:
        it.it.store.fault = AWAY
        try:
            assert (await it.it.get(f"{B}/pay-polling?sagaId=x")).code == "store-unavailable"
        finally:
            it.it.store.fault = None

    sold(body)


def test_a_caller_may_send_so_much_a_minute() -> None:
    async def body(it: Shop) -> None:
        path = f"{B}/pay-polling?sagaId=nobody"
        assert [(await it.it.get(path)).status for _ in range(3)] == [404, 404, 429]
        refused = await it.it.get(path)
        assert refused.code == "too-many-requests"
        assert int(refused.headers["Retry-After"]) >= 1
        it.it.clock.time += 60_000
        assert (await it.it.get(path)).status == 404

    with selling({"apiRequestsPerMinute": 2}) as run:
        run(body)


def test_where_keys_are_asked_for_the_secret_header_is_one() -> None:
    async def body() -> None:
        async with daemon(house=House(asks=True)) as it:
            path = f"{B}/pay-polling?sagaId=nobody"
            assert (await it.get(path)).code == "login-required"
            assert (await it.get(path, secret="wrong")).code == "key-refused"
            viewer = await it.access.keys.add("shop", "viewer")
            assert (await it.get(path, secret=viewer)).code == "saga-not-found"
            refund = {"sagaId": "x", "currency": "EUR", "remainingAmount": 1}
            assert (await it.post(f"{B}/refund", refund, {"secret": viewer})).code == "not-allowed"
            assert (await it.get(f"{B}/send-email?sagaId=x", secret=viewer)).code == "not-allowed"

    asyncio.run(body())
