from __future__ import annotations

import pytest

from engine.errors import PayloadInvalid
from engine.model import Event
from hub.callbacks import sandbox_callback


@pytest.mark.parametrize(("result", "name"), [("executed", "paymentExecuted"), ("failed", "paymentFailed")])
def test_a_callback_becomes_the_event_of_the_payment_it_names(result: str, name: str) -> None:
    callback = sandbox_callback({"paymentId": "sbx_1", "result": result, "id": "cb-1", "extra": "dropped"})
    assert callback == (
        "sbx_1",
        Event(name=name, payload={"paymentId": "sbx_1"}, id="sandbox:cb-1", actor="sandbox"),
    )


def test_a_repeat_without_an_id_is_the_same_event_and_another_result_is_not() -> None:
    first = sandbox_callback({"paymentId": "sbx_1", "result": "executed"})
    assert first == sandbox_callback({"paymentId": "sbx_1", "result": "executed"})
    assert first.event.id != sandbox_callback({"paymentId": "sbx_1", "result": "failed"}).event.id
    assert first.event.id != sandbox_callback({"paymentId": "sbx_2", "result": "executed"}).event.id


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"paymentId": "sbx_1"},
        {"paymentId": "", "result": "executed"},
        {"paymentId": 7, "result": "executed"},
        {"paymentId": "x" * 201, "result": "executed"},
        {"paymentId": "sbx_1", "result": "refunded"},
        {"paymentId": "sbx_1", "result": ["executed"]},
        {"paymentId": "sbx_1", "result": "executed", "id": 7},
        {"paymentId": "sbx_1", "result": "executed", "card": "4111 1111 1111 1111"},
    ],
    ids=str,
)
def test_a_callback_that_is_wrong_is_refused_without_its_values(body: dict[str, object]) -> None:
    with pytest.raises(PayloadInvalid) as caught:
        sandbox_callback(body)
    assert "4111" not in str(caught.value)
    assert "sbx_1" not in str(caught.value)
