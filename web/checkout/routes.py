"""Routes of the checkout: open to everybody who has the payment's id."""

from __future__ import annotations

from web.checkout import brand, ending, front, paying
from web.checkout.face import shop_page
from web.pages.faults import Handler
from web.pages.route import PageRoute

_ONE = "/payment/{id}"


def _get(path: str, handler: Handler) -> PageRoute:
    return PageRoute(path=path, handler=shop_page(handler), role=None)


def _post(path: str, handler: Handler) -> PageRoute:
    return PageRoute(path=path, handler=shop_page(handler), method="POST", role=None)


CHECKOUT_PAGES = (
    _get("/payment", front.show_home),
    _get("/payment/checkout", front.show_cart),
    _get("/payment/subscription", front.show_plans),
    _get("/payment/buyer", front.show_buyer),
    _post("/payment/buyer", front.take_buyer),
    _get(brand.PATH, brand.serve_brand),
    _get(_ONE, paying.show_pay),
    _post(f"{_ONE}/pay", paying.pay),
    _get(f"{_ONE}/link", paying.show_link),
    _post(f"{_ONE}/link", paying.send_link),
    _get(f"{_ONE}/go", ending.go),
    _get(f"{_ONE}/back", ending.come_back),
    _get(f"{_ONE}/pending", ending.show_pending),
    _get(f"{_ONE}/standing", ending.show_standing),
    _get(f"{_ONE}/result", ending.show_result),
    _post(f"{_ONE}/again", ending.try_again),
    _get(f"{_ONE}/invoice", ending.get_invoice),
)
