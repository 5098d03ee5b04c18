"""What the sandbox provider sends on its own reaches the saga that has its payment id as a key, once."""

from __future__ import annotations

from tests.http.daemon import Daemon, served

CALLBACK = "/v3/sandbox/callback"


@served
async def test_a_callback_moves_the_saga_of_its_payment(daemon: Daemon) -> None:
    saga_id = await daemon.start("pay-1")
    reply = await daemon.post(CALLBACK, {"paymentId": "pay-1", "result": "executed"})
    assert reply.json == {"sagaId": saga_id, "currentState": "PAID", "result": "applied"}


@served
async def test_a_repeated_callback_gets_the_first_answer(daemon: Daemon) -> None:
    saga_id = await daemon.start("pay-1")
    first = await daemon.post(CALLBACK, {"paymentId": "pay-1", "result": "executed", "id": "c1"})
    again = await daemon.get(f"{CALLBACK}?paymentId=pay-1&result=executed&id=c1")
    assert again.json == first.json
    history = await daemon.get(f"/api/v1/sagas/{saga_id}/history")
    assert [row["event"] for row in history.json["items"]].count("paymentExecuted") == 1


@served
async def test_a_callback_for_an_unknown_payment_is_answered_so_that_the_provider_repeats(
    daemon: Daemon,
) -> None:
    reply = await daemon.post(CALLBACK, {"paymentId": "nobody", "result": "executed"})
    assert (reply.status, reply.code) == (404, "saga-not-found")


@served
async def test_a_callback_that_says_something_else_is_refused(daemon: Daemon) -> None:
    await daemon.start("pay-1")
    reply = await daemon.post(CALLBACK, {"paymentId": "pay-1", "result": "maybe"})
    assert (reply.status, reply.code) == (400, "invalid-request")
    assert (await daemon.get(f"{CALLBACK}?paymentId=pay-1")).status == 400
