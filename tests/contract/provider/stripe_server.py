"""Stripe on a loopback socket: its wire format, idempotency keys, lists, and signed events; with a ledger.

Written from Stripe's API reference. Objects have the fields that the reference names, in the version that
the provider asks for.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import itertools
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from providers.base import Provider
from providers.callbacks import CallbackRequest, Notice, Told, Word
from providers.stripe import StripeProvider, open_stripe
from providers.stripe_wire import API_VERSION
from tests.contract.provider.loopback import Scripts, served
from tests.contract.provider.world import Script, Taken

NOW = 1_790_000_000_000
PRIVATE_KEY = "sk_test_right"
SECRET = "whsec_of_the_test"

Json = dict[str, Any]


class StripeServer:
    signed = True
    stamped = True

    def __init__(self) -> None:
        self.scripts = Scripts()
        self.objects: dict[str, Json] = {}
        self.answers: dict[str, tuple[str, int, Json]] = {}
        self.requests: list[tuple[str, str, Json]] = []
        self.refusal: Json = {"type": "card_error", "code": "card_declined", "decline_code": "do_not_honor"}
        self.stripe: StripeProvider
        self.provider: Provider
        self._counter = itertools.count(1)

    # what the suite asks of a world

    def script(self, what: Script) -> None:
        self.scripts.set(what)

    def payments(self) -> Sequence[Taken]:
        kinds = ("checkout.session", "payment_link", "payment_intent")
        made = [
            it for it in self.objects.values() if it["object"] in kinds and "sagaloomKey" in it["metadata"]
        ]
        return [
            Taken(
                shop_transaction_id=it["metadata"]["shopTransactionId"],
                amount=it["_amount"],
                currency=it["_currency"].upper(),
                payment_id=it["id"],
            )
            for it in made
            if not it.get("_of_page")
        ]

    def refunds(self) -> Sequence[Taken]:
        return [
            Taken(
                shop_transaction_id=it["metadata"].get("shopTransactionId"),
                amount=it["amount"],
                currency=it["currency"].upper(),
                payment_id=it["metadata"].get("paymentId", ""),
            )
            for it in self.objects.values()
            if it["object"] == "refund"
        ]

    def settle(self, payment_id: str, word: Word) -> None:
        session = self.objects[payment_id]
        if session["object"] == "payment_intent":
            session.update(status={"ACCEPTED": "succeeded"}.get(word, "requires_payment_method"))
        elif word == "FAILED":
            session.update(status="expired")
        else:
            session.update(
                status="complete", payment_status="paid", payment_intent=self._paid_intent(session)
            )

    def settle_refund(self, refund_id: str, word: Word) -> None:
        self.objects[refund_id]["status"] = {"ACCEPTED": "succeeded", "FAILED": "failed"}.get(word, "pending")

    def callback(self, payment_id: str, word: Word, *, key: str | None = None) -> CallbackRequest:
        subject, paid = self.objects[payment_id], word == "ACCEPTED"
        kind = "checkout.session.completed" if paid else "checkout.session.expired"
        if subject["object"] == "payment_intent":
            kind = "payment_intent.succeeded" if paid else "payment_intent.payment_failed"
        return self.event(kind, subject, key=key or SECRET)

    def event(
        self, kind: str, subject: Mapping[str, Any], *, key: str = SECRET, at: int = NOW
    ) -> CallbackRequest:
        """As Stripe posts it; the webhook's objects are never expanded."""
        event = {
            "id": f"evt_{kind}_{subject.get('id')}",
            "object": "event",
            "type": kind,
            "created": at // 1000,
            "data": {"object": shown(subject)},
        }
        return signed(json.dumps(event).encode(), key=key, at=at)

    # the API

    def application(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/v1/checkout/sessions", self._post(self._session))
        app.router.add_post("/v1/payment_links", self._post(self._link))
        app.router.add_post("/v1/payment_intents", self._post(self._intent))
        app.router.add_post("/v1/refunds", self._post(self._refund))
        app.router.add_post("/v1/subscriptions/{id}", self._post(self._change))
        app.router.add_delete("/v1/subscriptions/{id}", self._cancel)
        app.router.add_get("/v1/{kind:[a-z_/]+}", self._list)
        app.router.add_get("/v1/{kind:[a-z_/]+}/{id}", self._get)
        return app

    def _post(self, make: Any) -> Any:
        async def handle(request: web.Request) -> web.Response:
            form = unflattened(parse_qsl(await request.text(), keep_blank_values=True))
            if refused := self._unwelcome(request):
                return refused
            self.requests.append(("POST", request.path, form))
            key = request.headers["idempotency-key"]
            if key in self.answers:
                return self._repeat(key, json.dumps(form))
            if self.scripts.take("decline"):
                return self._declined(request.path)
            made = make(request, form)
            status = 404 if made is None else 200
            body = made or {"error": {"type": "invalid_request_error", "code": "resource_missing"}}
            self.answers[key] = (json.dumps(form), status, body)
            return web.json_response(shown(body), status=status)

        return self.scripts.troubled(handle)

    def _unwelcome(self, request: web.Request) -> web.Response | None:
        if request.headers.get("authorization") != f"Bearer {PRIVATE_KEY}":
            return web.json_response({"error": {"type": "invalid_request_error"}}, status=401)
        assert request.headers["stripe-version"] == API_VERSION
        return None

    def _repeat(self, key: str, form: str) -> web.Response:
        was, status, body = self.answers[key]
        if was != form:
            return web.json_response({"error": {"type": "idempotency_error"}}, status=400)
        return web.json_response(shown(body), status=status, headers={"idempotent-replayed": "true"})

    def _declined(self, path: str) -> web.Response:
        if path == "/v1/refunds":
            error = {"type": "invalid_request_error", "code": "charge_already_refunded"}
            return web.json_response({"error": error}, status=400)
        status = 402 if self.refusal["type"] == "card_error" else 400
        return web.json_response({"error": self.refusal}, status=status)

    async def _list(self, request: web.Request) -> web.Response:
        if refused := self._unwelcome(request):
            return refused
        query = dict(request.query)
        kind = {"payment_intents": "payment_intent", "refunds": "refund", "payment_links": "payment_link"}
        name = kind.get(request.match_info["kind"], "checkout.session")
        found = [it for it in reversed(self.objects.values()) if it["object"] == name]
        for field in ("payment_intent", "payment_link"):
            if field in query:
                found = [it for it in found if _id(it.get(field)) == query[field]]
        if after := query.get("starting_after"):
            found = found[[it["id"] for it in found].index(after) + 1 :]
        limit = int(query.get("limit", "10"))
        page = [self._expanded(it, "expand[0]" in query) for it in found[:limit]]
        return web.json_response({"object": "list", "data": page, "has_more": len(found) > limit})

    async def _get(self, request: web.Request) -> web.Response:
        if refused := self._unwelcome(request):
            return refused
        found = self.objects.get(request.match_info["id"])
        if found is None:
            error = {"type": "invalid_request_error", "code": "resource_missing"}
            return web.json_response({"error": error}, status=404)
        return web.json_response(self._expanded(found, "expand[0]" in request.query))

    def _expanded(self, found: Json, expand: bool) -> Json:
        return found if expand else shown(found)

    def _session(self, _request: web.Request, form: Json) -> Json:
        price = form["line_items"][0]["price_data"]
        session_id = self._id("cs_test_")
        return self._made(
            {
                "id": session_id,
                "object": "checkout.session",
                "mode": form["mode"],
                "status": "open",
                "payment_status": "unpaid",
                "url": f"https://checkout.stripe.com/c/pay/{session_id}",
                "client_reference_id": form["client_reference_id"],
                "metadata": form["metadata"],
                "amount_total": int(price["unit_amount"]),
                "currency": price["currency"],
                "payment_intent": None,
                "subscription": None,
                "invoice": None,
                "_amount": int(price["unit_amount"]),
                "_currency": price["currency"],
            }
        )

    def _link(self, _request: web.Request, form: Json) -> Json:
        price = form["line_items"][0]["price_data"]
        link = self._id("plink_")
        return self._made(
            {
                "id": link,
                "object": "payment_link",
                "active": True,
                "url": f"https://buy.stripe.com/{link}",
                "metadata": form["metadata"],
                "_amount": int(price["unit_amount"]),
                "_currency": price["currency"],
            }
        )

    def _intent(self, _request: web.Request, form: Json) -> Json:
        method = form["payment_method"]
        slow = self.scripts.take("pending") or method == "pm_slow"
        status = "processing" if slow else "requires_action" if method == "pm_3ds" else "succeeded"
        page = {"type": "redirect_to_url", "redirect_to_url": {"url": "https://hooks.stripe.com/3ds"}}
        intent = {
            "id": self._id("pi_"),
            "object": "payment_intent",
            "status": status,
            "amount": int(form["amount"]),
            "currency": form["currency"],
            "metadata": form["metadata"],
            "next_action": page if method == "pm_3ds" else None,
            "last_payment_error": None,
            "latest_charge": {"id": self._id("ch_"), "amount_refunded": 0},
            "_amount": int(form["amount"]),
            "_currency": form["currency"],
        }
        return self._made(intent)

    def _refund(self, _request: web.Request, form: Json) -> Json | None:
        intent = self.objects.get(form["payment_intent"])
        if intent is None:
            return None
        charge = intent["latest_charge"]
        amount = int(form.get("amount", intent["amount"] - charge["amount_refunded"]))
        charge["amount_refunded"] += amount
        return self._made(
            {
                "id": self._id("re_"),
                "object": "refund",
                "status": "succeeded",
                "amount": amount,
                "currency": intent["currency"],
                "payment_intent": intent["id"],
                "charge": charge["id"],
                "metadata": form["metadata"],
            }
        )

    def _change(self, request: web.Request, form: Json) -> Json | None:
        subscription = self.objects.get(request.match_info["id"])
        if subscription is None:
            return None
        price = form["items"][0]["price_data"]
        subscription["items"]["data"][0]["price"].update(
            unit_amount=int(price["unit_amount"]), recurring=price["recurring"]
        )
        return subscription

    async def _cancel(self, request: web.Request) -> web.Response:
        subscription = self.objects.get(request.match_info["id"])
        if subscription is None or subscription["status"] == "canceled":
            error = {"type": "invalid_request_error", "code": "resource_missing"}
            return web.json_response({"error": error}, status=404)
        subscription["status"] = "canceled"
        return web.json_response(subscription)

    # what happens at Stripe without us

    def subscribed(self, session_id: str) -> str:
        """The customer paid the page of a subscription. Returns the subscription's id."""
        session = self.objects[session_id]
        subscription = self._made(
            {
                "id": self._id("sub_"),
                "object": "subscription",
                "status": "active",
                "items": {"data": [{"id": "si_1", "price": {"id": "price_1", "product": "prod_1"}}]},
                "metadata": {},
            }
        )
        intent = self._paid_intent(session)
        session.update(
            status="complete",
            payment_status="paid",
            subscription=subscription["id"],
            invoice=self.invoice(subscription["id"], intent["id"], session["amount_total"]),
        )
        return str(subscription["id"])

    def invoice(self, subscription: str, intent: str, amount: int) -> Json:
        payments = [{"status": "paid", "payment": {"type": "payment_intent", "payment_intent": intent}}]
        return self._made(
            {
                "id": self._id("in_"),
                "object": "invoice",
                "status": "paid",
                "billing_reason": "subscription_cycle",
                "amount_due": amount,
                "amount_paid": amount,
                "currency": "eur",
                "next_payment_attempt": None,
                "parent": {"subscription_details": {"subscription": subscription, "metadata": {}}},
                "payments": {"data": payments},
                "metadata": {},
            }
        )

    def paid_link(self, link_id: str) -> Json:
        """The customer opened a link and paid. Returns the session."""
        link = self.objects[link_id]
        amount, currency = link["_amount"], link["_currency"]
        session = {
            "id": self._id("cs_test_"),
            "object": "checkout.session",
            "status": "complete",
            "payment_status": "paid",
            "payment_link": link_id,
            "metadata": link["metadata"],
            "amount_total": amount,
            "currency": currency,
            "_of_page": True,
            "_amount": amount,
            "_currency": currency,
        }
        session["payment_intent"] = self._paid_intent(session)
        return self._made(session)

    def _paid_intent(self, session: Json) -> Json:
        return self._made(
            {
                "id": self._id("pi_"),
                "object": "payment_intent",
                "status": "succeeded",
                "amount": session["amount_total"],
                "currency": session["currency"],
                "metadata": {},
                "latest_charge": {"id": self._id("ch_"), "amount_refunded": 0},
            }
        )

    def _made(self, made: Json) -> Json:
        self.objects[made["id"]] = made
        return made

    def _id(self, prefix: str) -> str:
        return f"{prefix}{next(self._counter):014d}"


@asynccontextmanager
async def stripe_world(**options: Any) -> AsyncIterator[StripeServer]:
    """Stripe's stand-in, and the provider connected to it."""
    server = StripeServer()
    async with served(server.application()) as base_url:
        chosen = {"privateKey": PRIVATE_KEY, "webhookSecret": SECRET, "baseUrl": base_url, **options}
        server.provider = server.stripe = open_stripe(
            "stripe", {key: it for key, it in chosen.items() if it is not None}
        )
        try:
            yield server
        finally:
            await server.stripe.close()


def in_stripe(body: Callable[[StripeServer], Awaitable[None]], **options: Any) -> None:
    """Run a test's body in a world of its own."""

    async def run() -> None:
        async with stripe_world(**options) as world:
            await body(world)

    asyncio.run(run())


async def told(world: StripeServer, request: CallbackRequest) -> Notice:
    """The one notice of a callback that is believed."""
    answer = await world.stripe.read_callback(request)
    assert isinstance(answer, Told), answer
    (notice,) = answer.notices
    return notice


def signed(body: bytes, *, key: str = SECRET, at: int = NOW) -> CallbackRequest:
    """A body as Stripe signs it: v1 is HMAC-SHA256 over time, dot, body."""
    stamp = at // 1000
    digest = hmac.new(key.encode(), b"%d." % stamp + body, hashlib.sha256).hexdigest()
    return CallbackRequest(
        method="POST",
        target="/v3/stripe/callback",
        headers={"stripe-signature": f"t={stamp},v1={digest}", "content-type": "application/json"},
        body=body,
        received=at,
    )


def shown(found: Mapping[str, Any]) -> Json:
    """An object without what is ours, its links to others not expanded."""
    plain = {key: value for key, value in found.items() if not key.startswith("_")}
    for name in ("payment_intent", "invoice", "latest_charge"):
        if name in plain:
            plain[name] = _id(plain[name])
    plain.pop("payments", None)
    return plain


def unflattened(pairs: Sequence[tuple[str, str]]) -> Json:
    """[("a[b][0]", "1")] -> {"a": {"b": {0: "1"}}}: positions are keys."""
    tree: Json = {}
    for name, value in pairs:
        *path, last = [int(it) if it.isdigit() else it for it in re.findall(r"[^\[\]]+", name)]
        place: Any = tree
        for step in path:
            place = place.setdefault(step, {})
        place[last] = value
    return tree


def _id(value: Any) -> Any:
    return value["id"] if isinstance(value, Mapping) else value
