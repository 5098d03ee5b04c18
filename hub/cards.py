"""Card numbers are found, refused and masked, and known fields of payment methods are forgotten.

Pure. The engine asks before it takes anything in (`Adapters.screen`), web/ at its doors, the log before it writes.
Nothing here ever puts a value into a message.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

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
_NEVER = _FORGET - frozenset("number pin nonce token paymenttoken holdername".split())
_SEPARATORS = re.compile(r"[-_ ]")
_LETTERS_AND_DIGITS = re.compile(r"[0-9A-Za-z]+(?:[ -][0-9A-Za-z]+)*")
_WORD = re.compile(r"[0-9A-Za-z]+")
_GROUP = re.compile(r"[0-9]+")
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
_LEAST = 10 ** (_SHORTEST - 1)
_SUSPICIOUS = re.compile(r"[0-9](?:[ -]?[0-9]){12}")  # as many digits as the shortest card number has
_SHOWN = 4  # digits at the end that PCI DSS 3.4 lets people see
_DEEPEST = 100  # nothing that the house takes in is nested half as deep


def holds_card_number(value: object) -> bool:
    """True if a card number (13 to 19 digits, Luhn, known issuer) stands anywhere in a JSON value.

    Also with blanks or hyphens between its groups. A telephone number after a plus sign is none.
    """
    pending = [value]
    while pending:  # every event passes here: one loop, the plain types first
        item = pending.pop()
        if isinstance(item, str):
            if len(item) >= _SHORTEST and _card_in(item):
                return True
        elif isinstance(item, dict | Mapping):
            pending.extend(item)
            pending.extend(item.values())
        elif isinstance(item, list | tuple):
            pending.extend(item)
        elif isinstance(item, int | float) and not -_LEAST < item < _LEAST and _card_in(_digits(item)):
            return True
    return False


def masked(value: Any) -> Any:
    """The JSON value with every card number in it as `****` and its last four digits. Unchanged if there is none."""
    return _masked(value, _DEEPEST) if holds_card_number(value) else value


def _masked(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return _masked_text(value)
    if isinstance(value, Mapping | list | tuple) and depth == 0:
        return "****"
    if isinstance(value, Mapping):
        return {_masked_text(str(name)): _masked(part, depth - 1) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(part, depth - 1) for part in value]
    return _masked_text(_digits(value)) if holds_card_number(value) else value


def _masked_text(text: str) -> str:
    parts, done = [], 0
    for start, end in _cards_in(text):
        if start >= done:
            parts += [text[done:start], "****", text[end - _SHOWN : end]]
            done = end
    return "".join((*parts, text[done:]))


def forgotten(data: object) -> Json:
    """The known payment-method fields of `data`, each with None: merged deep, it wipes them out.

    A list that holds such a field somewhere comes whole, for no merge reaches into lists.
    """
    if not isinstance(data, Mapping):
        return {}
    wiped: Json = {}
    for name, value in data.items():
        if _plain(name) in _FORGET:
            wiped[name] = None
        elif isinstance(value, list | tuple):
            if (clean := _without(value, _FORGET)) != list(value):
                wiped[name] = clean
        elif nested := forgotten(value):
            wiped[name] = nested
    return wiped


def wiped(payload: Mapping[str, Any]) -> Json:
    """Those parts of a payment's data that hold a payment-method field outside its `providerData`, without it.

    There only names that can mean nothing else count: a token may be a subscription's, a number an invoice's.
    """
    clean = {name: _without(value, _NEVER) for name, value in payload.items() if _plain(name) not in _NEVER}
    gone = {name: None for name, value in payload.items() if name not in clean and value is not None}
    return {**{name: part for name, part in clean.items() if part != payload[name]}, **gone}


def _without(value: Any, names: frozenset[str]) -> Any:
    if isinstance(value, Mapping):
        return {
            name: None if _plain(name) in names else _without(part, names) for name, part in value.items()
        }
    return [_without(part, names) for part in value] if isinstance(value, list | tuple) else value


def _plain(name: object) -> str:
    return _SEPARATORS.sub("", str(name)).lower()


def _digits(number: int | float) -> str:
    # str() of a huge integer is refused by Python, and it would be no card number anyway
    if isinstance(number, float):
        return str(int(number)) if abs(number) < 1e19 and number.is_integer() else ""
    return str(number) if abs(number) < 10**_LONGEST else ""


def _card_in(text: str) -> bool:
    return next(_cards_in(text), None) is not None


def _cards_in(text: str) -> Iterator[tuple[int, int]]:
    """Where card numbers begin and end; they may overlap."""
    if len(text) >= _SHORTEST and _SUSPICIOUS.search(text):
        for start, run in _digit_runs(text):
            yield from ((start + first, start + last) for first, last in _cards_in_groups(run))


def _digit_runs(text: str) -> Iterator[tuple[int, str]]:
    """Groups of digits that stand side by side; a group that touches a letter is part of an id."""
    for words in _LETTERS_AND_DIGITS.finditer(text):
        kept = _WORD.sub(lambda word: word[0] if word[0].isdigit() else "x" * len(word[0]), words[0])
        after_plus = text[max(words.start() - 1, 0) : words.start()] == "+"
        for run in _GROUPS.finditer(kept):
            telephone = sum(map(str.isdigit, run[0])) <= _LONGEST_TELEPHONE
            if not (after_plus and run.start() == 0 and telephone):
                yield words.start() + run.start(), run[0]


def _cards_in_groups(run: str) -> Iterator[tuple[int, int]]:
    groups = list(_GROUP.finditer(run))
    for first, begin in enumerate(groups):
        digits = ""
        for group in groups[first:]:
            digits += group[0]
            if len(digits) > _LONGEST:
                break
            if len(digits) >= _SHORTEST and _issued(digits) and _luhn(digits):
                yield begin.start(), group.end()


def _issued(digits: str) -> bool:
    return _ISSUERS.get(len(digits), _ISSUERS_FROM_16).match(digits) is not None


def _luhn(digits: str) -> bool:
    total = 0
    for place, char in enumerate(reversed(digits)):
        digit = int(char) * (1 + place % 2)
        total += digit - 9 if digit > 9 else digit
    return total % 10 == 0
