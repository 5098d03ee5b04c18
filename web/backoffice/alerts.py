"""/backoffice/alerts: what a person should look at, and callbacks that belong to no payment."""

from __future__ import annotations

from aiohttp import web

from engine.records import Record
from hub.merchant_log import MerchantLog
from hub.views.filters import PaymentFilter
from web.acts import note
from web.backoffice.desk import desk_of
from web.backoffice.frame import ALERTS, back_to, counts_by_kind, show
from web.backoffice.refunds import reason_in
from web.backoffice.transactions import chosen
from web.context import context_of
from web.merchant import told_again
from web.pages.forms import read_form
from web.problems import Problem
from web.reading import acting, read_name

_SHOWN = 20
"""Rows of each kind; links lead on to the rest."""


async def show_alerts(request: web.Request) -> web.StreamResponse:
    """`GET /backoffice/alerts`."""
    context = context_of(request)
    store, views = context.engine.store, context.views
    log = MerchantLog(store.records)
    names = {
        "counts": counts_by_kind(await desk_of(request).alerts.counts(fresh=True)),
        "late": (await views.payments(PaymentFilter(alert="late"), limit=_SHOWN)).items,
        "late_success": await desk_of(request).alerts.late_successes(views, _SHOWN),
        "parked": await store.agenda(parked=True, limit=_SHOWN),
        "callbacks": await context.callbacks.kept.page(state="unmatched", limit=_SHOWN),
        "merchant": [
            *await log.list(state="refused", limit=_SHOWN),
            *await log.list(state="failing", limit=_SHOWN),
        ],
    }
    return await show(request, "alerts", names)


async def deal_with(request: web.Request) -> web.StreamResponse:
    """`POST /backoffice/alerts/late-success`: these late successes are dealt with, and how."""
    form = await read_form(request)
    reason, actor = reason_in(form), acting(request).name
    sagas = chosen(form, "saga")
    if not reason or not sagas:
        return back_to(ALERTS, "chosen.none" if not sagas else "reason.none")
    for saga_id in sagas:
        row = await context_of(request).views.payment(saga_id)
        if row.late_success and await desk_of(request).alerts.deal_with(
            row.saga_id, actor=actor, reason=reason
        ):
            await note(request, "alert.dealt-with", f"saga {row.saga_id}", reason=reason)
    return back_to(ALERTS, "alert.dealt-with")


async def retry_callback(request: web.Request) -> web.StreamResponse:
    """`POST /backoffice/alerts/callbacks/{callback}/retry`: look for its payment once more."""
    record = await _kept(request)
    saga_id = await context_of(request).callbacks.retry(record)
    if saga_id is None:
        return back_to(ALERTS, "callback.ignored")
    await note(request, "callback.retry", f"callback {record.id}", after={"saga": saga_id})
    return back_to(ALERTS, "callback.matched")


async def dismiss_callback(request: web.Request) -> web.StreamResponse:
    """`POST /backoffice/alerts/callbacks/{callback}/dismiss`: a person has dealt with it, and says how."""
    form, record = await read_form(request), await _kept(request)
    reason = reason_in(form)
    if not reason:
        raise Problem("invalid-request", "Say what became of this callback.")
    await context_of(request).callbacks.kept.dismiss(record, actor=acting(request).name, reason=reason)
    await note(request, "callback.dismiss", f"callback {record.id}", reason=reason)
    return back_to(ALERTS, "callback.dismissed")


async def replay_notification(request: web.Request) -> web.StreamResponse:
    """`POST /backoffice/alerts/notifications/{notification}/replay`: tell the merchant once more."""
    told = await told_again(request, read_name(request, "notification"))
    return back_to(ALERTS, "merchant.delivered" if told.state == "delivered" else "merchant.ignored")


async def _kept(request: web.Request) -> Record:
    record = await context_of(request).callbacks.kept.get(read_name(request, "callback"))
    if record is None or record.tags.get("state") != "unmatched":
        raise Problem(
            "callback-not-found", "This callback has found its payment, or somebody has dealt with it."
        )
    return record
