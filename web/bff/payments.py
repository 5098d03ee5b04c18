"""Paying over the BFF: begin, methods, pay, poll, links and subscriptions. Each does what the checkout's pages do."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from aiohttp import web
from msgspec import UNSET

from engine.errors import ActionNotPossible
from engine.machine.names import iso
from engine.model import Json, Saga
from hub.cashier import Act, Choice, Recipient
from hub.checkout_offers import Offer, Purpose
from hub.views.rows import PAYMENT, SUBSCRIPTION, payment_row
from providers.base import Result
from web.answers import json_answer
from web.bff import shapes
from web.bff.manners import found, once, read
from web.checkout.buyer import is_email, is_phone, phone_of
from web.checkout.face import own_url, ways_back
from web.checkout.standing import link_of, outcome_of, path_of, redirect_of, step_of
from web.context import context_of
from web.problems import Problem
from web.reading import read_actor, read_handle, read_query
from web.requests import FlowManagerSaga, MachineQuery, NoQuery
from web.shapes import SagaCreated

_RESULTS: dict[str, Result] = {"ok": "OK", "ko": "KO", "pending": "PENDING"}


async def start(request: web.Request) -> web.Response:
    """`POST /fm/saga`: as the Flow Manager's POST /saga, of the machine payment unless `?machine=` says another.

    The id is not made of the idempotency key, which can be guessed: the shop's own number finds the first one.
    """
    machine = read_query(request, MachineQuery).machine or PAYMENT
    body, context = await read(request, FlowManagerSaga), context_of(request)

    async def do(key: str | None) -> SagaCreated:
        started = await context.engine.runner.start(
            machine,
            metadata=body.metadata,
            entity_id=body.associated_entity_id,
            actor=read_actor(request),
        )
        return SagaCreated(saga_id=started.saga.saga_id)

    return json_answer(await once(request, body, do))


async def show_methods(request: web.Request) -> web.Response:
    """`GET /payment/{id}/methods`: what the checkout rules offer for the payment."""
    read_query(request, NoQuery)
    saga = await found(request, read_handle(request), PAYMENT)
    offers = await context_of(request).cashier.offers(saga)
    return json_answer(
        [shapes.OfferedMethod(provider=one.provider, payment_method=one.method) for one in offers]
    )


async def pay(request: web.Request) -> web.Response:
    """`POST /pay`: asks the provider once; what was asked for already is answered as it stands."""
    read_query(request, NoQuery)
    body = await read(request, shapes.PayByMethod)
    saga = await found(request, body.saga_id, PAYMENT)

    async def do(key: str | None) -> shapes.Outcome:
        choice = await _choice(request, saga, body) if step_of(saga) == "pay" else None
        cashier, act = context_of(request).cashier, Act(actor=read_actor(request), key=key)
        paid = await (cashier.pay(saga, choice, act) if choice else cashier.settled(saga.saga_id))
        return outcome(paid)

    return json_answer(await once(request, body, do))


async def pay_recurrent(request: web.Request) -> web.Response:
    """`POST /pay-recurrent`: the first payment of a subscription."""
    read_query(request, NoQuery)
    body = await read(request, shapes.PayByMethod)
    saga = await found(request, body.saga_id, SUBSCRIPTION)

    async def do(key: str | None) -> shapes.Outcome:
        choice = await _choice(request, saga, body)
        act = Act(actor=read_actor(request), key=key)
        return outcome(await context_of(request).cashier.start_subscription(saga, choice, act))

    return json_answer(await once(request, body, do))


async def create(request: web.Request) -> web.Response:
    """`POST /create`: a subscription. The same `shopSubscriptionId` is the same subscription."""
    read_query(request, NoQuery)
    body = await read(request, shapes.NewSubscription)
    metadata: Json = msgspec.to_builtins(body)

    async def do(key: str | None) -> shapes.SubscriptionMade:
        act = Act(actor=read_actor(request), key=key)
        saga = await context_of(request).cashier.begin(SUBSCRIPTION, metadata, act)
        return shapes.SubscriptionMade(saga_id=saga.saga_id, status=saga.business_state)

    return json_answer(await once(request, body, do), status=200)


async def pay_by_link(request: web.Request) -> web.Response:
    """`POST /pay-by-link`."""
    read_query(request, NoQuery)
    body = await read(request, shapes.PayLink)
    saga, to = await found(request, body.saga_id, PAYMENT), _recipient(body)

    async def do(key: str | None) -> shapes.LinkMade:
        cashier = context_of(request).cashier
        offer = _picked(await cashier.offers(saga, "link"), body.payment_method, body.provider)
        success, failure = ways_back(request, saga)
        choice, act = (
            Choice(offer=offer, success=success, failure=failure),
            Act(actor=read_actor(request), key=key),
        )
        return _linked(await cashier.send_link(saga, choice, to, act))

    return json_answer(await once(request, body, do))


async def poll(request: web.Request) -> web.Response:
    """`GET /pay-polling?sagaId=`: answers at once."""
    saga = await found(request, read_query(request, shapes.SagaQuery).saga_id, PAYMENT)
    said = outcome_of(saga)
    back = context_of(request).hub.pages.back.get(said)
    answer = shapes.Polled(
        saga_id=saga.saga_id,
        is_pending=said == "pending",
        result=outcome(saga).result,
        status=payment_row(saga).status,
        page=own_url(request, path_of(saga)),
        return_url=back or UNSET,
    )
    return json_answer(answer)


async def show_info(request: web.Request) -> web.Response:
    """`GET /payment-info?sagaId=`."""
    saga = await found(request, read_query(request, shapes.SagaQuery).saga_id, PAYMENT)
    row = payment_row(saga)
    answer = shapes.PaymentInfo(
        saga_id=row.saga_id,
        shop_transaction_id=row.shop_transaction_id,
        status=row.status,
        result=outcome(saga).result,
        amount=row.amount,
        currency=row.currency,
        refunded_amount=row.refunded,
        type=row.type,
        date=iso(row.date),
        provider=row.provider,
        payment_method=row.method,
        payment_id=row.payment_id,
        subscription_id=row.subscription_id,
        link=link_of(saga),
        error=row.error,
        has_invoice=row.paid > 0,
    )
    return json_answer(answer)


def outcome(saga: Saga) -> shapes.Outcome:
    """What became of a payment, or of a subscription that has none yet, in the original's words."""
    data = saga.metadata
    mobile = (data.get("payRequestData") or {}).get("redirectToUrlMobile")
    url, said = redirect_of(saga), outcome_of(saga)
    subscription = saga.saga_id if saga.machine == SUBSCRIPTION else data.get("subscriptionId")
    error = data.get("error") if said == "ko" else None
    return shapes.Outcome(
        saga_id=saga.saga_id,
        result="REDIRECT_TO_URL" if url else _RESULTS[said],
        result_description=error if isinstance(error, str) else "",
        status=saga.business_state.removeprefix("PAYMENT_"),
        redirect_to_url=url or UNSET,
        redirect_to_url_mobile=mobile if url and isinstance(mobile, str) else UNSET,
        subscription_id=subscription if isinstance(subscription, str) else UNSET,
    )


