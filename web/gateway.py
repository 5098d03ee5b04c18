"""/v3/{provider}/...: the gateway for callers that use no saga. One request, one answer of the provider.

Each order is done once: its key is the header `Idempotency-Key`, else it is made of what the order is about.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from engine.model import Json
from hub.gateway import Gateway
from hub.gateway_commands import WATCH, watch_of
from providers.base import PayRequest, Refund, RefundRequest, Rejected, SubscriptionChange, Unknown
from web import gateway_answers as answers
from web import gateway_shapes as shapes
from web.answers import json_answer
from web.bodies import read_body
from web.context import context_of
from web.reading import read_event_id, read_name, read_query
from web.requests import NoQuery

Wanted = TypeVar("Wanted")
Handler = Callable[[web.Request], Awaitable[web.Response]]
Ask = Callable[[str, bool], Awaitable[Any]]
"""(idempotency key, again) -> what the provider says."""


def collecting(operation: str, wanted: type[shapes.Order]) -> Handler:
    """The handler of an operation that collects money, or prepares to."""
    shape = answers.linked if operation == "createLink" else answers.paid

    async def collect(request: web.Request) -> web.Response:
        order = await _read(request, wanted)
        gateway, provider = _gateway(request), _provider(request)
        asked = _pay_request(
            order, _method(request, order, gateway.provider(provider).capabilities.default_method)
        )

        async def ask(key: str, again: bool) -> object:
            return await gateway.collect(provider, operation, replace(asked, key=key, again=again))

        answer = await _once(request, f"{operation}\0{order.shop_transaction_id}", order, ask, shape)
        await _watch(request, order, answer)
        return json_answer(answer)

    return collect


async def refund(request: web.Request) -> web.Response:
    """`POST /v3/{provider}/refund`. Without a key, the same amount of the same payment is the same refund."""
    order = await _read(request, shapes.RefundOrder)
    gateway, provider, calls = _gateway(request), _provider(request), context_of(request).hub.calls

    async def ask(key: str, again: bool) -> Refund | Unknown | Rejected:
        asked = RefundRequest(
            key=key,
            again=again,
            payment_id=order.payment_id,
            amount=order.amount,
            currency=order.currency,
            shop_transaction_id=order.shop_transaction_id or "",
        )
        return await calls.refund(gateway, provider, asked)

    about = f"refund\0{order.payment_id}\0{order.amount}\0{order.currency}"
    return json_answer(await _once(request, about, order, ask, answers.refunded))


async def update_subscription(request: web.Request) -> web.Response:
    """`POST /v3/{provider}/subscription/update/{subscriptionToken}`."""
    order = await _read(request, shapes.SubscriptionUpdate)
    token, terms = read_name(request, "subscriptionToken"), order.subscription_info
    gateway, provider = _gateway(request), _provider(request)

    async def ask(key: str, again: bool) -> object:
        change = SubscriptionChange(
            key=key,
            token=token,
            amount=order.amount,
            currency=order.currency,
            shop_transaction_id=order.shop_transaction_id,
            interval=terms.interval,
            interval_count=terms.interval_count,
            expires_after=terms.expires_after,
            provider_data=order.provider_data,
        )
        return await gateway.update_subscription(provider, change)

    return json_answer(
        await _once(request, f"update\0{token}\0{order.shop_transaction_id}", order, ask, answers.changed)
    )


async def show_subscription(request: web.Request) -> web.Response:
    """`GET /v3/{provider}/subscription/status/{subscriptionToken}`."""
    read_query(request, NoQuery)
    token = read_name(request, "subscriptionToken")
    answer = await _gateway(request).subscription_status(_provider(request), token)
    return json_answer(shapes.SubscriptionStatus(status=answers.decided(answer).standing))


async def expire_subscription(request: web.Request) -> web.Response:
    """`DELETE` or `POST` `/v3/{provider}/subscription/expire/{subscriptionToken}`: safe to repeat."""
    read_query(request, shapes.ExpiryQuery)
    provider, token = _provider(request), read_name(request, "subscriptionToken")
    answer = await _gateway(request).expire_subscription(provider, token, f"expire-{token}")
    return json_answer(answers.ended(answers.decided(answer)))


async def show_status(request: web.Request) -> web.Response:
    """`GET /v3/{provider}/status?paymentId=`."""
    return json_answer(await status_of(request))


async def status_of(request: web.Request) -> shapes.PaymentStatus:
    """Where the payment in the query stands. Raises Problem."""
    payment_id, provider = read_query(request, shapes.PaymentQuery).payment_id, _provider(request)
    return answers.standing(answers.decided(await _gateway(request).status(provider, payment_id)), provider)


async def use_utility(request: web.Request) -> web.Response:
    """`GET` and `POST` `/v3/{provider}/utility/{subject}/{action}`: fields in the query, or in the body.

    A payment method before them in the path is the field `method`.
    """
    read_query(request, shapes.AnyQuery)
    fields = dict(request.rel_url.query)
    if "method" in request.match_info:
        fields["method"] = read_name(request, "method")
    if request.can_read_body:
        fields |= await read_body(request, msgspec.json.Decoder(dict[str, str]))
    name = f"{read_name(request, 'subject')}/{read_name(request, 'action')}"
    answer = await _gateway(request).utility(_provider(request), name, fields)
    return json_answer(answers.decided(answer))


async def _once(
    request: web.Request, about: str, order: msgspec.Struct, ask: Ask, shape: Callable[[Any], msgspec.Struct]
) -> Json:
    """Do the order once under its key. Its answer is kept, and of itself a digest without `providerData`."""
    provider, given = _provider(request), read_event_id(request)
    _gateway(request).name_of(provider)
    asked: Json = msgspec.to_builtins(order)
    asked.pop("providerData", None)

    async def do(key: str, again: bool) -> Json | Unknown | Rejected:
        answer = await ask(key, again)
        if isinstance(answer, Unknown | Rejected):
            return answer
        document: Json = msgspec.to_builtins(shape(answer))
        return document

    calls, key = context_of(request).hub.calls, f"{provider}\0{given or about}"
    return answers.decided(await calls.once(key, {"path": request.path, **asked}, do))


async def _watch(request: web.Request, order: shapes.Order, answer: Json) -> None:
    """Have the merchant told what becomes of a payment that is not decided, where it is known who that is."""
    watch = watch_of(_provider(request), msgspec.to_builtins(order), answer)
    engine = context_of(request).engine
    if watch is not None and WATCH in engine.deployments.names():
        await engine.runner.start(watch.machine, metadata=watch.metadata, saga_id=watch.saga_id, actor="api")


def _pay_request(order: shapes.Order, method: str) -> PayRequest:
    plain: Json = msgspec.to_builtins(order)
    return PayRequest(
        key="",
        amount=order.amount,
        currency=order.currency,
        method=method,
        shop_transaction_id=order.shop_transaction_id,
        success_url=plain.get("successRedirectUrl"),
        failure_url=plain.get("failureRedirectUrl"),
        subscription=plain.get("subscriptionInfo", {}),
        provider_data=order.provider_data,
    )


def _method(request: web.Request, order: shapes.Order, usual: str) -> str:
    if isinstance(order, shapes.LinkOrder):
        return order.payment_method or usual
    return read_name(request, "method")


async def _read(request: web.Request, wanted: type[Wanted]) -> Wanted:
    read_query(request, NoQuery)
    return await read_body(request, msgspec.json.Decoder(wanted))


def _provider(request: web.Request) -> str:
    return read_name(request, "provider")


def _gateway(request: web.Request) -> Gateway:
    return context_of(request).hub.gateway
