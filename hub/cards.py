"""Card numbers are found and refused, and known fields of payment methods are forgotten.

Pure. The gateway asks before it calls a provider; the web layer may ask at its door. Nothing here ever
puts a value into a message.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from engine.model import Json

# Fields that providers use for data of a payment method or for tokens that serve once, compared in
# lower case without separators. PCI DSS 3.3 forbids to keep the security code even encrypted.
_FORGET = frozenset(
    """
    cardnumber number pan cvv cvc cvv2 cvc2 securitycode expirymonth expiryyear expirydate cardholder
    cardholdername holdername track1 track2 pin encryptedcardnumber encryptedexpirymonth
    encryptedexpiryyear encryptedsecuritycode encryptedcard nonce paymenttoken token applepaytoken
    googlepaytoken
    """.split()
)
_SEPARATORS = re.compile(r"[-_ ]")
_LETTERS_AND_DIGITS = re.compile(r"[0-9A-Za-z]+(?:[ -][0-9A-Za-z]+)*")
_GROUPS = re.compile(r"[0-9]+(?:[ -][0-9]+)*")
# Issuer ranges of the networks (ISO/IEC 7812) by length: without them one number in ten would pass for
# a card, time stamps, article numbers (EAN, 13 digits) and telephones among them.
_MAESTRO = "5018|5020|5038|5893|6304|6759|676[1-3]"
_ISSUERS = {
    13: re.compile(f"4|{_MAESTRO}"),
    14: re.compile(f"30|3[689]|{_MAESTRO}"),
    15: re.compile(f"3[47]|{_MAESTRO}"),
}
_ISSUERS_FROM_16 = re.compile(r"4|5[0-8]|2(?:2[2-9]|[3-6]|7[01]|720)|3[0568]|6")
_LONGEST_TELEPHONE = 15  # ITU-T E.164, after the plus sign
_SHORTEST, _LONGEST = 13, 19


def holds_card_number(value: object) -> bool:
    """True if a card number (13 to 19 digits, Luhn, known issuer) stands anywhere in a JSON value.

    Also with blanks or hyphens between its groups. A telephone number after a plus sign is none.
    """
    return any(_card_in(text) for text in _texts(value))


def forgotten(data: object) -> Json:
    """The known payment-method fields of `data`, each with None: merged deep, it wipes them out."""
    if not isinstance(data, Mapping):
        return {}
    wiped: Json = {}
    for name, value in data.items():
        if _SEPARATORS.sub("", str(name)).lower() in _FORGET:
            wiped[name] = None
        elif nested := forgotten(value):
            wiped[name] = nested
    return wiped


def _texts(value: object) -> Iterator[str]:
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, Mapping):
            pending.extend(item.keys())
            pending.extend(item.values())
        elif isinstance(item, list | tuple):
            pending.extend(item)
        elif isinstance(item, int | float) and not isinstance(item, bool):
            yield _digits(item)


def _digits(number: int | float) -> str:
    # str() of a huge integer is refused by Python, and it would be no card number anyway
    if isinstance(number, float):
        return str(int(number)) if abs(number) < 1e19 and number.is_integer() else ""
    return str(number) if abs(number) < 10**_LONGEST else ""


def _card_in(text: str) -> bool:
    if len(text) < _SHORTEST:
        return False
    return any(_card_in_groups(re.split("[ -]", run)) for run in _digit_runs(text))


def _digit_runs(text: str) -> Iterator[str]:
    """Groups of digits that stand side by side; a group that touches a letter is part of an id."""
    for words in _LETTERS_AND_DIGITS.finditer(text):
        kept = " ".join(word if word.isdigit() else "x" for word in re.split("[ -]", words[0]))
        after_plus = text[max(words.start() - 1, 0) : words.start()] == "+"
        for run in _GROUPS.finditer(kept):
            digits = run[0].replace(" ", "")
            if not (after_plus and run.start() == 0 and len(digits) <= _LONGEST_TELEPHONE):
                yield run[0]


def _card_in_groups(groups: list[str]) -> bool:
    for first in range(len(groups)):
        digits = ""
        for group in groups[first:]:
            digits += group
            if len(digits) > _LONGEST:
                break
            if len(digits) >= _SHORTEST and _issued(digits) and _luhn(digits):
                return True
    return False


def _issued(digits: str) -> bool:
    return _ISSUERS.get(len(digits), _ISSUERS_FROM_16).match(digits) is not None


def _luhn(digits: str) -> bool:
    total = 0
    for place, char in enumerate(reversed(digits)):
        digit = int(char) * (1 + place % 2)
        total += digit - 9 if digit > 9 else digit
    return total % 10 == 0
