"""Text messages in Twilio's wire format (Messages resource, API version 2010-04-01), not faster than allowed.

Never raises for the receiver's fault: it answers an Outcome. No text, number or credential gets into a reason.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from engine.model import Done, Failed, Later, Millis, Outcome

BASE_URL = "https://api.twilio.com"
LONGEST = 1600
"""Characters that Twilio takes, in however many segments."""

_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")  # E.164
_SPACING = re.compile(r"[\s().\-/]")
_ANSWER = 1_000_000
_WORTH_REPEATING = frozenset({401, 403, 408, 425, 429})
"""The account's owner mends the first two, and time the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsSettings:
    """The account, and how much it may send: `limit` messages in `per` ms.

    `sender` is a number, an alphanumeric sender, or a messaging service (`MG...`).
    """

    account: str
    token: str = field(repr=False)
    sender: str
    base_url: str = BASE_URL
    limit: int = 3
    per: Millis = 60_000
    timeout: float = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sms:
    """What is to be sent, `at` what time. `again`: an earlier try may have been taken."""

    id: str
    at: Millis
    to: str = field(repr=False)
    text: str = field(repr=False)
    again: bool = False


class Pace:
    """Gives each message its place: at most `limit` in any `per` ms. Knows this process only."""

    def __init__(self, limit: int, per: Millis) -> None:
        self._limit, self._per = limit, per
        self._places: deque[Millis] = deque()
        self._waiting: dict[str, Millis] = {}

    def wait(self, id_: str, now: Millis) -> Millis:
        """0: now. Else milliseconds until the place that is kept for the message."""
        at = self._waiting.get(id_)
        if at is None:
            at = max(now, self._places[-self._limit] + self._per if len(self._places) >= self._limit else now)
            self._places.append(at)
            while len(self._places) > self._limit:
                self._places.popleft()
        if at > now:
            self._waiting[id_] = at
            return at - now
        self._waiting.pop(id_, None)
        return 0


class TextSender:
    """Owns its session, opened at the first message inside the loop that uses it."""

    def __init__(self, settings: SmsSettings) -> None:
        self._settings = settings
        self._pace = Pace(settings.limit, settings.per)
        self._session: aiohttp.ClientSession | None = None
        self._url = f"{settings.base_url.rstrip('/')}/2010-04-01/Accounts/{settings.account}/Messages.json"

    async def send(self, sms: Sms) -> Outcome:
        """One try. Twilio knows no idempotency key: before a doubtful repeat the account's messages are read."""
        number = _SPACING.sub("", sms.to)
        if not _NUMBER.fullmatch(number):
            return Failed(reason="the telephone number is not one with a country code, like +39...")
        if not sms.text or len(sms.text) > LONGEST:
            return Failed(reason=f"the text is empty or longer than {LONGEST} characters")
        try:
            if sms.again and await self._was_sent(number, sms.text):
                return Done()
            if wait := self._pace.wait(sms.id, sms.at):
                return Later(reason="no more text messages are allowed at present", delay=wait)
            key = "MessagingServiceSid" if self._settings.sender.startswith("MG") else "From"
            form = {"To": number, key: self._settings.sender, "Body": sms.text}
            status, _ = await self._ask("POST", data=form)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            return Later(reason=f"no connection to the text message service: {type(error).__name__}")
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            return Later(
                reason=f"the text message service did not answer: {type(error).__name__}", uncertain=True
            )
        return _outcome(status)

    async def close(self) -> None:
        """Safe to call twice."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _was_sent(self, number: str, text: str) -> bool:
        """Whether the newest messages to this number have the same text and did not fail."""
        status, answer = await self._ask("GET", params={"To": number, "PageSize": "20"})
        found = answer.get("messages") if status == 200 else None
        return any(
            isinstance(one, Mapping)
            and one.get("body") == text
            and one.get("status") not in ("failed", "undelivered", "canceled")
            for one in (found if isinstance(found, list) else [])
        )

    async def _ask(self, method: str, **more: Any) -> tuple[int, Mapping[str, Any]]:
        async with self._open().request(method, self._url, allow_redirects=False, **more) as response:
            raw = await response.content.read(_ANSWER)
        try:
            answer = json.loads(raw)
        except (ValueError, RecursionError):
            answer = None
        return response.status, answer if isinstance(answer, dict) else {}

    def _login(self) -> str:
        return b64encode(f"{self._settings.account}:{self._settings.token}".encode()).decode()

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                headers={"Authorization": f"Basic {self._login()}"},
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=self._settings.timeout),
            )
        return self._session


def _outcome(status: int) -> Outcome:
    if 200 <= status < 300:
        return Done()
    if 400 <= status < 500 and status not in _WORTH_REPEATING:
        return Failed(reason=f"the text message service refuses it: HTTP {status}")
    return Later(reason=f"the text message service: HTTP {status}", uncertain=status >= 500)
