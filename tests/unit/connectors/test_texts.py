"""The mapping language of connector files."""

from __future__ import annotations

import re
from typing import Any

import pytest

from providers.connector_text import BadText, compile_text
from providers.connector_tree import compile_tree

SCOPE: dict[str, Any] = {
    "key": "saga-1.1.0",
    "amount": 1299,
    "method": "credit-cards",
    "shop": "shop-1",
    "data": {"items": [{"sku": "a", "price": 5}, {"sku": "b", "price": 7}], "empty": "", "flag": True},
    "answer": {
        "events": [
            {"type": "AUT", "amount": "12.99"},
            {"type": "STO", "amount": "5.00"},
            {"type": "STO", "amount": "1.50"},
        ],
        "list": [{"id": 1}],
    },
    "rows": [{"ref": "shop-0", "id": "x"}, {"ref": "shop-1", "id": "y"}],
    "raw": b"\xff{}",
    "$money": lambda amount: f"{amount / 100:.2f}",
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{amount}", 1299),
        ("{amount|text}", "1299"),
        ("a {amount} b", "a 1299 b"),
        ("{data.nothing}", None),
        ("a {data.nothing}", None),
        ("{data.nothing or shop}", "shop-1"),
        ("{data.empty or 'none'}", "none"),
        ("{answer.events[type=REQ].amount or 'none'}", "none"),
        ("{answer.events[type=STO].amount}", ["5.00", "1.50"]),
        ("{answer.events[type=STO].amount|sum}", "6.50"),
        ("{answer.events[type=REQ].amount|sum}", "0"),
        ("{answer.nothing|sum}", None),
        ("{answer.events[type=REQ].amount|first}", None),
        ("{answer.events.0.amount}", "12.99"),
        ("{answer.events.9.amount}", None),
        ("{answer.events.type|last}", "STO"),
        ("{rows[ref=@shop].id|first}", "y"),
        ("{data.flag} {{}}", "true {}"),
        ("{shop|upper}", "SHOP-1"),
        ("{shop|cut:4}", "shop"),
        ("{shop|base64}", "c2hvcC0x"),
        ("{shop|for:credit-cards}", "shop-1"),
        ("{shop|for:pay-pal}", None),
        ("{amount|money}", "12.99"),
        ("{shop|money}", None),
        ("{shop.deeper}", None),
        ("plain", "plain"),
    ],
)
def test_a_text_reads(text: str, value: object) -> None:
    assert compile_text(text).value(SCOPE) == value


def test_a_uuid_looks_like_one_and_is_always_the_same() -> None:
    one = compile_text("{key|uuid}").value(SCOPE)
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}", one)
    assert compile_text("{key|uuid}").value(SCOPE) == one
    assert compile_text("{shop|uuid}").value(SCOPE) != one


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{amount", "brace"),
        ("amount}", "brace"),
        ("{}", "no path"),
        ("{a..b}", "no path"),
        ("{a[b]}", "no path"),
        ("{'a}", "no path"),
        ("{amount|shout}", "no filter shout"),
        ("{amount|hash:0}", "no filter"),
        ("{a b}", "no path"),
    ],
)
def test_what_is_no_text_is_said_so(text: str, says: str) -> None:
    with pytest.raises(BadText, match=says):
        compile_text(text)


def test_an_address_quotes_what_is_put_into_it() -> None:
    scope = {"option": {"baseUrl": "https://x.example/api"}, "paymentId": "a/../b?c=é"}
    url = compile_text("{option.baseUrl}/pay/{paymentId}").url(scope)
    assert url == "https://x.example/api/pay/a%2F..%2Fb%3Fc%3D%C3%A9"


@pytest.mark.parametrize("step", ["..", ".", "", None])
def test_an_address_has_no_step_that_leads_elsewhere(step: str | None) -> None:
    assert compile_text("{option}/pay/{paymentId}").url({"option": "https://x", "paymentId": step}) is None


def test_what_is_signed_takes_bytes_as_they_are() -> None:
    assert compile_text("V1:{amount}:{raw}").content(SCOPE) == b"V1:1299:\xff{}"


def test_json_is_filled_at_any_depth_and_left_out_where_nothing_is_there() -> None:
    build = compile_tree(
        {
            "amount": "{amount}",
            "fixed": [1, None, True],
            "gone": {"a": "{data.nothing}", "b": {"c": "{data.nothing}"}},
            "items": {"$each": "{data.items}", "$as": {"sku": "{item.sku}", "price": "{item.price|money}"}},
            "no": {"$each": "{data.nothing}", "$as": "{item}"},
        },
        (),
        lambda text: None,
        lambda at, sentence: None,
    )
    assert build(SCOPE) == {
        "amount": 1299,
        "fixed": [1, True],
        "items": [{"sku": "a", "price": "0.05"}, {"sku": "b", "price": "0.07"}],
    }
