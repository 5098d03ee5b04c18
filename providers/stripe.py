"""Stripe: Checkout Sessions, payment links, direct payments, refunds and subscriptions that Stripe renews.

A payment's id tells what it is: cs_ a session, plink_ a link, pi_ a direct payment, in_ a renewal.
Options, methods and the error map: docs/providers/stripe.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from providers.base import (
    Capabilities,
    Payment,
    PayRequest,
    Refund,
    RefundRequest,
    Rejected,
    Status,
    Subscription,
    SubscriptionChange,
    Unknown,
    money_problem,
    pay_problem,
)
from providers.callbacks import CallbackRequest, Refused, Told
from providers.http import Http
from providers.json_reading import Doc, items
from providers.options import Options
from providers.stripe_answers import (
    page_of_session,
    payment_of_intent,
    payment_of_link,
    price_of,
    refund_of,
    session_standing,
    status_of_intent,
    status_of_invoice,
    status_of_session,
    subscription_of,
)
from providers.stripe_callbacks import read
from providers.stripe_errors import declined_payment, declined_refund, refused
from providers.stripe_money import STRIPE_CURRENCIES, amount_problem
from providers.stripe_requests import (
    KEY,
    change_form,
    direct_form,
    link_form,
    payment_method_id,
    refund_form,
    session_form,
    subscription_form,
)
from providers.stripe_wire import Refusal, Reply, StripeWire

_SESSIONS = "/v1/checkout/sessions"
_LINKS = "/v1/payment_links"
_INTENTS = "/v1/payment_intents"
_INVOICES = "/v1/invoices"
_REFUNDS = "/v1/refunds"
_SUBSCRIPTIONS = "/v1/subscriptions"

_ID = re.compile(r"(cs|plink|pi|in|sub)_[A-Za-z0-9_]{1,250}")
_REFUND_ID = re.compile(r"(re|pyr)_[A-Za-z0-9_]{1,250}")
_METHODS = frozenset(("credit-cards", "pay-pal"))
_NOT_OURS = Rejected(reason="not a payment of Stripe")

PaymentAnswer = Payment | Unknown | Rejected


class StripeProvider:
    def __init__(
        self,
        wire: StripeWire,
        http: Http,
        *,
        webhook_secrets: Sequence[str],
        product: str,
        return_url: str | None,
    ) -> None:
        self._wire = wire
        self._http = http
        self._webhook_secrets = tuple(webhook_secrets)
        self._product = product
        self._return_url = return_url

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(
            methods=_METHODS,
            default_method="credit-cards",
            currencies=STRIPE_CURRENCIES,
            refunds=True,
            partial_refunds=True,
            links=True,
            automatic=_METHODS,
            intervals=frozenset(("DAY", "MONTH")),
            status=True,
            subscription_standings=frozenset(("PENDING", "ACTIVE", "PAST_DUE", "EXPIRED", "CANCELED")),
            callbacks=True,
        )

    async def pay(self, request: PayRequest) -> PaymentAnswer:
        if problem := self._problem(request):
            return problem
        if method_id := payment_method_id(request):
            return await self._collect(_INTENTS, request, direct_form(request, method_id), payment_of_intent)
        page = self._page(request)
        if isinstance(page, Rejected):
            return page
        form = session_form(request, product=self._product, success_url=page)
        return await self._collect(_SESSIONS, request, form, page_of_session)

    async def create_link(self, request: PayRequest) -> PaymentAnswer:
        if problem := self._problem(request):
            return problem
        page = request.success_url or self._return_url
        form = link_form(request, product=self._product, success_url=page)
        return await self._collect(_LINKS, request, form, payment_of_link)

    async def schedule_subscription(self, request: PayRequest) -> PaymentAnswer:
        if problem := self._problem(request):
            return problem
        page = self._page(request)
        if isinstance(page, Rejected):
            return page
        form = subscription_form(request, product=self._product, success_url=page)
        return await self._collect(_SESSIONS, request, form, page_of_session)

    async def refund(self, request: RefundRequest) -> Refund | Unknown | Rejected:
        if problem := _refund_problem(request):
            return problem
        intent = await self._intent_of(request)
        if not isinstance(intent, str):
            return intent
        if request.again:
            done = await self._wire.find(_REFUNDS, KEY, request.key, {"payment_intent": intent})
            if done is not None:
                return done if isinstance(done, Unknown | Rejected) else refund_of(done)
        reply = await self._wire.post(_REFUNDS, refund_form(request, intent), key=request.key)
        if isinstance(reply, Refusal):
            return declined_refund(reply)
        return reply if isinstance(reply, Unknown | Rejected) else refund_of(reply)

    async def refund_status(self, payment_id: str, refund_id: str) -> Refund | Unknown | Rejected:
        if not _REFUND_ID.fullmatch(refund_id):
            return Rejected(reason="not a refund of Stripe")
        found = _document(await self._wire.get(f"{_REFUNDS}/{refund_id}"))
        return found if isinstance(found, Unknown | Rejected) else refund_of(found)

    async def status(self, payment_id: str) -> Status | Unknown | Rejected:
        kind = _kind(payment_id)
        if kind == "plink":
            return await self._link_status(payment_id)
        if kind not in _STATUSES:
            return _NOT_OURS
        path, expand, status_of = _STATUSES[kind]
        found = _document(await self._wire.get(f"{path}/{payment_id}", {"expand": expand}))
        return found if isinstance(found, Unknown | Rejected) else status_of(found, payment_id)

    async def update_subscription(self, change: SubscriptionChange) -> Subscription | Unknown | Rejected:
        if problem := money_problem(change.amount, change.currency) or amount_problem(
            change.amount, change.currency
        ):
            return Rejected(reason=problem)
        found = await self._subscription(change.token)
        if isinstance(found, Unknown | Rejected):
            return found
        price = price_of(found)
        if isinstance(price, Rejected):
            return price
        item, product = price
        form = change_form(change, item=item, product=product)
        path = f"{_SUBSCRIPTIONS}/{change.token}"
        changed = _document(await self._wire.post(path, form, key=change.key))
        return changed if isinstance(changed, Unknown | Rejected) else subscription_of(changed)

    async def subscription_status(self, token: str) -> Subscription | Unknown | Rejected:
        found = await self._subscription(token)
        return found if isinstance(found, Unknown | Rejected) else subscription_of(found)

    async def expire_subscription(self, token: str, key: str) -> Subscription | Unknown | Rejected:
        """Safe to repeat without the key: Stripe has no second end of a subscription."""
        if _kind(token) != "sub":
            return Rejected(reason="not a subscription of Stripe")
        reply = await self._wire.delete(f"{_SUBSCRIPTIONS}/{token}")
        if isinstance(reply, Refusal):  # of one that has ended, Stripe says that there is none to end
            return await self.subscription_status(token)
        return reply if isinstance(reply, Unknown | Rejected) else subscription_of(reply)

    async def read_callback(self, request: CallbackRequest) -> Told | Refused:
        return read(request, self._webhook_secrets)

    async def close(self) -> None:
        await self._http.close()

    async def _collect(
        self,
        path: str,
        request: PayRequest,
        form: Mapping[str, Any],
        payment_of: Callable[[Doc], Payment | Unknown],
    ) -> PaymentAnswer:
        """Make it once: after an unknown outcome look for it first, whatever became of the key."""
        if request.again:
            done = await self._wire.find(path, KEY, request.key)
            if done is not None:
                return done if isinstance(done, Unknown | Rejected) else payment_of(done)
        reply = await self._wire.post(path, form, key=request.key)
        if isinstance(reply, Refusal):
            return declined_payment(reply)
        return reply if isinstance(reply, Unknown | Rejected) else payment_of(reply)

    async def _link_status(self, link: str) -> Status | Unknown | Rejected:
        """A link stands as the best of the pages that were opened from it; without one, as open."""
        query = {"payment_link": link, "limit": 100, "expand": ["data.payment_intent.latest_charge"]}
        found = _document(await self._wire.get(_SESSIONS, query))
        if isinstance(found, Unknown | Rejected):
            return found
        for session in items(found, "data"):
            if session_standing(session) == "ACCEPTED":
                return status_of_session(session, link)
        return Status(standing="PENDING", payment_id=link)

    async def _subscription(self, token: str) -> Doc | Unknown | Rejected:
        if _kind(token) != "sub":
            return Rejected(reason="not a subscription of Stripe")
        return _document(await self._wire.get(f"{_SUBSCRIPTIONS}/{token}"))

    async def _intent_of(self, request: RefundRequest) -> str | Unknown | Rejected:
        if _kind(request.payment_id) == "pi":
            return request.payment_id
        kept = request.keep.get("paymentIntentId")
        if isinstance(kept, str) and _kind(kept) == "pi":
            return kept
        status = await self.status(request.payment_id)
        if not isinstance(status, Status):
            return status
        return status.keep.get("paymentIntentId") or Rejected(reason="nothing was taken that could go back")

    def _problem(self, request: PayRequest) -> Rejected | None:
        if problem := pay_problem(request, self.capabilities):
            return problem
        reason = amount_problem(request.amount, request.currency)
        return Rejected(reason=reason, elsewhere=True) if reason else None

    def _page(self, request: PayRequest) -> str | Rejected:
        page = request.success_url or self._return_url
        return page or Rejected(reason="Stripe needs an address to send the customer back to")


_STATUSES: Mapping[str, tuple[str, list[str], Callable[[Doc, str], Status]]] = {
    "cs": (_SESSIONS, ["payment_intent.latest_charge", "invoice.payments"], status_of_session),
    "pi": (_INTENTS, ["latest_charge"], status_of_intent),
    "in": (_INVOICES, ["payments"], status_of_invoice),
}


def open_stripe(name: str, options: Mapping[str, Any]) -> StripeProvider:
    """Stripe with the options of docs/providers/stripe.md.

    Raises:
        ConfigInvalid: An option is unknown, missing or wrong.
    """
    given = Options(name, options, ("privateKey", "webhookSecret", "baseUrl", "productName", "returnUrl"))
    http = Http()
    wire = StripeWire(http, given.url("baseUrl", "https://api.stripe.com"), given.text("privateKey"))
    return StripeProvider(
        wire,
        http,
        webhook_secrets=given.texts("webhookSecret") if "webhookSecret" in options else (),
        product=given.text("productName", "Payment"),
        return_url=given.optional_text("returnUrl"),
    )


def _kind(identifier: str) -> str:
    match = _ID.fullmatch(identifier)
    return match[1] if match else ""


def _document(reply: Reply) -> Doc | Unknown | Rejected:
    return refused(reply) if isinstance(reply, Refusal) else reply


def _refund_problem(request: RefundRequest) -> Rejected | None:
    if request.amount is None:
        return None
    reason = money_problem(request.amount, request.currency) or amount_problem(
        request.amount, request.currency
    )
    return Rejected(reason=reason) if reason else None
