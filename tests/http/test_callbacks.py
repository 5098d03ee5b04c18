"""What providers send on their own reaches the saga that has its payment id as a key, once; what has no place is kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import orjson
import pytest

from providers.base import PayRequest
from providers.callbacks import CallbackRequest, Word
from providers.sandbox import SandboxProvider
from providers.sandbox_ledger import BookedPayment
from tests.http.daemon import NOON, Daemon, Reply, daemon, served
from web.context import CONTEXT

CALLBACK = "/v3/sandbox/callback"
PAYMENT = (Path(__file__).parents[2] / "machines" / "payment.yaml").read_text()


def sandbox_of(it: Daemon) -> SandboxProvider:
    return cast("SandboxProvider", it.server._runner.app[CONTEXT].hub.gateway.providers["sandbox"])


def told(it: Daemon, payment_id: str, word: Word = "ACCEPTED", key: bytes | None = None) -> CallbackRequest:
    payment = BookedPayment(payment_id=payment_id, standing=word)
    return sandbox_of(it).callback(payment, word, NOON, key=key)


async def call_back(it: Daemon, request: CallbackRequest, path: str = CALLBACK) -> Reply:
    return await it.call("POST", path, body=request.body, headers=request.headers)


@served
async def test_a_callback_moves_the_saga_of_its_payment_once(daemon: Daemon) -> None:
    saga_id = await daemon.start("pay-1")
    for _ in range(3):
        reply = await call_back(daemon, told(daemon, "pay-1"))
        assert (reply.status, reply.body) == (200, b"")
    assert (await daemon.show(saga_id))["currentState"] == "PAID"
    history = await daemon.get(f"/api/v1/sagas/{saga_id}/history")
    assert [row["event"] for row in history.json["items"]].count("paymentExecuted") == 1


@served
async def test_who_cannot_prove_to_be_the_provider_is_refused(daemon: Daemon) -> None:
    saga_id = await daemon.start("pay-1")
    before = (await daemon.show(saga_id))["currentState"]
    forged = told(daemon, "pay-1", key=b"another")
    for request in (forged, CallbackRequest(method="POST", target=CALLBACK, body=forged.body, received=NOON)):
        reply = await call_back(daemon, request)
        assert (reply.status, reply.code) == (401, "callback-refused")
        assert b"pay-1" not in reply.body
    assert (await daemon.get(f"{CALLBACK}?paymentId=pay-1&result=executed")).status == 401
    assert (await daemon.show(saga_id))["currentState"] == before
    metrics = (await daemon.get("/-/metrics")).body.decode()
    assert 'sagaloom_callbacks_total{provider="sandbox",result="refused"} 3.0' in metrics


@served
async def test_a_callback_of_a_provider_that_is_not_bound_is_not_found(daemon: Daemon) -> None:
    reply = await call_back(daemon, told(daemon, "pay-1"), "/v3/nobody/callback")
    assert (reply.status, reply.code) == (404, "provider-not-found")


@served
async def test_the_store_is_away_and_the_provider_repeats(daemon: Daemon) -> None:
    from tests.http.daemon import AWAY

    request = told(daemon, "pay-1")
    daemon.store.fault = AWAY
    assert (await call_back(daemon, request)).status == 503


@served
async def test_what_no_saga_can_be_told_is_listed_counted_retried_and_dismissed(daemon: Daemon) -> None:
    reply = await call_back(daemon, told(daemon, "pay-9"))
    assert reply.status == 200, "the provider is done with it"
    listed = (await daemon.get("/api/v1/callbacks?state=unmatched")).json
    [one] = listed["items"]
    assert (one["paymentId"], one["provider"], one["word"]) == ("pay-9", "sandbox", "ACCEPTED")
    assert one["why"] == "no payment has this id (yet)"
    assert "sagaloom_callbacks_unmatched 1.0" in (await daemon.get("/-/metrics")).body.decode()
    path = f"/api/v1/callbacks/{one['id']}"
    assert (await daemon.post(f"{path}/retry", {})).json == {"sagaId": None}
    saga_id = await daemon.start("pay-9")
    assert (await daemon.post(f"{path}/retry", {})).json == {"sagaId": saga_id}
    assert (await daemon.show(saga_id))["currentState"] == "PAID"
    assert (await daemon.post(f"{path}/retry", {})).code == "callback-not-found"
    assert (await daemon.get("/api/v1/callbacks")).json["items"] == []


@served
async def test_a_person_dismisses_it_with_a_reason(daemon: Daemon) -> None:
    for number in range(3):
        await call_back(daemon, told(daemon, f"pay-{number}"))
    first = (await daemon.get("/api/v1/callbacks?limit=2")).json
    rest = (await daemon.get(f"/api/v1/callbacks?limit=2&cursor={first['nextCursor']}")).json
    assert [len(first["items"]), len(rest["items"]), rest["nextCursor"]] == [2, 1, None]
    path = f"/api/v1/callbacks/{rest['items'][0]['id']}/dismiss"
    reply = await daemon.post(path, {"reason": "paid by hand"}, {"X-Actor": "ann"})
    assert reply.json["dismissed"] == {"actor": "ann", "reason": "paid by hand"}
    assert len((await daemon.get("/api/v1/callbacks?state=unmatched")).json["items"]) == 2
    assert len((await daemon.get("/api/v1/callbacks?state=dismissed")).json["items"]) == 1
    assert (await daemon.post(path, {})).status == 400


# the sandbox's page


@asynccontextmanager
async def at_the_page(amount: int = 1203) -> AsyncIterator[tuple[Daemon, str, str]]:
    async with daemon(PAYMENT, default_machine="payment") as it:
        request = PayRequest(
            key="k1",
            amount=amount,
            currency="EUR",
            method="credit-cards",
            shop_transaction_id="<shop>",
            success_url="https://shop.example/ok?x=1",
            failure_url="https://shop.example/ko",
        )
        answer = await sandbox_of(it).pay(request)
        payment_id = answer.payment_id  # type: ignore[union-attr]
        metadata = {
            "shopTransactionId": "<shop>",
            "amount": amount,
            "currency": "EUR",
            "paymentId": payment_id,
        }
        saga = await it.post("/api/v1/sagas", {"machine": "payment", "metadata": metadata})
        yield it, f"/v3/sandbox/page/{payment_id}", saga.json["sagaId"]


async def chosen(it: Daemon, path: str, choice: str) -> tuple[int, str | None]:
    url = f"http://127.0.0.1:{it.server.port}{path}"
    async with it.session.post(url, data={"choice": choice}, allow_redirects=False) as response:
        return response.status, response.headers.get("Location")


def test_the_page_shows_what_is_to_be_paid_and_nothing_of_it_is_markup() -> None:
    async def body() -> None:
        async with at_the_page() as (it, path, _):
            page = await it.get(path)
            text = page.body.decode()
            assert "€12.03" in text
            assert "&lt;shop&gt;" in text
            assert "<shop>" not in text
            assert all(label in text for label in ("Pay", "Decline", "Leave pending"))
            policy = page.headers["Content-Security-Policy"]
            assert policy.startswith("default-src 'none'; script-src 'nonce-")
            assert "; form-action 'self' https://shop.example; " in policy
            assert page.headers["Referrer-Policy"] == "same-origin", (
                "else browsers send the form without its origin"
            )

    asyncio.run(body())


@pytest.mark.parametrize(
    ("choice", "state", "target"),
    [
        ("pay", "PAYMENT_EXECUTED", "https://shop.example/ok?x=1"),
        ("decline", "PAYMENT_FAILED", "https://shop.example/ko"),
        ("pending", "PAYMENT_CREATED", "https://shop.example/ok?x=1"),
    ],
)
def test_a_choice_leads_to_a_callback_and_on_to_the_shop(choice: str, state: str, target: str) -> None:
    async def body() -> None:
        async with at_the_page() as (it, path, saga_id):
            assert await chosen(it, path, choice) == (303, target)
            assert (await it.show(saga_id))["currentState"] == state
            assert await chosen(it, path, choice) == (303, target)
            assert (await it.show(saga_id))["currentState"] == state

    asyncio.run(body())


def test_what_is_no_choice_and_no_payment_is_refused() -> None:
    async def body() -> None:
        async with at_the_page() as (it, path, saga_id):
            assert (await chosen(it, path, "steal"))[0] == 400
            assert (await it.get("/v3/sandbox/page/nobody")).code == "not-found"
            assert (await it.get("/v3/nobody/page/sbx_pending_1")).code == "provider-not-found"
            assert (await it.show(saga_id))["currentState"] == "PAYMENT_CREATED"
            assert orjson.loads((await it.get("/api/v1/callbacks")).body)["items"] == []

    asyncio.run(body())
