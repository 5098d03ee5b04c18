"""Where a payment stands as its customer sees it, and the page that belongs to that. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from engine.model import Saga
from hub.posting import is_address
from hub.views.rows import SUBSCRIPTION

Step = Literal["pay", "pending", "result"]
Outcome = Literal["ok", "ko", "pending"]

_OWN_WAY = re.compile(r"/payment/[^/]+/back(\?left=1)?$")
_FRESH = ("PAYMENT_CREATED", "CREATED")
_WAITING = "PAYMENT_PENDING"


def step_of(saga: Saga) -> Step:
    """pay: nothing was asked for; pending: nobody has decided; result: it is paid or failed."""
    if saga.state in _FRESH:
        return "pay"
    if saga.machine == SUBSCRIPTION:
        return "pending" if saga.state == _WAITING else "result"
    return "pending" if saga.business_state == "PAYMENT_CREATED" else "result"


def outcome_of(saga: Saga) -> Outcome:
    """How it ended, or that it has not."""
    if saga.machine == SUBSCRIPTION:
        return {"ACTIVE": "ok", "ON_HOLD": "ko", "ABORTED": "ko"}.get(saga.business_state, "pending")  # type: ignore[return-value]
    if saga.business_state == "PAYMENT_CREATED":
        return "pending"
    return "ko" if saga.business_state == "PAYMENT_FAILED" else "ok"


def home_of(saga_id: str) -> str:
    """Where the payment is paid."""
    return f"/payment/{saga_id}"


def path_of(saga: Saga) -> str:
    """The page where the saga stands."""
    step = step_of(saga)
    child = saga.metadata.get("childSagaId") if saga.machine == SUBSCRIPTION else None
    if isinstance(child, str):  # what a customer sees of a subscription is its newest payment
        return f"{home_of(child)}/pending"
    return home_of(saga.saga_id) if step == "pay" else f"{home_of(saga.saga_id)}/{step}"


def next_of(saga: Saga) -> str:
    """The same just after paying: on to the provider's page if it has one."""
    return f"{home_of(saga.saga_id)}/go" if redirect_of(saga) else path_of(saga)


def redirect_of(saga: Saga) -> str | None:
    """The provider's page, as long as the payment waits for what the customer does there.

    It stands in the saga's data, which others write too: only http and https are followed.
    """
    if saga.machine == SUBSCRIPTION or step_of(saga) != "pending" or is_by_link(saga):
        return None
    return _url(_mapping(saga.metadata.get("payRequestData")).get("redirectToUrl"))


def payment_ways(saga: Saga) -> tuple[str | None, str | None]:
    """The addresses in the payment's data that its customer is led to: after paying, and otherwise."""
    details = _mapping(saga.metadata.get("payRequestData"))
    return _url(details.get("successRedirect")), _url(details.get("failureRedirect"))


def shop_url(saga: Saga) -> str | None:
    """The merchant's own address for how it ended; None: there is none, or it is this very payment's."""
    success, failure = payment_ways(saga)
    url = success if outcome_of(saga) == "ok" else failure
    return None if url is None or _OWN_WAY.search(url) else url


def link_of(saga: Saga) -> str | None:
    """The link to pay by, as long as it can be used."""
    return _url(saga.metadata.get("link")) if step_of(saga) == "pending" else None


def is_by_link(saga: Saga) -> bool:
    """Whether the customer was to pay by a link."""
    return saga.metadata.get("type") == "PAY_BY_LINK"


def can_send_again(saga: Saga) -> bool:
    """Whether the link can be sent once more, or a new one in place of one that ran out."""
    if not saga.metadata.get("linkExpiresAt"):
        return False
    return saga.state in (_WAITING, "PAYMENT_FAILED")


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _url(value: object) -> str | None:
    return value if isinstance(value, str) and is_address(value) else None
