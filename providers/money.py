"""Currencies of ISO 4217 and how providers write amounts. Pure.

Amounts are integers in minor units everywhere in the house; only here do they become decimals and back.
Source: ISO 4217 list one (SIX), active codes; exponents other than 2 are listed, funds and metals left out.
"""

from __future__ import annotations

import re
from decimal import Decimal

_NO_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split()
_THREE_DECIMALS = "BHD IQD JOD KWD LYD OMR TND".split()
_FOUR_DECIMALS = "CLF UYW".split()
_TWO_DECIMALS = """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY
    COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR
    ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK
    MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP
    SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER
    ZAR ZMW ZWG
""".split()

EXPONENTS = {
    **dict.fromkeys(_NO_DECIMALS, 0),
    **dict.fromkeys(_TWO_DECIMALS, 2),
    **dict.fromkeys(_THREE_DECIMALS, 3),
    **dict.fromkeys(_FOUR_DECIMALS, 4),
}
CURRENCIES = frozenset(EXPONENTS)

_PLAIN = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,9})?")
"""No exponent, and few enough digits that its minor units fit 64 bits."""


def exponent(currency: str) -> int:
    """How many decimals the currency has. Raises KeyError for a code that is none of ISO 4217."""
    return EXPONENTS[currency]


def decimal_text(amount: int, currency: str) -> str:
    """1299 EUR -> "12.99", 1299 JPY -> "1299", 1299 KWD -> "1.299"; always all decimals, never an exponent."""
    return f"{Decimal(amount).scaleb(-exponent(currency)):f}"


def minor_units(text: object, currency: str) -> int | None:
    """12.99 EUR -> 1299; None if it is no plain number, or has more decimals than the currency.

    Never raises: who sends it may have written 1e999999999.
    """
    if isinstance(text, bool) or not isinstance(text, str | int | float):
        return None
    if currency not in EXPONENTS or not _PLAIN.fullmatch(str(text)):
        return None
    scaled = Decimal(str(text)).scaleb(exponent(currency))
    return int(scaled) if scaled == scaled.to_integral_value() else None
