"""Posts a delivery's payload, as it is, to one address: what the gateway's own machines tell the outside.

A channel of the hub. The address may hold a secret: it is in no reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson

from engine.errors import ConfigInvalid
from engine.model import Delivery, Done, Failed, Later, Outcome
from providers.base import Unknown
from providers.http import Http, retry_after

KIND = "gateway-post"
_NOT_YET = frozenset({408, 425, 429})


class PostingChannel:
    """Any 2xx answer means that it was taken; repeats carry the same `Idempotency-Key`."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._http = Http()

    async def send(self, delivery: Delivery) -> Outcome:
        headers = {"content-type": "application/json", "idempotency-key": delivery.id}
        answer = await self._http.request(
            "POST", self._url, headers=headers, body=orjson.dumps(delivery.payload)
        )
        if isinstance(answer, Unknown):
            return Later(reason=answer.reason.replace("the provider", "the receiver"), uncertain=answer.sent)
        if 200 <= answer.status < 300:
            return Done(reply="done" if "done" in delivery.replies else None)
        if 400 <= answer.status < 500 and answer.status not in _NOT_YET:
            return Failed(reason=f"the receiver refuses it: HTTP {answer.status}")
        return Later(reason=f"HTTP {answer.status}", delay=retry_after(answer), uncertain=True)

    async def close(self) -> None:
        await self._http.close()


def open_posting(name: str, options: Mapping[str, Any], folder: Path) -> PostingChannel:
    """A channel to `url`.

    Raises:
        ConfigInvalid: It is no http or https address.
    """
    url = options.get("url")
    if not isinstance(url, str) or not is_address(url):
        raise ConfigInvalid(f"{name}: the address is not an http or https one")
    return PostingChannel(url)


def is_address(url: str) -> bool:
    """Whether this is an http or https address with a host."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
