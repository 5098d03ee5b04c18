"""The audit log from a handler's point of view: one call after each change that somebody made."""

from __future__ import annotations

from aiohttp import web

from engine.model import Json
from web.context import context_of
from web.reading import acting


async def note(
    request: web.Request,
    action: str,
    target: str,
    *,
    reason: str = "",
    before: Json | None = None,
    after: Json | None = None,
) -> None:
    """Keep that whoever sends this request did `action` to `target` ("saga.retry", "saga payment-1").

    What stands in `before` and `after` is shown to viewers: no secret, no payload. Raises StoreUnavailable:
    what was done is done; whether it is noted is not known.
    """
    audit = context_of(request).access.audit
    await audit.note(acting(request), action, target, reason=reason, before=before, after=after)
