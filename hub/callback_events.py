"""From what a provider says of its own accord to the event of the saga it is about. Pure.

Nothing is decided here that the machine can decide: whether an event still has anything to say is the
machine's. hub/callbacks.py finds the saga, sends the event and keeps what has no place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.model import Event, Json, Millis, Saga
from hub.refunds import Ledger, Refusal, read_ledger, refund_event, weigh
from hub.requests import dropped, error_now, other_money, payment_id_of
from hub.routing import wants_route
from providers.callbacks import Notice, Word

NEWEST = 20
"""How many callbacks stand in `metadata.callbackHistory`."""

RECORDED = "callbackReceived"
"""The event that records a callback which moved nothing."""

_LONGEST_ID = 200
_PAYMENT_EVENTS: Mapping[Word, str] = {"ACCEPTED": "paymentExecuted", "FAILED": "paymentFailed"}
_AUTHORISATION_EVENTS: Mapping[Word, str] = {"ACCEPTED": "subscriptionStart", "FAILED": "paymentFailed"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One notice of a believed callback: who said it, when it came, what of its body may be kept."""

    provider: str
    notice: Notice
    received: Millis
    body: str = ""

    @property
    def of_subscription(self) -> bool:
        """News of a subscription that runs at the provider: of its end, or of what was collected for it."""
        return self.notice.renewal or self.notice.about == "subscription"

    @property
    def id(self) -> str:
        """The same for a repeat; an event's id."""
        return f"{self.provider}:{self.notice.id}"[:_LONGEST_ID]


@dataclass(frozen=True, slots=True, kw_only=True)
class Odd:
    """News that no saga can be told: a person has to look. `why` holds no value."""

    why: str


def event_of(heard: Heard, saga: Saga) -> Event | Odd | None:
    """What to tell the saga; None: nothing, it is no news."""
    if not wants_route(saga.metadata) and saga.metadata["provider"] != heard.provider:
        return Odd(why="the payment is with another provider")
    if heard.notice.about == "refund":
        return _of_refund(heard, saga)
    if heard.notice.about == "authorisation":
        return _told(heard, _AUTHORISATION_EVENTS, saga)
    if heard.notice.about == "payment":
        other = other_money(heard.notice.amount, heard.notice.currency, saga.metadata)
        if heard.notice.word == "ACCEPTED" and other:
            return Odd(why="the provider took another amount or currency than was asked for")
        return _told(heard, _PAYMENT_EVENTS, saga)
    return None


def second_payment(heard: Heard, saga: Saga) -> bool:
    """Whether money was taken under another payment's id than the saga knows: taken twice, perhaps."""
    known, told = payment_id_of(saga.metadata), heard.notice.payment_id
    return (
        heard.notice.about == "payment"
        and heard.notice.word == "ACCEPTED"
        and known is not None
        and told is not None
        and known != told
    )


def with_history(event: Event, heard: Heard, saga: Saga, became: str) -> Event:
    """The event, carrying the saga's newest callbacks and this one; `became`: applied, ignored, repeated, kept."""
    before = saga.metadata.get("callbackHistory")
    entry = {
        "timestamp": heard.received,
        "id": heard.id,
        "about": heard.notice.about,
        "word": heard.notice.word,
        "became": became,
        "body": heard.body,
    }
    newest = [*(before if isinstance(before, list) else []), entry][-NEWEST:]
    payload = {**event.payload, "callbackHistory": newest}
    return Event(name=event.name, payload=payload, id=event.id, actor=event.actor)


def recording(heard: Heard, id_: str) -> Event:
    """The event that has nothing to say but that the callback came."""
    return Event(name=RECORDED, payload={}, id=id_, actor=heard.provider)


def _told(heard: Heard, events: Mapping[Word, str], saga: Saga) -> Event | None:
    notice = heard.notice
    name = events.get(notice.word) if notice.word else None
    if name is None:
        return None
    gone = dropped(saga.metadata)
    secrets = gone.get("payRequestData", {})
    details: Json = {
        "providerData": {**notice.keep, **secrets.get("providerData", {})},
        "subscriptionInfo": {"token": notice.subscription_token} if notice.subscription_token else None,
    }
    details = {**secrets, **{field: value for field, value in details.items() if value}}
    error = (notice.description or "declined") if notice.word == "FAILED" else None
    payload: Json = {**gone, **error_now(error, saga.metadata)}
    if details:
        payload["payRequestData"] = details
    known = payment_id_of(saga.metadata)
    if payment_id := notice.payment_id if second_payment(heard, saga) else known or notice.payment_id:
        payload["paymentId"] = payment_id  # where the money is, if the customer paid by an earlier link
    if wants_route(saga.metadata):
        payload["provider"] = heard.provider
    return Event(name=name, payload=payload, id=heard.id, actor=heard.provider)


def _of_refund(heard: Heard, saga: Saga) -> Event | Odd | None:
    """The refund that the saga waits for is settled; `refundSettled` lets the machine see that it is that one."""
    notice, metadata = heard.notice, saga.metadata
    ledger = read_ledger(metadata)
    if notice.word not in ("ACCEPTED", "FAILED"):
        return None
    if notice.refund_id in ledger.ids or notice.refund_id not in (None, metadata.get("refundId")):
        return _of_another_refund(notice, ledger)
    settled: Json = {} if notice.refund_id is None else {"refundSettled": notice.refund_id}
    if notice.word == "FAILED":
        details = ledger.without(notice.refund_id).details()
        payload = {"error": notice.description or "declined", "refundDetails": details, **settled}
        return Event(name="refundFailed", payload=payload, id=heard.id, actor=heard.provider)
    ask = weigh(metadata, ledger)
    if isinstance(ask, Refusal):
        return Odd(why=f"a refund was done that cannot be: {ask.reason}")
    if ask.amount is None or notice.amount not in (None, ask.amount):
        return Odd(why="the provider gave back another amount than was asked for")
    details = ledger.after(ask.amount, notice.refund_id).details()
    payload = {"refundDetails": details, **error_now(None, metadata), **settled}
    return Event(name=refund_event(ask), payload=payload, id=heard.id, actor=heard.provider)


def _of_another_refund(notice: Notice, ledger: Ledger) -> Odd | None:
    """One that the saga does not wait for: known and done with, or nobody's."""
    if notice.refund_id in ledger.ids:
        odd = Odd(why="a refund that was done has failed afterwards")
        return odd if notice.word == "FAILED" else None
    if notice.refund_id in ledger.failed:
        odd = Odd(why="a refund that had failed was done, and another one is under way")
        return odd if notice.word == "ACCEPTED" else None
    return Odd(why="a refund that the payment did not ask for, or not yet")
