"""Channel `messages`: mails and text messages to the buyer of a saga, or to the operators.

A message that cannot be sent never fails a payment: a command that waits for it gets its `failed` reply. What was sent
to one of two (the mail, but not yet the text message) is written down, so that a later try sends only the other.
commands/wiring.py puts it into the registry of channels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from adapters.locales import Language
from adapters.mail_message import Mail
from adapters.sms import Sms
from engine.errors import ConfigInvalid, RecordExists
from engine.model import Delivery, Done, Failed, Json, Later, Outcome
from engine.ports import Clock
from engine.records import Record, Records
from hub.message_data import Buyer, Way, buyer_of, is_alert, language_of, names_of, template_of
from hub.messaging import Messaging

KIND = "messages"
SENT = "messages_sent"
"""Records: the part of a delivery that was sent while another part is still owed."""

_log = structlog.get_logger("sagaloom.channel")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Order:
    """One message to one address."""

    id: str
    way: Way
    to: str


class MessagesChannel:
    """Owns its mailer: closing the channel closes the connections."""

    def __init__(self, messaging: Messaging) -> None:
        self._messaging = messaging
        self._records: Records | None = None
        self._clock: Clock | None = None

    def keep_in(self, records: Records, clock: Clock) -> None:
        """Where what was half sent is written down; and what time it is."""
        self._records, self._clock = records, clock

    async def send(self, delivery: Delivery) -> Outcome:
        orders = self._orders(delivery)
        if not orders:
            return _nobody(delivery)
        failures: list[str] = []
        for order in orders:
            outcome = await self._once(order, delivery, alone=len(orders) == 1)
            if isinstance(outcome, Later):
                return outcome
            if isinstance(outcome, Failed):
                failures.append(outcome.reason)
        await self._forget(orders)
        if len(failures) == len(orders):
            return Failed(reason="; ".join(dict.fromkeys(failures)))
        if failures:
            _log.warning("message.partly_sent", saga=delivery.saga_id, message=delivery.name, why=failures[0])
        return _done(delivery)

    async def close(self) -> None:
        await self._messaging.close()

    def _orders(self, delivery: Delivery) -> Sequence[_Order]:
        """Who is to be written to, as far as there is a way to."""
        manners = self._messaging.manners
        if is_alert(delivery):
            found: list[tuple[Way, str]] = [("email", one) for one in manners.operators]
        else:
            buyer = buyer_of(delivery.payload)
            addresses: dict[Way, str] = {"email": buyer.email, "sms": buyer.phone}
            found = [(way, addresses[way]) for way in (manners.ways if buyer.ways is None else buyer.ways)]
        able = {"email": self._messaging.mailer, "sms": self._messaging.text_sender}
        return [
            _Order(id=f"{delivery.saga_id}/{delivery.id}/{place}", way=way, to=to)
            for place, (way, to) in enumerate(found)
            if to and able[way] is not None
        ]

    async def _once(self, order: _Order, delivery: Delivery, *, alone: bool) -> Outcome:
        """Send it unless it was sent: with one message only the engine itself remembers."""
        assert self._records is not None
        assert self._clock is not None
        if not alone and delivery.attempt > 1 and await self._records.get(SENT, order.id):
            return Done()
        try:
            outcome = await self._sent(order, delivery)
        except ConfigInvalid as error:
            outcome = Failed(reason=str(error))
        if isinstance(outcome, Done) and not alone:
            with suppress(RecordExists):
                await self._records.insert(Record(kind=SENT, id=order.id, at=self._clock.now(), body={}))
        return outcome

    async def _sent(self, order: _Order, delivery: Delivery) -> Outcome:
        """Raises ConfigInvalid: the template is not there, or cannot be filled in."""
        assert self._clock is not None
        messaging, now = self._messaging, self._clock.now()
        template = template_of(delivery, messaging.texts.has)
        language, names = self._written(delivery, template)
        if order.way == "sms":
            assert messaging.text_sender is not None
            text = messaging.texts.short(template, language, names)
            again = delivery.uncertain
            return await messaging.text_sender.send(
                Sms(id=order.id, at=now, to=order.to, text=text, again=again)
            )
        assert messaging.mailer is not None
        letter = messaging.texts.letter(template, language, names)
        return await messaging.mailer.send(
            Mail(
                id=order.id,
                at=now,
                sender=messaging.manners.sender,
                to=(order.to,),
                subject=letter.subject,
                text=letter.text,
                html=letter.html,
            )
        )

    def _written(self, delivery: Delivery, template: str) -> tuple[Language, Json]:
        manners = self._messaging.manners
        buyer = Buyer() if is_alert(delivery) else buyer_of(delivery.payload)
        language = language_of(buyer, manners.language)
        names = names_of(
            delivery.payload,
            template=template,
            saga_id=delivery.saga_id,
            machine=delivery.machine,
            shop=manners.shop,
            language=language,
        )
        return language, names

    async def _forget(self, orders: Sequence[_Order]) -> None:
        assert self._records is not None
        if len(orders) > 1:
            for order in orders:
                await self._records.delete(SENT, order.id)


def open_messages(
    name: str, options: Mapping[str, Any], folder: Path, *, messaging: Messaging | None = None
) -> MessagesChannel:
    """The channel over what is configured.

    Raises:
        ConfigInvalid: The channel has an option (it takes none), or neither mail nor text messages are configured.
    """
    if options:
        raise ConfigInvalid(f"channel {name}: unknown option {', '.join(sorted(options))}; it takes none")
    if messaging is None or (messaging.mailer is None and messaging.text_sender is None):
        raise ConfigInvalid(f"channel {name}: messages need `mail:` or `sms:` in the configuration")
    return MessagesChannel(messaging)


def _nobody(delivery: Delivery) -> Outcome:
    """A command is told that nobody was reached; a side effect is done with that."""
    _log.info("message.nobody", saga=delivery.saga_id, message=delivery.name)
    if "failed" in delivery.replies:
        return Failed(reason="the saga's data name nobody who could be reached")
    return _done(delivery)


def _done(delivery: Delivery) -> Done:
    return Done(reply="done" if "done" in delivery.replies else None)
