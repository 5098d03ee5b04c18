"""The sandbox's fake hosted payment page: what the customer of a real provider would see there.

The choice becomes a signed callback and takes the way of every other one. No shop's look here: it is another's page.
"""

from __future__ import annotations

from typing import cast, get_args
from urllib.parse import parse_qs, urlsplit

from aiohttp import web

from providers.sandbox import Choice, SandboxProvider
from providers.sandbox_ledger import BookedPayment
from web.bodies import read_bytes
from web.context import context_of
from web.pages.rendering import page
from web.problems import Problem
from web.reading import read_name

HTML = "text/html; charset=utf-8"


async def show_page(request: web.Request) -> web.Response:
    """`GET /v3/{provider}/page/{payment}`."""
    return _page(request, _payment_of(request)[1])


async def choose(request: web.Request) -> web.Response:
    """`POST` there, as the form sends it: decides, calls back, and leads on to the shop."""
    provider, payment = _payment_of(request)
    choice = parse_qs((await read_bytes(request)).decode("utf-8", "replace")).get("choice", [""])[0]
    if choice not in get_args(Choice):
        raise Problem("invalid-request", "`choice` is pay, decline or pending.")
    context = context_of(request)
    callback = provider.decide(payment.payment_id, cast("Choice", choice), context.engine.clock.now())
    await context.callbacks.take(read_name(request, "provider"), callback)
    payment = provider.ledger.payments[payment.payment_id]
    target = payment.failure_url if choice == "decline" else payment.success_url
    answer = _page(request, payment)
    if target:
        answer.set_status(web.HTTPSeeOther.status_code)
        answer.headers["Location"] = target
    return answer


def _payment_of(request: web.Request) -> tuple[SandboxProvider, BookedPayment]:
    provider = context_of(request).hub.gateway.provider(read_name(request, "provider"))
    if isinstance(provider, SandboxProvider) and (payment := provider.booked(read_name(request, "payment"))):
        return provider, payment
    raise Problem("not-found", "The sandbox has no such payment.")


def _page(request: web.Request, payment: BookedPayment) -> web.Response:
    leave = payment.failure_url or payment.success_url
    names = {
        "amount": payment.amount,
        "currency": payment.currency,
        "standing": payment.standing,
        "order": payment.shop_transaction_id,
        "payment_id": payment.payment_id,
        "leave": leave if leave and _origin(leave) else None,
    }
    answer = page(request, "checkout/sandbox.html", names)
    policy = answer.headers["Content-Security-Policy"]
    answer.headers["Content-Security-Policy"] = policy.replace("form-action 'self'", _form_action(payment))
    return answer


def _form_action(payment: BookedPayment) -> str:
    """Browsers hold the redirect after a form to `form-action` as well: the shop's own addresses are let through."""
    shops = " ".join(sorted({_origin(url) for url in (payment.success_url, payment.failure_url) if url}))
    return f"form-action 'self' {shops}".rstrip()


def _origin(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    safe = parts.netloc.isascii() and not set(parts.netloc) & set(" ;,'\"\\")
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("http", "https") and safe else ""
