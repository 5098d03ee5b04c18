"""What of a callback's body is kept: bounded, and nothing of a payment method in it."""

from __future__ import annotations

import json

import pytest

from hub.callback_bodies import LONGEST, kept_body
from providers.callbacks import CallbackRequest

CARD = "4111111111111111"


def kept(
    body: bytes = b"", content_type: str = "application/json", query: dict[str, str] | None = None
) -> str:
    request = CallbackRequest(
        method="POST",
        target="/v3/it/callback",
        headers={"content-type": content_type},
        query=query or {},
        body=body,
        received=0,
    )
    return kept_body(request)


def test_a_body_is_kept_as_it_came_but_for_blanks() -> None:
    assert kept(b'{"paymentId": "p1", "amount": 1299}') == '{"paymentId":"p1","amount":1299}'


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (json.dumps({"note": f"card {CARD}"}).encode(), "application/json"),
        (json.dumps({"deep": [{"cvv": "737", "card": int(CARD)}]}).encode(), "application/json"),
        (f"pan={CARD}&cvv=737".encode(), "application/x-www-form-urlencoded"),
        (f"free text {CARD}".encode(), "text/plain"),
        (f'{{"broken": "{CARD}"'.encode(), "application/json"),
    ],
)
def test_nothing_of_a_payment_method_stays(body: bytes, content_type: str) -> None:
    text = kept(body, content_type)
    assert CARD not in text
    assert "737" not in text


def test_without_a_body_the_query_is_kept() -> None:
    assert kept(query={"paymentId": "p1", "pan": CARD}).startswith("paymentId=p1&pan=")
    assert CARD not in kept(query={"pan": CARD})


@pytest.mark.parametrize(
    "body", [b"x" * 10_000, "é€\0\ud800".encode("utf-8", "surrogatepass") * 999, b"\xff" * 99, b"[" * 9_999]
)
def test_it_is_bounded_and_always_text(body: bytes) -> None:
    text = kept(body)
    assert len(text) <= LONGEST
    assert "\0" not in text
    assert text.encode()
