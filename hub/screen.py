"""What the engine may take in and keep: no card number. commands/wiring.py gives it to the engine."""

from __future__ import annotations

from collections.abc import Mapping

from engine.model import Json
from hub.cards import holds_card_number, masked

REFUSAL = "holds a card number: give it to the provider's own fields, and send what they answer"


_PROVIDERS_IDS = ("paymentId", "refundId")
"""What providers call their own payments: one in ten of a provider that numbers them would pass for a card."""


class CardScreen:
    """An `engine.ports.Screen`. The doors of web/ are stricter: there an id is looked at too."""

    def refusal(self, data: object) -> str | None:
        return REFUSAL if holds_card_number(_without_ids(data)) else None

    def cleaned(self, data: Json) -> Json:
        return {**masked(_without_ids(data)), **{name: data[name] for name in _PROVIDERS_IDS if name in data}}


def _without_ids(data: object) -> object:
    if not isinstance(data, Mapping) or not any(name in data for name in _PROVIDERS_IDS):
        return data
    return {name: value for name, value in data.items() if name not in _PROVIDERS_IDS}
