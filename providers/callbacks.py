"""What a provider sends on its own: the request as it came, and what it says once it is believed.

Values only. Providers read them (`Provider.read_callback`), hub/callbacks.py decides what becomes of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from engine.model import Millis

About = Literal["payment", "refund", "subscription", "authorisation", "other"]
Word = Literal["ACCEPTED", "FAILED", "PENDING"]

TOLERANCE: Millis = 300_000
"""How old a signed callback may be, and how far ahead its clock: five minutes, as Stripe has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackRequest:
    """One HTTP request that claims to be from a provider.

    Attributes:
        part: What follows /v3/{provider}/callback in the path, "" or such as "authorization".
        target: Path and query as they were sent, for signatures that cover them.
        query: Decoded; the first of repeated names.
        headers: Names in lower case; the first of repeated names.
        body: Bounded by the web layer; never logged.
        received: When it came.
    """

    method: Literal["GET", "POST"]
    target: str
    part: str = ""
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    received: Millis


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One fact that a callback tells.

    Attributes:
        id: The provider's id of the fact, or one made of what it says: the same for a repeat.
        word: What became of it; None: the callback is a hint only, ask the provider (`status`).
        payment_id, shop_transaction_id, subscription_token: What it is about; at least one is set,
            but for "other".
        renewal: A payment that the provider collected by itself for a running subscription.
        amount, currency: Minor units; of a refund: how much this one gave back.
        keep: What may be kept with the saga.
    """

    id: str
    about: About
    word: Word | None
    payment_id: str | None = None
    shop_transaction_id: str | None = None
    subscription_token: str | None = None
    refund_id: str | None = None
    renewal: bool = False
    amount: int | None = None
    currency: str | None = None
    happened: Millis | None = None
    description: str = ""
    keep: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A callback that is believed: its notices, and what the provider wants to hear back."""

    notices: tuple[Notice, ...]
    status: int = 200
    body: bytes = b""
    content_type: str = "text/plain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A callback that is not believed (401) or cannot be read (400). `reason` holds none of it."""

    reason: str
    status: Literal[400, 401, 503] = 401
