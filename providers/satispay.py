"""Satispay: payments that the customer accepts in the app, and later ones by a pre-authorised token.

Callbacks carry an id and nothing else, signed or not: they are hints, and the payment is read back. What an operator
needs is in docs/providers/satispay.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from engine.model import Json
from engine.ports import Clock
from providers import satispay_wire as wire
from providers.base import (
    Capabilities,
    Payment,
    PayRequest,
    Refund,
    RefundRequest,
    Rejected,
    Status,
    Subscription,
    Unknown,
    money_problem,
    pay_problem,
)
from providers.callbacks import CallbackRequest, Notice, Refused, Told
from providers.harmless import plain_id
from providers.json_reading import Doc, text
from providers.options import Options
from providers.satispay_api import Declined, SatispayApi
from providers.signatures import RsaPrivateKey

_PRODUCTION = "https://authservices.satispay.com"
_TOKENS = "/pre_authorized_payment_tokens"
_NEW_TOKEN = "subscription/token"  # noqa: S105 - the name of a utility

_CAPABILITIES = Capabilities(
    methods=frozenset({"satispay"}),
    default_method="satispay",
    currencies=frozenset({"EUR"}),
    refunds=True,
    partial_refunds=True,
    manual=frozenset({"satispay"}),
    authorisations=True,
    status=True,
    subscription_standings=frozenset({"PENDING", "ACTIVE", "CANCELED"}),
    callbacks=True,
    utilities=frozenset({_NEW_TOKEN}),
)


class SatispayProvider:
    def __init__(self, api: SatispayApi) -> None:
        self._api = api

    @property
    def capabilities(self) -> Capabilities:
        return _CAPABILITIES

    async def pay(self, request: PayRequest) -> Payment | Unknown | Rejected:
        flow = {"flow": "MATCH_CODE"}
        if request.success_url:
            flow["redirect_url"] = request.success_url
        return await self._collect(request, flow)

    async def start_subscription(self, request: PayRequest) -> Payment | Unknown | Rejected:
        """By the token of an authorisation that the customer gave before."""
        return await self.pay_subscription(request)

    async def pay_subscription(self, request: PayRequest) -> Payment | Unknown | Rejected:
        token = text(request.subscription, "token") or text(request.provider_data, "token")
        if not plain_id(token):
            return Rejected(reason="a subscription payment needs the token of the customer's authorisation")
        return await self._collect(request, {"flow": "PRE_AUTHORIZED", "token": token}, token)

    async def authorise(self, request: PayRequest) -> Payment | Unknown | Rejected:
        if problem := pay_problem(request, _CAPABILITIES):
            return problem
        return wire.read_agreement(await self._api.post(_TOKENS, wire.agreement(request), request.key))

    async def subscription_status(self, token: str) -> Subscription | Unknown | Rejected:
        answer = await self._agreement(token)
        return wire.read_subscription(answer, token) if isinstance(answer, Mapping) else answer

    async def expire_subscription(self, token: str, key: str) -> Subscription | Unknown | Rejected:
        if not plain_id(token):
            return Rejected(reason="not a token of Satispay")
        answer = await self._api.put(f"{_TOKENS}/{token}", {"status": "CANCELED"})
        if isinstance(answer, Declined):  # it may have ended before: then that is what it says
            return await self.subscription_status(token)
        return wire.read_subscription(answer, token) if isinstance(answer, Mapping) else answer

    async def refund(self, request: RefundRequest) -> Refund | Unknown | Rejected:
        if not plain_id(request.payment_id):
            return Rejected(reason="not a payment of Satispay")
        amount = await self._amount_left(request) if request.amount is None else request.amount
        if isinstance(amount, Unknown | Rejected):
            return amount
        problem = money_problem(amount, request.currency)
        if problem or not _CAPABILITIES.takes(request.currency):
            return Rejected(reason=problem or "Satispay gives back EUR only")
        body = {
            "flow": "REFUND",
            "amount_unit": amount,
            "currency": request.currency,
            "parent_payment_uid": request.payment_id,
            "external_code": wire.external_code(request.shop_transaction_id),
        }
        return wire.read_refund(await self._api.post("/payments", body, request.key))

    async def status(self, payment_id: str) -> Status | Unknown | Rejected:
        """Of a payment, or of an authorisation by the token that stood for its payment id."""
        if not plain_id(payment_id):
            return Rejected(reason="not a payment of Satispay")
        answer = await self._api.get(f"/payments/{payment_id}")
        read = await self._agreement(payment_id) if isinstance(answer, Declined) else answer
        return wire.read_status(read, payment_id) if isinstance(read, Mapping) else read

    async def utility(self, name: str, fields: Mapping[str, str]) -> Json | Unknown | Rejected:
        """`subscription/token`: asks for an authorisation; optional reason, callbackUrl, redirectUrl."""
        if name != _NEW_TOKEN:
            return Rejected(reason="Satispay has the utility subscription/token only")
        names = {"reason": "reason", "callbackUrl": "callback_url", "redirectUrl": "redirect_url"}
        body = {theirs: fields[ours] for ours, theirs in names.items() if fields.get(ours)}
        answer = wire.allowed(await self._api.post(_TOKENS, body))
        if not isinstance(answer, Mapping):
            return answer
        return {
            "token": plain_id(answer.get("id")),
            "status": wire.read_subscription(answer, "").standing,
            "codeIdentifier": plain_id(answer.get("code_identifier")),
            "redirectToUrl": text(answer, "redirect_url"),
        }

    async def read_callback(self, request: CallbackRequest) -> Told | Refused:
        """A hint: whoever sent it, the payment is read back. Its Date tells one hint from the next."""
        if request.part not in ("", "authorization"):
            return Refused(reason="no such callback", status=400)
        of_authorisation = request.part == "authorization"
        told = plain_id(request.query.get("authorization_id" if of_authorisation else "payment_id"))
        if not told:
            return Refused(reason="a callback without an id", status=400)
        notice = Notice(
            id=f"{told}:{sha256(request.headers.get('date', '').encode('utf-8', 'replace')).hexdigest()[:16]}",
            about="authorisation" if of_authorisation else "payment",
            word=None,
            payment_id=told,
            subscription_token=told if of_authorisation else None,
        )
        return Told(notices=(notice,))

    async def close(self) -> None:
        await self._api.close()

    async def _collect(
        self, request: PayRequest, flow: Mapping[str, Any], token: str | None = None
    ) -> Payment | Unknown | Rejected:
        if problem := pay_problem(request, _CAPABILITIES):
            return problem
        answer = await self._api.post("/payments", wire.order(request, flow), request.key)
        return wire.read_payment(answer, token)

    async def _agreement(self, token: str) -> Doc | Unknown | Rejected:
        if not plain_id(token):
            return Rejected(reason="not a token of Satispay")
        return wire.allowed(await self._api.get(f"{_TOKENS}/{token}"))

    async def _amount_left(self, request: RefundRequest) -> int | Unknown | Rejected:
        if request.paid is not None:
            return request.paid - request.refunded
        status = await self.status(request.payment_id)
        if not isinstance(status, Status):
            return status
        return (
            Rejected(reason="the payment has no amount")
            if status.amount is None
            else status.amount - request.refunded
        )


def open_satispay(name: str, options: Mapping[str, Any], *, clock: Clock) -> SatispayProvider:
    """Options: docs/providers/satispay.md.

    Raises:
        ConfigInvalid: An option is unknown, missing or not of its form.
    """
    given = Options(name, options, ("keyId", "privateKey", "baseUrl"))
    try:
        key = RsaPrivateKey(given.pem("privateKey"))
    except ValueError as error:
        raise given.wrong(f"option privateKey is {error}") from None
    key_id = given.text("keyId")
    if '"' in key_id:
        raise given.wrong("option keyId is not an id")
    return SatispayProvider(
        SatispayApi(base_url=given.url("baseUrl", _PRODUCTION), key_id=key_id, key=key, clock=clock)
    )
