"""A provider that moves no money: what happens is decided by the amount and the method.

Keeps nothing between calls: ids are made from the idempotency key and say what became of the payment,
so a repeat, another process or a restart gets the same answer. The table of outcomes is in
docs/payment-machine.md. Used for development, demonstrations and tests.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Literal
from urllib.parse import urlencode, urlsplit

from engine.errors import ConfigInvalid
from providers.base import (
    Capabilities,
    Payment,
    PayRequest,
    Refund,
    RefundRequest,
    Rejected,
    Result,
    Standing,
    Status,
    Unknown,
    money_problem,
)

Fate = Literal["executed", "declined", "pending", "redirect"]

# By the last two digits of the amount in minor units; all other amounts are executed.
_FATES: Mapping[int, Fate] = {1: "declined", 2: "pending", 3: "redirect"}
_TIMES_OUT = 4  # the money is taken, the answer is lost: only reading back tells
_BREAKS = 5  # the provider answers 500, always
_REFUND_DECLINED = 6
_REFUND_PENDING = 7

_FATE_BY_METHOD: Mapping[str, Fate] = {"wire-transfer": "pending", "redirect": "redirect"}
_RESULTS: Mapping[Fate, Result] = {
    "executed": "OK",
    "declined": "KO",
    "pending": "PENDING",
    "redirect": "REDIRECT_TO_URL",
}
_STANDINGS: Mapping[str, Standing] = {
    "executed": "ACCEPTED",
    "declined": "FAILED",
    "pending": "PENDING",
    "redirect": "PENDING",
}
_METHODS = frozenset(
    "credit-cards applepay googlepay pay-pal satispay scalapay wire-transfer redirect".split()
)
_DEFAULT_CALLBACK = "http://127.0.0.1:8080/v3/sandbox/callback"


class SandboxProvider:
    """`callback_url` is where the daemon takes sandbox callbacks; redirects and links lead there."""

    def __init__(self, callback_url: str = _DEFAULT_CALLBACK) -> None:
        self._callback_url = callback_url

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(
            methods=_METHODS,
            default_method="credit-cards",
            refunds=True,
            partial_refunds=True,
            links=True,
            automatic_subscriptions=True,
            manual_subscriptions=True,
            authorisations=True,
            status=True,
        )

    async def pay(self, request: PayRequest) -> Payment | Unknown | Rejected:
        return _trouble(request) or self._collect(request)

    async def create_link(self, request: PayRequest) -> Payment | Unknown | Rejected:
        if trouble := _trouble(request):
            return trouble
        if _fate(request) == "declined":
            return self._collect(request)
        payment_id = _payment_id("redirect", request.key)
        return Payment(result="OK", payment_id=payment_id, link=self._page(payment_id))

    async def schedule_subscription(self, request: PayRequest) -> Payment | Unknown | Rejected:
        return _trouble(request) or self._collect(request, token=_token(request.key))

    async def start_subscription(self, request: PayRequest) -> Payment | Unknown | Rejected:
        return _trouble(request) or self._collect(request, token=_token(request.key))

    async def pay_subscription(self, request: PayRequest) -> Payment | Unknown | Rejected:
        if not request.subscription.get("token"):
            return Rejected(reason="subscription payment without a subscription token")
        return _trouble(request) or self._collect(request)

    async def authorise(self, request: PayRequest) -> Payment | Unknown | Rejected:
        if trouble := _trouble(request):
            return trouble
        if _fate(request) == "declined":
            return self._collect(request)
        payment_id = _payment_id("pending", request.key)
        return Payment(result="PENDING", payment_id=payment_id, subscription_token=_token(request.key))

    async def refund(self, request: RefundRequest) -> Refund | Unknown | Rejected:
        problem = _refund_problem(request)
        if problem is not None:
            return Rejected(reason=problem)
        ending = 0 if request.amount is None else request.amount % 100
        refund_id = f"sbx_refund_{_hash(request.key)}"
        if no_answer := _no_answer(ending, again=request.again):
            return no_answer
        if ending == _REFUND_DECLINED:
            return Refund(result="KO", refund_id=refund_id, description="the sandbox declines this refund")
        if ending == _REFUND_PENDING:
            return Refund(result="PENDING", refund_id=refund_id)
        return Refund(result="OK", refund_id=refund_id)

    async def status(self, payment_id: str) -> Status | Unknown | Rejected:
        prefix, _, rest = payment_id.partition("_")
        standing = _STANDINGS.get(rest.partition("_")[0])
        if prefix != "sbx" or standing is None:
            return Rejected(reason="not a payment of the sandbox")
        return Status(standing=standing, payment_id=payment_id)

    async def close(self) -> None:
        """Nothing to let go of."""

    def _collect(self, request: PayRequest, token: str | None = None) -> Payment:
        fate = _fate(request)
        payment_id = _payment_id(fate, request.key)
        return Payment(
            result=_RESULTS[fate],
            payment_id=payment_id,
            description="the sandbox declines this payment" if fate == "declined" else "",
            redirect_to_url=self._page(payment_id) if fate == "redirect" else None,
            subscription_token=None if fate == "declined" else token,
        )

    def _page(self, payment_id: str) -> str:
        query = {"paymentId": payment_id, "result": "executed", "id": f"{payment_id}-executed"}
        return f"{self._callback_url}?{urlencode(query)}"


def open_sandbox(name: str, options: Mapping[str, Any]) -> SandboxProvider:
    """The sandbox; option `callbackUrl` is where browsers reach /v3/sandbox/callback.

    Raises:
        ConfigInvalid: An option is unknown, or callbackUrl is not an address.
    """
    if unknown := sorted(set(options) - {"callbackUrl"}):
        raise ConfigInvalid(f"provider {name}: unknown option {', '.join(unknown)}; known is callbackUrl")
    url = options.get("callbackUrl", _DEFAULT_CALLBACK)
    if not isinstance(url, str) or urlsplit(url).scheme not in ("http", "https"):
        raise ConfigInvalid(f"provider {name}: option callbackUrl is not an http or https address")
    return SandboxProvider(url)


def _trouble(request: PayRequest) -> Unknown | Rejected | None:
    problem = money_problem(request.amount, request.currency)
    if problem is not None:
        return Rejected(reason=problem)
    if request.method not in _METHODS:
        return Rejected(reason="the sandbox does not take this payment method")
    return _no_answer(request.amount % 100, again=request.again)


def _no_answer(ending: int, *, again: bool) -> Unknown | None:
    if ending == _TIMES_OUT and not again:
        return Unknown(reason="the sandbox did not answer in time")
    if ending == _BREAKS:
        return Unknown(reason="the sandbox answered HTTP 500")
    return None


def _refund_problem(request: RefundRequest) -> str | None:
    if not request.payment_id.startswith("sbx_"):
        return "not a payment of the sandbox"
    if request.amount is None:
        return None
    return money_problem(request.amount, request.currency)


def _fate(request: PayRequest) -> Fate:
    return _FATES.get(request.amount % 100) or _FATE_BY_METHOD.get(request.method, "executed")


def _payment_id(fate: Fate, key: str) -> str:
    return f"sbx_{fate}_{_hash(key)}"


def _token(key: str) -> str:
    return f"sbx_token_{_hash(key)}"


def _hash(key: str) -> str:
    return sha256(f"sandbox:{key}".encode()).hexdigest()[:24]
