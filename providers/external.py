"""A team's own payment service as a provider: every verb is handed on to it.

What the service offers is said in config.yaml, not tried. Callbacks (`GET …/callback?paymentId=`) are
hints: the service is asked. The service's own API is docs/add-a-provider.md, "A service of your own".
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from providers.base import (
    Capabilities,
    Payment,
    PayRequest,
    Refund,
    RefundRequest,
    Rejected,
    Standing,
    Status,
    Subscription,
    SubscriptionChange,
    SubscriptionStanding,
    Unknown,
    money_problem,
    pay_problem,
)
from providers.callbacks import CallbackRequest, Notice, Refused, Told
from providers.external_wire import ExternalWire, id_of, in_path, pay_document, payment_of
from providers.harmless import shown
from providers.json_reading import Doc, inner, parsed, text, whole
from providers.options import Options

OFFERS = ("refund", "status", "schedule", "subscriptions", "subscriptionCare")
"""What `offers` may say beside pay: schedule and update, start and pay, status and expire."""

_STANDINGS: Mapping[str, Standing] = {word: word for word in ("ACCEPTED", "FAILED", "PENDING")}
_SUBSCRIPTIONS: Mapping[str, SubscriptionStanding] = {
    word: word for word in ("PENDING", "ACTIVE", "PAST_DUE", "EXPIRED", "CANCELED", "UNKNOWN")
}


class ExternalProvider:
    """What it can do beside paying is set on the instance, as the configuration says."""

    def __init__(
        self,
        wire: ExternalWire,
        methods: tuple[str, ...],
        currencies: frozenset[str] | None,
        offers: frozenset[str],
    ) -> None:
        self._wire = wire
        self._methods = methods
        self._currencies = currencies
        self._offers = offers
        if "schedule" in offers:
            self.schedule_subscription = self._schedule
            self.update_subscription = self._update
        if "subscriptions" in offers:
            self.start_subscription = self._start
            self.pay_subscription = self._pay_following
        if "subscriptionCare" in offers:
            self.subscription_status = self._subscription_status
            self.expire_subscription = self._expire

    @property
    def capabilities(self) -> Capabilities:
        methods, offers = frozenset(self._methods), self._offers
        return Capabilities(
            methods=methods,
            default_method=self._methods[0],
            currencies=self._currencies,
            refunds="refund" in offers,
            partial_refunds="refund" in offers,
            automatic=methods if "schedule" in offers else frozenset(),
            manual=methods if "subscriptions" in offers else frozenset(),
            intervals=frozenset({"DAY", "MONTH"}) if "schedule" in offers else frozenset(),
            status="status" in offers,
            subscription_standings=frozenset(_SUBSCRIPTIONS.values())
            if "subscriptionCare" in offers
            else frozenset(),
            callbacks="status" in offers,
        )

    async def pay(self, request: PayRequest) -> Payment | Unknown | Rejected:
        return await self._collect("/pay", request)

    async def _schedule(self, request: PayRequest) -> Payment | Unknown | Rejected:
        return await self._collect("/subscription/schedule", request)

    async def _start(self, request: PayRequest) -> Payment | Unknown | Rejected:
        return await self._collect("/subscription/start", request)

    async def _pay_following(self, request: PayRequest) -> Payment | Unknown | Rejected:
        if not request.subscription.get("token"):
            return Rejected(reason="a following payment needs the subscription's token")
        return await self._collect("/subscription/pay", request)

    async def _collect(self, path: str, request: PayRequest) -> Payment | Unknown | Rejected:
        if problem := pay_problem(request, self.capabilities):
            return problem
        return payment_of(await self._wire.post(path, pay_document(request), request.key))

    async def refund(self, request: RefundRequest) -> Refund | Unknown | Rejected:
        if "refund" not in self._offers:
            return Rejected(reason="the service gives no money back")
        if problem := money_problem(1 if request.amount is None else request.amount, request.currency):
            return Rejected(reason=problem)
        document = {
            "amount": request.amount,
            "currency": request.currency,
            "paymentId": request.payment_id,
            "shopTransactionId": request.shop_transaction_id or None,
            "providerData": dict(request.keep) or None,
        }
        heard = await self._wire.post("/refund", document, request.key)
        return heard if isinstance(heard, Unknown | Rejected) else _refund(heard, request.key)

    async def status(self, payment_id: str) -> Status | Unknown | Rejected:
        if "status" not in self._offers:
            return Rejected(reason="the service cannot be asked")
        heard = await self._wire.get("/status", {"paymentId": payment_id})
        if isinstance(heard, Unknown | Rejected):
            return heard
        standing = _STANDINGS.get(text(heard, "status"))
        if standing is None:
            return Unknown(reason="the service's answer has no status")
        return Status(
            standing=standing,
            payment_id=payment_id,
            shop_transaction_id=id_of(heard, "shopTransactionId") or None,
            amount=whole(heard, "amount"),
            currency=text(heard, "currency") or None,
            refunded=whole(heard, "refunded"),
            keep=inner(heard, "metadata"),
        )

    async def _update(self, change: SubscriptionChange) -> Subscription | Unknown | Rejected:
        if problem := money_problem(change.amount, change.currency):
            return Rejected(reason=problem)
        terms = {
            "interval": change.interval,
            "intervalCount": change.interval_count,
            "expiresAfter": change.expires_after,
        }
        document = {
            "amount": change.amount,
            "currency": change.currency,
            "shopTransactionId": change.shop_transaction_id,
            "subscriptionInfo": {name: value for name, value in terms.items() if value is not None},
            "providerData": dict(change.provider_data) or None,
        }
        path = f"/subscription/update/{in_path(change.token)}"
        heard = await self._wire.post(path, document, change.key)
        if isinstance(heard, Unknown | Rejected):
            return heard
        if text(heard, "result") == "KO":
            return Rejected(reason="the service does not change the subscription")
        return Subscription(standing="ACTIVE", token=id_of(heard, "subscriptionToken") or change.token)

    async def _subscription_status(self, token: str) -> Subscription | Unknown | Rejected:
        heard = await self._wire.get(f"/subscription/status/{in_path(token)}")
        if isinstance(heard, Unknown | Rejected):
            return heard
        return Subscription(standing=_SUBSCRIPTIONS.get(text(heard, "status"), "UNKNOWN"), token=token)

    async def _expire(self, token: str, key: str) -> Subscription | Unknown | Rejected:
        heard = await self._wire.delete(f"/subscription/expire/{in_path(token)}", key)
        if isinstance(heard, Unknown | Rejected):
            return heard
        return Subscription(standing="EXPIRED", token=token)

    async def read_callback(self, request: CallbackRequest) -> Told | Refused:
        document = request.query if request.method == "GET" else parsed(request.body) or {}
        payment_id = id_of(document, "paymentId")
        if not payment_id:
            return Refused(reason="the callback does not say which payment it is about", status=400)
        shop = id_of(document, "shopTransactionId") or None
        fact = sha256(request.body + payment_id.encode()).hexdigest()[:32]
        notice = Notice(id=fact, about="payment", word=None, payment_id=payment_id, shop_transaction_id=shop)
        return Told(notices=(notice,))

    async def close(self) -> None:
        await self._wire.close()


def _refund(heard: Doc, key: str) -> Refund | Unknown:
    result = text(heard, "result")
    refund_id = id_of(heard, "refundId") or sha256(key.encode()).hexdigest()[:24]
    if result == "KO":
        words = shown(heard.get("resultDescription")) or "refused by the service"
        return Refund(result="KO", refund_id=refund_id, description=words)
    if result == "OK":
        return Refund(result="OK", refund_id=refund_id)
    if result == "PENDING":
        return Refund(result="PENDING", refund_id=refund_id)
    return Unknown(reason="the service's answer has no result")


def open_external(name: str, options: Mapping[str, Any]) -> ExternalProvider:
    """A team's own service; `offers` says which verbs it has beside pay.

    Raises:
        ConfigInvalid: An option is missing, unknown or wrong.
    """
    reader = Options(name, options, ("baseUrl", "headers", "methods", "currencies", "offers"))
    methods = reader.texts("methods") if "methods" in options else (name,)
    offers = frozenset(reader.texts("offers")) if "offers" in options else frozenset({"refund", "status"})
    if unknown := sorted(offers - set(OFFERS)):
        raise reader.wrong(f"it cannot offer {', '.join(unknown)}; known are {', '.join(OFFERS)}")
    currencies = frozenset(reader.texts("currencies")) if "currencies" in options else None
    wire = ExternalWire(reader.url("baseUrl", ""), reader.table("headers"))
    return ExternalProvider(wire, methods, currencies, offers)
