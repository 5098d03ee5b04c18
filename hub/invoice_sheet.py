"""An invoice's contents as HTML: the template of hub/invoice_templates or of the team's own folder, filled in.

A template gets words (the texts of its language), the contents as hub/invoice_contents.py makes them, and amounts,
dates and rates as people of the language write them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from adapters import locales
from adapters.locales import LANGUAGES, Language
from adapters.templates import Templates
from engine.errors import ConfigInvalid
from engine.model import Json, Millis
from hub.invoice_settings import SHIPPED, Settings
from providers.money import exponent

TEMPLATE = "invoice.html"
FONTS = {"DejaVu Sans": (SHIPPED / "fonts" / "DejaVuSans.ttf", SHIPPED / "fonts" / "DejaVuSans-Bold.ttf")}


class Sheets:
    """Raises ConfigInvalid when it is made: a file of texts cannot be read."""

    def __init__(self, settings: Settings) -> None:
        self._templates = Templates(settings.folders)
        self._logo = settings.logo
        self.texts: dict[Language, Mapping[str, str]] = {
            language: _texts(settings.folders, language) for language in LANGUAGES
        }

    def html(self, contents: Json, *, number: str, issued: Millis) -> str:
        """The sheet. Raises ConfigInvalid: the template is not right."""
        language = contents["language"]
        names = {
            **contents,
            "number": number,
            "issued": issued,
            "logo": self._logo,
            "words": self.texts[language],
            **_formats(language, contents["currency"], contents["zone"]),
        }
        try:
            return self._templates.render(TEMPLATE, names)
        except (TypeError, ValueError, ArithmeticError, LookupError) as error:
            raise ConfigInvalid(
                f"invoices: {TEMPLATE} cannot be filled in ({type(error).__name__})"
            ) from None


def _formats(language: Language, currency: str, zone: str) -> dict[str, Any]:
    places = exponent(currency)
    return {
        "money": lambda amount: locales.money(amount, currency, places, language),
        "date": lambda at: locales.date(at, language, zone),
        "percent": lambda rate: f"{locales.number(Decimal(rate) / 100, language)}%",
        "quantity": lambda thousandths: locales.number(Decimal(thousandths) / 1000, language),
    }


def _texts(folders: Sequence[Path], language: Language) -> dict[str, str]:
    """A text of an earlier folder takes the place of a later one's."""
    found: dict[str, str] = {}
    for folder in reversed(folders):
        path = folder / f"{language}.json"
        try:
            texts = json.loads(path.read_bytes()) if path.exists() else {}
        except ValueError:
            texts = None
        if not isinstance(texts, dict) or not all(isinstance(text, str) for text in texts.values()):
            raise ConfigInvalid(f"invoices: {path} is not a JSON object of texts")
        found |= texts
    return found
