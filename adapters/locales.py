"""Money, dates and numbers as people of a language write them. The only home of Babel.

Amounts are integers in minor units; the caller knows the currency's exponent.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.numbers import format_currency, format_decimal, format_percent

from engine.model import Millis

Language = Literal["en", "it"]
LANGUAGES: tuple[Language, ...] = get_args(Language)

_LOCALES = {"en": "en_GB", "it": "it_IT"}


def money(amount: int, currency: str, exponent: int, language: Language) -> str:
    """1299, EUR, 2 -> "€12.99" or "12,99 €"; always with all the decimals of the currency."""
    number = Decimal(amount).scaleb(-exponent)
    return format_currency(
        number,
        currency,
        locale=_locale(language),
        currency_digits=False,
        decimal_quantization=False,
        format=_pattern(exponent, language),
    )


def number(value: int | float | Decimal, language: Language) -> str:
    """1234.5 -> "1,234.5" or "1.234,5"."""
    return format_decimal(value, locale=_locale(language))


def percent(share: float, language: Language, *, decimals: int = 1) -> str:
    """0.125 -> "12.5%" or "12,5%"."""
    return format_percent(share, format=f"#,##0.{'0' * decimals}%", locale=_locale(language))


def moment(at: Millis, language: Language, zone: str = "UTC") -> str:
    """Date and time to the second in the zone: 31 Jan 2026, 09:30:00 or 31 gen 2026, 09:30:00."""
    found = datetime.fromtimestamp(at / 1000, UTC)
    return format_datetime(found, "d MMM yyyy, HH:mm:ss", tzinfo=ZoneInfo(zone), locale=_locale(language))


def date(at: Millis, language: Language, zone: str = "UTC") -> str:
    """The date in the zone: 31 Jan 2026 or 31 gen 2026."""
    found = datetime.fromtimestamp(at / 1000, UTC).astimezone(ZoneInfo(zone))
    return format_date(found, "d MMM yyyy", locale=_locale(language))


@lru_cache(maxsize=16)
def _locale(language: Language) -> Locale:
    return Locale.parse(_LOCALES[language])


@lru_cache(maxsize=64)
def _pattern(exponent: int, language: Language) -> str:
    digits = "#,##0" + ("." + "0" * exponent if exponent else "")
    return f"¤{digits}" if language == "en" else f"{digits}\u00a0¤"
