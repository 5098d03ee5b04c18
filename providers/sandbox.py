"""A provider that moves no money: what happens is decided by the amount and the method.

Ids are made from the idempotency key and say what became of the payment at first, so a repeat, another process or
a restart gets the same answer; what was decided later is in a ledger in memory. The table of outcomes is in
docs/payment-machine.md. Used for development, demonstrations and tests.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any, Literal

from engine.model import Millis
from engine.ports import Clock
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
from providers.callbacks import CallbackRequest, Refused, Told, Word
from providers.options import Options
from providers.sandbox_callbacks import Letter, letter, read, signed
from providers.sandbox_ledger import BookedPayment, BookedRefund, SandboxLedger
from providers.sandbox_outcomes import (
    METHODS,
    REFUND_RESULTS,
    RESULTS,
    STANDINGS,
    Call,
    Fate,
    Script,
    calls_of,
    fate_of,
    refund_calls_of,
    refund_fate_of,
    script_of,
)
from providers.sandbox_sender import Prepare, Sender

Choice = Literal["pay", "decline", "pending"]
"""What a customer does on the fake hosted page."""

_CHOICES: Mapping[str, Word] = {"pay": "ACCEPTED", "decline": "FAILED", "pending": "PENDING"}
_UNREACHED = "http://127.0.0.1:8080/v3/sandbox/callback"
_THROTTLED: Millis = 7_000

_CAPABILITIES = Capabilities(
    methods=METHODS,
    default_method="credit-cards",
    refunds=True,
    partial_refunds=True,
    links=True,
    automatic=METHODS,
    manual=METHODS,
    intervals=frozenset({"DAY", "MONTH"}),
    authorisations=True,
    status=True,
    subscription_standings=frozenset({"ACTIVE", "CANCELED"}),
    callbacks=True,
)


class SandboxProvider:
    """Without a clock it sends no callbacks by itself.

    Args:
        secret: Signs the callbacks; None: one that this process alone knows.
        delay: Seconds before a callback that the amount asks for.
    """

    def __init__(self, *, secret: str | None = None, clock: Clock | None = None, delay: float = 2.0) -> None:
        self.ledger = SandboxLedger()
        self._key = (secret or secrets.token_hex(32)).encode()
        self._sender = Sender(clock, self._key, delay) if clock is not None else None

    @property
    def capabilities(self) -> Capabilities:
        return _CAPABILITIES

    async def pay(self, request: PayRequest) -> Payment | Unknown | Rejected:
        return self._collect(request, fate_of)

    async def create_link(self, request: PayRequest) -> Payment | Unknown | Rejected:
        answer = self._collect(request, _fate_of_link)
        if not isinstance(answer, Payment) or answer.result == "KO":
            return answer
        page = page_url(request.callback_url, answer.payment_id)
        return replace(answer, result="OK", redirect_to_url=None, link=page)

    async def schedule_subscription(self, request: PayRequest) -> Payment | Unknown | Rejected:
        return self._collect(request, fate_of, token=_token(request.key))

    async def start_subscription(self, request: PayRequest) -> Payment | Unknown | Rejected:
        return self._collect(request, fate_of, token=_token(request.key))

    async def pay_subscription(self, request: PayRequest) -> Payment | Unknown | Rejected:
        token = request.subscription.get("token")
        if not token:
            return Rejected(reason="subscription payment without a subscription token")
        if token in self.ledger.cancelled:
            return Payment(
                result="KO", payment_id="", description="the customer's agreement to this subscription ended"
            )
        return self._collect(request, fate_of)

    async def authorise(self, request: PayRequest) -> Payment | Unknown | Rejected:
        return self._collect(request, _fate_of_agreement, token=_token(request.key))

    async def update_subscription(self, change: SubscriptionChange) -> Subscription | Unknown | Rejected:
        problem = money_problem(change.amount, change.currency)
        return Rejected(reason=problem) if problem else await self.subscription_status(change.token)

    async def subscription_status(self, token: str) -> Subscription | Unknown | Rejected:
        if not token.startswith("sbx_token_"):
            return Rejected(reason="not a subscription of the sandbox")
        return Subscription(standing="CANCELED" if token in self.ledger.cancelled else "ACTIVE", token=token)

    async def expire_subscription(self, token: str, key: str) -> Subscription | Unknown | Rejected:
        if token.startswith("sbx_token_"):
            self.ledger.cancelled.add(token)
        return await self.subscription_status(token)

    async def refund(self, request: RefundRequest) -> Refund | Unknown | Rejected:
        if not request.payment_id.startswith("sbx_"):
            return Rejected(reason="not a payment of the sandbox")
        if request.amount is not None and (problem := money_problem(request.amount, request.currency)):
            return Rejected(reason=problem)
        script = self.ledger.next_script() or script_of(request.amount, again=request.again)
        if trouble := _trouble(script):
            return trouble
        refund_id = f"sbx_refund_{_hash(request.key)}"
        fate = _scripted(script, refund_fate_of(request.amount))
        payment = self.ledger.payments.get(request.payment_id)
        if fate == "declined":
            return Refund(result="KO", refund_id=refund_id, description="the sandbox declines this refund")
        if payment is not None and refund_id not in payment.refunds:
            if payment.amount is not None and (request.amount or 0) > payment.amount - payment.refunded:
                return Refund(
                    result="KO", refund_id=refund_id, description="more than is left of the payment"
                )
            self._tell_of(payment, refund_calls_of(request.amount), refund_id)
        booked = self.ledger.refund(refund_id, STANDINGS[fate], request)
        if script == "lose_answer":
            return _LOST
        return Refund(result=REFUND_RESULTS[booked.standing], refund_id=refund_id)

    async def refund_status(self, payment_id: str, refund_id: str) -> Refund | Unknown | Rejected:
        payment = self.ledger.payments.get(payment_id)
        booked = None if payment is None else payment.refunds.get(refund_id)
        if booked is None:
            return Rejected(reason="the sandbox has no such refund")
        return Refund(result=REFUND_RESULTS[booked.standing], refund_id=refund_id)

    async def status(self, payment_id: str) -> Status | Unknown | Rejected:
        payment = self.booked(payment_id)
        if payment is None:
            return Rejected(reason="not a payment of the sandbox")
        return Status(
            standing=payment.standing,
            payment_id=payment_id,
            shop_transaction_id=payment.shop_transaction_id,
            amount=payment.amount,
            currency=payment.currency,
            refunded=payment.refunded if payment.amount is not None else None,
        )

    async def read_callback(self, request: CallbackRequest) -> Told | Refused:
        return read(request, self._key)

    async def close(self) -> None:
        if self._sender is not None:
            await self._sender.close()

    def booked(self, payment_id: str) -> BookedPayment | None:
        """A payment of the ledger, or what the id of one from before this process says."""
        prefix, _, rest = payment_id.partition("_")
        standing = STANDINGS.get(rest.partition("_")[0])
        if payment_id in self.ledger.payments or prefix != "sbx" or standing is None:
            return self.ledger.payments.get(payment_id)
        return BookedPayment(payment_id=payment_id, standing=standing)

    def decide(self, payment_id: str, choice: Choice, now: Millis) -> CallbackRequest:
        """The customer's choice on the hosted page, as the signed callback that it leads to.

        Raises:
            KeyError: The sandbox has no such payment.
        """
        payment = self.booked(payment_id)
        if payment is None:
            raise KeyError(payment_id)
        self.ledger.keep(payment)
        self.ledger.settle(payment_id, _CHOICES[choice])
        return self.callback(payment, payment.standing, now)

    def callback(
        self,
        payment: BookedPayment,
        word: Word,
        now: Millis,
        *,
        refund: BookedRefund | None = None,
        key: bytes | None = None,
    ) -> CallbackRequest:
        """A callback as the sandbox sends it, signed with `key` instead of its own if given."""
        one = letter(payment, word, refund)
        headers = signed(one, key or self._key, now)
        target = "/v3/sandbox/callback"
        return CallbackRequest(method="POST", target=target, headers=headers, body=one.body, received=now)

    def _collect(
        self, request: PayRequest, fates: Callable[[PayRequest], Fate], *, token: str | None = None
    ) -> Payment | Unknown | Rejected:
        if problem := pay_problem(request, _CAPABILITIES):
            return problem
        script = self.ledger.next_script() or script_of(request.amount, again=request.again)
        if trouble := _trouble(script):
            return trouble
        payment = self.ledger.by_key(request.key)
        if payment is None:
            fate = _scripted(script, fates(request))
            payment = self.ledger.open(f"sbx_{fate}_{_hash(request.key)}", STANDINGS[fate], request)
            payment.redirected, payment.token = fate == "redirect", None if fate == "declined" else token
            self._tell_of(payment, calls_of(request.amount))
        return _LOST if script == "lose_answer" else _answer(payment)

    def _tell_of(self, payment: BookedPayment, calls: tuple[Call, ...], refund_id: str | None = None) -> None:
        if self._sender is None or payment.callback_url is None:
            return
        for call in calls:
            self._sender.send_later(payment.callback_url, call.after, self._telling(payment, call, refund_id))

    def _telling(self, payment: BookedPayment, call: Call, refund_id: str | None) -> Prepare:
        def prepare() -> Letter:
            if refund_id is None:
                self.ledger.settle(payment.payment_id, call.word)
                return letter(payment, call.word)
            self.ledger.settle_refund(refund_id, call.word)
            return letter(payment, call.word, payment.refunds[refund_id])

        return prepare


_LOST = Unknown(reason="the sandbox did not answer in time")


def open_sandbox(name: str, options: Mapping[str, Any], *, clock: Clock | None = None) -> SandboxProvider:
    """The sandbox; option `secret` signs its callbacks, `callbackAfter` says in how many seconds they come.

    Raises:
        ConfigInvalid: An option is unknown or wrong.
    """
    read_options = Options(name, options, {"secret", "callbackAfter"})
    delay = options.get("callbackAfter", 2)
    if isinstance(delay, bool) or not isinstance(delay, int | float) or not 0 <= delay <= 3600:
        raise read_options.wrong("option callbackAfter is not a number of seconds from 0 to 3600")
    return SandboxProvider(secret=read_options.optional_text("secret"), clock=clock, delay=delay)


def page_url(callback_url: str | None, payment_id: str) -> str:
    """The fake hosted page of a payment (web/sandbox_page.py), beside the path of its callbacks."""
    return f"{(callback_url or _UNREACHED).removesuffix('/callback')}/page/{payment_id}"


def _answer(payment: BookedPayment) -> Payment:
    """What a request with the same key is told, now as at first: what was decided since comes by callback."""
    fate: Any = payment.payment_id.split("_")[1]
    declined = fate == "declined"
    return Payment(
        result=RESULTS[fate],
        payment_id=payment.payment_id,
        description="the sandbox declines this payment" if declined else "",
        redirect_to_url=page_url(payment.callback_url, payment.payment_id) if payment.redirected else None,
        subscription_token=payment.token,
    )


def _trouble(script: Script | None) -> Unknown | Rejected | None:
    if script == "fail":
        return Unknown(reason="the sandbox answered HTTP 500")
    if script == "throttle":
        return Unknown(reason="the sandbox answered HTTP 429", sent=False, delay=_THROTTLED)
    if script == "unauthorised":
        return Rejected(reason="the sandbox refuses our credentials", ours=True)
    return None


def _scripted(script: Script | None, fate: Fate) -> Fate:
    if script == "decline":
        return "declined"
    return "pending" if script == "pending" else fate


def _fate_of_link(request: PayRequest) -> Fate:
    return "declined" if fate_of(request) == "declined" else "redirect"


def _fate_of_agreement(request: PayRequest) -> Fate:
    return "declined" if fate_of(request) == "declined" else "pending"


def _token(key: str) -> str:
    return f"sbx_token_{_hash(key)}"


def _hash(key: str) -> str:
    return sha256(f"sandbox:{key}".encode()).hexdigest()[:24]
