"""What of a callback's body may be kept: its beginning, without anything of a payment method. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

from hub.cards import forgotten, masked
from providers.callbacks import CallbackRequest

LONGEST = 1_000
"""Characters. Twenty of them stand in a saga, and go with every command that sends the metadata."""

_LONGEST_READ = 100_000
_HIDDEN = "****"


def kept_body(request: CallbackRequest) -> str:
    """Its body, or its query where it has none; bounded and masked."""
    if not request.body:
        return _shortened(urlencode(_clean(dict(request.query))))
    text = request.body[:_LONGEST_READ].decode("utf-8", "replace").replace("\0", "")
    return _shortened(_rewritten(text, request.headers.get("content-type", "")))


def _rewritten(text: str, content_type: str) -> str:
    if content_type.startswith("application/x-www-form-urlencoded"):
        return urlencode(_clean(dict(parse_qsl(text, keep_blank_values=True))))
    try:
        return json.dumps(_clean(json.loads(text)), ensure_ascii=False, separators=(",", ":"))
    except (ValueError, RecursionError):
        return str(masked(text))


def _clean(value: Any) -> Any:
    return _hidden(masked(value))


def _hidden(value: Any) -> Any:
    """With the fields of payment methods that hub/cards.py knows blotted out, wherever they stand."""
    if isinstance(value, list):
        return [_hidden(one) for one in value]
    if not isinstance(value, Mapping):
        return value
    secret = {name for name, wiped in forgotten(value).items() if wiped is None}
    return {name: _HIDDEN if name in secret else _hidden(one) for name, one in value.items()}


def _shortened(text: str) -> str:
    clean = text.encode("utf-8", "replace").decode()
    return clean if len(clean) <= LONGEST else clean[: LONGEST - 1] + "…"
