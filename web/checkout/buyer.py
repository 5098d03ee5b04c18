"""Who buys: reading and checking what a customer writes of themselves. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from engine.model import Json

_EMAIL = re.compile(r"[^\s@<>\"(),;:\\\[\]]{1,64}@(?=.{3,255}$)(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z0-9-]{2,63}")
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
_LONGEST_NAME = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Buyer:
    """What they wrote, and the fields that are wrong: name, email, phone."""

    name: str = field(repr=False)
    email: str = field(repr=False)
    phone: str = field(repr=False)
    wrong: frozenset[str] = frozenset()

    def data(self, language: str) -> Json:
        """What of it a payment keeps under `additionalData`."""
        known = {"name": self.name, "email": self.email, "phone": self.phone}
        ways = [way for way, there in (("email", self.email), ("sms", self.phone)) if there]
        buyer = {name: value for name, value in known.items() if value}
        return {"buyer": {**buyer, "language": language}, "notificationChannels": ways[:1]}


def read_buyer(name: str, email: str, phone: str) -> Buyer:
    """Blanks, and the marks that people put into phone numbers, are taken out."""
    name, email = " ".join(name.split()), email.strip()
    number = phone_of(phone)
    wrong = {
        "name": not 0 < len(name) <= _LONGEST_NAME or not name.isprintable(),
        "email": not is_email(email),
        "phone": bool(number) and not is_phone(number),
    }
    bad = frozenset(part for part, is_wrong in wrong.items() if is_wrong)
    return Buyer(name=name, email=email, phone=number, wrong=bad)


def is_email(text: str) -> bool:
    """Whether a mail can be sent there, by its form."""
    return _EMAIL.fullmatch(text) is not None and text.isascii()


def is_phone(text: str) -> bool:
    """Whether it is a number with its country: +39 and so on, without blanks."""
    return _PHONE.fullmatch(text) is not None


def phone_of(text: str) -> str:
    """The number without blanks, hyphens, dots and brackets; 00 for + is fine."""
    number = re.sub(r"[\s().-]", "", text)
    return f"+{number[2:]}" if number.startswith("00") else number