async def _choice(request: web.Request, saga: Saga, body: shapes.PayByMethod) -> Choice:
    purpose: Purpose = "subscription" if saga.machine == SUBSCRIPTION else "pay"
    offers = await context_of(request).cashier.offers(saga, purpose)
    offer = _picked(offers, body.payment_method, body.provider)
    success, failure = ways_back(request, saga)
    return Choice(
        offer=offer,
        success=body.success_redirect or success,
        failure=body.failure_redirect or failure,
        provider_data=body.provider_data,
    )


def _picked(offers: Sequence[Offer], method: str | None, provider: str | None) -> Offer:
    fitting = [one for one in offers if method in (None, one.method) and provider in (None, one.provider)]
    if not fitting:
        raise Problem(
            "provider-refused",
            "The checkout rules do not offer this method for the payment, or no provider takes it.",
        )
    return fitting[0]


def _recipient(body: shapes.PayLink) -> Recipient | None:
    if body.email is not None and body.phone is not None:
        raise Problem("invalid-request", "Send `email` or `phone`, not both.")
    if body.email is not None:
        if not is_email(body.email):
            raise Problem("invalid-request", "`email` is not an address.")
        return Recipient(way="email", address=body.email)
    if body.phone is None:
        return None
    if not is_phone(number := phone_of(body.phone)):
        raise Problem("invalid-request", "`phone` is not a number with its country, +39 and so on.")
    return Recipient(way="sms", address=number)


def _linked(saga: Saga) -> shapes.LinkMade:
    link, said = link_of(saga), outcome_of(saga)
    if said == "ok":
        raise ActionNotPossible("this payment is paid")
    result = "KO" if said == "ko" else "OK" if link else "PENDING"
    error = saga.metadata.get("error") if said == "ko" else ""
    return shapes.LinkMade(
        saga_id=saga.saga_id,
        result=result,  # type: ignore[arg-type]  # one of the three
        result_code=result,  # type: ignore[arg-type]
        result_description=error if isinstance(error, str) else "",
        link=link or UNSET,
    )
