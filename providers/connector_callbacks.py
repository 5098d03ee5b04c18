"""Reads callbacks as a connector file declares them: whom to believe, what they say, what to answer.

Pure. Nothing of a callback gets into a reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl

from providers import callbacks
from providers.callbacks import CallbackRequest, Notice, Refused, Told
from providers.connector import Callback, Connector, Word
from providers.connector_answers import LONGEST_ID, kept, read_amount
from providers.connector_signing import refusal
from providers.connector_text import Scope
from providers.harmless import shown
from providers.json_reading import parsed

_WORDS: Mapping[Word, callbacks.Word] = {"accepted": "ACCEPTED", "failed": "FAILED", "pending": "PENDING"}
_LONGEST_FORM = 200
"""Fields; a provider's form has a dozen."""


def read_callback(
    connector: Connector, callback: Callback, options: Mapping[str, str], request: CallbackRequest
) -> Told | Refused:
    """Believed when its signature is right; with read-back it is a hint whoever sent it."""
    scope: dict[str, Any] = {
        "option": options,
        "header": request.headers,
        "query": request.query,
        "raw": request.body,
        "target": request.target,
    }
    if reason := refusal(callback.signature, scope, request.received):
        return Refused(reason=reason)
    scope["body"] = _body(callback, request)
    if scope["body"] is None:
        return Refused(reason="the callback cannot be read", status=400)
    notice = _notice(connector, callback, scope)
    if notice is None:
        return Refused(reason="the callback does not say which payment it is about", status=400)
    return Told(
        notices=(notice,),
        status=callback.reply_status,
        body=callback.reply_body.encode(),
        content_type=callback.reply_type,
    )


def _body(callback: Callback, request: CallbackRequest) -> Mapping[str, Any] | None:
    if callback.reads == "query":
        return request.query
    if callback.reads == "json":
        return parsed(request.body)
    try:
        return dict(parse_qsl(request.body.decode(), max_num_fields=_LONGEST_FORM))
    except ValueError:
        return None


def _notice(connector: Connector, callback: Callback, scope: Scope) -> Notice | None:
    said = {name: text.text(scope) for name, text in callback.notice.items()}
    ids = {name: _id(said.get(name)) for name in ("paymentId", "shop", "token", "refundId")}
    about = callback.about.get((said.get("about") or "").lower(), callback.otherwise)
    if about != "other" and not (ids["paymentId"] or ids["shop"] or ids["token"]):
        return None
    return Notice(
        id=_id(said.get("id")) or _made_of(scope),
        about=about,
        word=None if callback.hints else _word(callback, scope),
        payment_id=ids["paymentId"],
        shop_transaction_id=ids["shop"],
        subscription_token=ids["token"],
        refund_id=ids["refundId"],
        amount=read_amount(connector.amounts, said.get("amount"), said.get("currency")),
        currency=_id(said.get("currency")),
        description=shown(said.get("description")),
        keep=kept(callback.keep, scope),
    )


def _word(callback: Callback, scope: Scope) -> callbacks.Word | None:
    """None, so that the provider is asked, for what only `complete` decides and for what is not said."""
    status = callback.notice.get("status")
    return None if status is None else _WORDS.get(callback.statuses.word(status.value(scope)))


def _id(found: str | None) -> str | None:
    return found if found and len(found) <= LONGEST_ID and found.isprintable() else None


def _made_of(scope: Scope) -> str:
    """The same for a repeat: of the body, and of the query without its order."""
    query = "&".join(f"{name}={value}" for name, value in sorted(scope["query"].items()))
    return sha256(scope["raw"] + b"\n" + query.encode("utf-8", "surrogatepass")).hexdigest()[:32]
