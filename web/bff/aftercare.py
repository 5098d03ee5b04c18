"""What comes after paying, over the BFF: refunds, messages, the end of subscriptions, invoices, and providers' helpers."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web

from engine.errors import ActionNotPossible, EngineError, PayloadInvalid
from engine.model import Event, Saga
from hub.apple_pay import begin_session
from hub.cashier import Act
from hub.views.rows import PAYMENT, SUBSCRIPTION, payment_row, subscription_row
from providers.money import minor_units
from web.acts import note
from web.answers import json_answer
from web.bff import shapes
from web.bff.manners import found, once, read
from web.boundary import problem_of
from web.context import context_of
from web.gateway_answers import decided
from web.invoices import pdf_answer, zip_answer
from web.problems import Problem
from web.reading import read_actor, read_handle, read_query
from web.requests import NoQuery

MOST_ROWS = 100
_REFUND = "refundRequested"


async def refund(request: web.Request) -> web.Response:
    """`POST /refund`: accepted, and decided later. With an `Idempotency-Key` a repeat refunds nothing twice."""
    read_query(request, NoQuery)
    body = await read(request, shapes.RefundAsk)
    saga = await found(request, body.saga_id, PAYMENT)
    amount = minor_units(body.remaining_amount, body.currency)
    if amount is None or amount <= 0:
        raise Problem(
            "invalid-request", "`remainingAmount` is no amount above zero with the currency's decimals."
        )
    if body.currency != saga.metadata.get("currency"):
        raise Problem("invalid-request", "`currency` is not the payment's.")

    async def do(key: str | None) -> shapes.RefundTaken:
        return await _refund(request, saga, amount, key, body.reason or "")

    return json_answer(await once(request, body, do), status=202)


async def refund_many(request: web.Request) -> web.Response:
    """`POST /refund/bulk`: all that is left of each row's payment."""
    read_query(request, NoQuery)
    rows = await read(request, list[shapes.TableRow])

    async def do(key: str | None) -> shapes.RefundsTaken:
        done = shapes.RefundsTaken(accepted=[], refused=[])
        for handle in _handles(rows):
            try:
                saga = await found(request, handle, PAYMENT)
                amount = _asked_before(saga, key) or payment_row(saga).remaining
                done.accepted.append(await _refund(request, saga, amount, key, ""))
            except (EngineError, Problem) as error:
                problem = problem_of(error, context_of(request))
                if problem.kind.status >= web.HTTPInternalServerError.status_code:
                    raise
                refused = shapes.RefundRefused(saga_id=handle, code=problem.kind.code, detail=problem.detail)
                done.refused.append(refused)
        return done

    return json_answer(await once(request, rows, do), status=202)


async def send_notification(request: web.Request) -> web.Response:
    """`GET /send-email?sagaId=`, and `POST`: tells the buyer once more how the payment stands."""
    saga = await found(request, read_query(request, shapes.SagaQuery).saga_id, PAYMENT)
    act = Act(actor=read_actor(request))
    if not await context_of(request).cashier.tell(saga, "sendNotification", {}, act):
        raise ActionNotPossible("there is nothing to tell the buyer as long as the payment is not decided")
    await note(request, "payment.notify", f"saga {saga.saga_id}")
    return json_answer(shapes.NotificationAsked(saga_id=saga.saga_id, result="OK"))


async def expire(request: web.Request) -> web.Response:
    """`DELETE /expire?sagaId=`, and `POST`: the subscription is not renewed any more. Safe to repeat."""
    saga = await found(request, read_query(request, shapes.SagaQuery).saga_id, SUBSCRIPTION)
    cashier, act = context_of(request).cashier, Act(actor=read_actor(request))
    before = subscription_row(saga)
    if before.status == "CREATED":
        await cashier.tell(saga, "expire", {}, act)
    elif before.active and not before.expire_requested:
        await cashier.tell(saga, "update", {"expireRequested": True}, act)
    after = subscription_row(await cashier.find(saga.saga_id))
    if after != before:
        await note(request, "subscription.expire", f"saga {saga.saga_id}", after={"status": after.status})
    ends_on = after.next_payment_date if after.active else None
    answer = shapes.ExpiryAsked(saga_id=saga.saga_id, result="OK", status=after.status, ends_on=ends_on)
    return json_answer(answer)


async def download_invoice(request: web.Request) -> web.Response:
    """`GET /invoice-download?sagaId=`: made when it is first asked for."""
    return await _invoice(request, read_query(request, shapes.SagaQuery).saga_id)


async def show_invoice(request: web.Request) -> web.Response:
    """`GET /payment/{id}/invoice`: the same."""
    read_query(request, NoQuery)
    return await _invoice(request, read_handle(request))


async def download_invoices(request: web.Request) -> web.Response:
    """`POST /invoice-download/bulk`: a ZIP with the invoice of each row."""
    read_query(request, NoQuery)
    handles = _handles(await read(request, list[shapes.TableRow]))
    sagas = [(await found(request, handle, PAYMENT)).saga_id for handle in handles]
    return zip_answer(await context_of(request).paperwork.invoices.several(sagas), "invoices.zip")


async def use_utility(request: web.Request) -> web.Response:
    """`POST /tokenization`: what a provider's own fields need; nothing is kept."""
    read_query(request, NoQuery)
    body = await read(request, shapes.UtilityAsk)
    gateway = context_of(request).hub.gateway
    return json_answer(decided(await gateway.utility(body.provider, body.utility, body.fields)))


async def begin_apple_pay(request: web.Request) -> web.Response:
    """`POST /apple-pay-session`: Apple's session for a page of the configured domain."""
    read_query(request, NoQuery)
    body = await read(request, shapes.ApplePayAsk)
    apple = context_of(request).hub.pages.apple_pay
    if apple is None:
        raise Problem("not-configured", "No Apple Pay certificate is configured: set checkout.applePay.")
    return json_answer(decided(await begin_session(apple, body.validation_url)))


async def _refund(
    request: web.Request, saga: Saga, amount: int, key: str | None, reason: str
) -> shapes.RefundTaken:
    """One event a key: the engine takes it once, also when the answer to the first request was lost."""
    engine, row = context_of(request).engine, payment_row(saga)
    id_ = f"{key}.refund" if key else None
    taken = id_ is not None and await engine.store.row_of(saga.saga_id, id_) is not None
    if not taken and not row.refundable:
        raise ActionNotPossible("this payment cannot be refunded now")
    if not taken and amount > row.remaining:
        raise PayloadInvalid("that is more than what is left of the payment")
    asked = {"amount": amount, "order": key, **({"reason": reason} if reason else {})}
    event = Event(
        name=_REFUND,
        payload={"refundRequestData": asked},
        id=id_,
        actor=read_actor(request),
        reason=reason or None,
    )
    answer = await engine.runner.handle(saga.saga_id, event, machine=PAYMENT)
    if answer.result != "applied":
        raise ActionNotPossible("another refund of this payment is under way")
    if not answer.repeated:
        after = {"asked": amount, "currency": row.currency}
        await note(request, "payment.refund", f"saga {saga.saga_id}", reason=reason, after=after)
    return shapes.RefundTaken(saga_id=saga.saga_id, result="ACCEPTED", amount=amount, currency=row.currency)


def _asked_before(saga: Saga, key: str | None) -> int | None:
    """What this very order asked for before its answer was lost."""
    asked = saga.metadata.get("refundRequestData")
    mine = key is not None and isinstance(asked, dict) and asked.get("order") == key
    return int(asked["amount"]) if mine and isinstance(asked, dict) else None


def _handles(rows: Sequence[shapes.TableRow]) -> list[str]:
    """Each once, in their order. Raises Problem: invalid-request."""
    handles = list(dict.fromkeys(row.saga_id for row in rows))
    if not 0 < len(handles) <= MOST_ROWS:
        raise Problem("invalid-request", f"Send 1 to {MOST_ROWS} rows.")
    return handles


async def _invoice(request: web.Request, handle: str) -> web.Response:
    saga = await found(request, handle, PAYMENT)
    return pdf_answer(await context_of(request).paperwork.invoices.of(saga.saga_id))
