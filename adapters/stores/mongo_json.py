"""JSON to values that BSON can hold, and back. Knows no document of ours.

Metadata are kept as the original keeps them, so that what reads its collections can query them. What BSON
cannot hold is put differently: whole numbers above 63 bits become Decimal128; in names a NUL, a dot, a
leading dollar and our own mark are written as the mark and two hexadecimal digits.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import orjson
from bson import Int64
from bson.datetime_ms import DatetimeMS
from bson.decimal128 import Decimal128

from engine.errors import PayloadInvalid
from engine.model import Json, Millis

MARK = "％"
"""U+FF05, which looks like what it is for and is in nobody's names."""

_MARKED = {"\0": "00", "$": "24", ".": "2E", MARK: "25"}
_ODD = re.compile(f"^\\$|[\0.{MARK}]")
_WRITTEN = re.compile(f"{MARK}(00|24|2E|25)")
_MEANT = {written: meant for meant, written in _MARKED.items()}
_LARGEST = (1 << 63) - 1
_DATES = (-62_135_596_800_000, 253_402_300_799_999)  # the years 1 to 9999


def text_of(value: object) -> bytes:
    """The value as JSON text, which also says that it is JSON.

    Raises:
        PayloadInvalid: It has no JSON form, or a whole number of more than 64 bits.
    """
    try:
        return orjson.dumps(value)
    except TypeError as error:
        raise PayloadInvalid(f"The data cannot be stored as JSON: {error}") from error


def to_bson(text: bytes) -> Any:
    """What a text of `text_of` is kept as."""
    return _outward(orjson.loads(text))


def from_bson(value: Any) -> Any:
    """JSON again; also of what only others write: dates become ISO texts, other types their text."""
    if isinstance(value, dict):
        return {_name_back(name): from_bson(part) for name, part in value.items()}
    if isinstance(value, list):
        return [from_bson(part) for part in value]
    if value is None or type(value) in (str, bool, int, float):
        return value
    return _scalar_back(value)


def json_object(value: Any) -> Json:
    """The JSON object in a field, {} if there is none."""
    found: Json = from_bson(value) if isinstance(value, dict) else {}
    return found


def date(at: Millis) -> DatetimeMS:
    """A moment as BSON's date, at most the year 9999."""
    return DatetimeMS(min(max(at, _DATES[0]), _DATES[1]))


def iso(at: Millis) -> str:
    """`2026-01-31T09:30:00.000Z`, as the original writes moments into the history."""
    second = datetime.fromtimestamp(at // 1000, UTC)
    return f"{second:%Y-%m-%dT%H:%M:%S}.{at % 1000:03d}Z"


def millis(written: Any) -> Millis | None:
    """The moment in an ISO text, a date or a number of milliseconds; None if it is none."""
    if isinstance(written, str):
        return _from_text(written)
    if isinstance(written, (DatetimeMS, int, float)) and not isinstance(written, bool):
        return int(written)
    return None


def _from_text(written: str) -> Millis | None:
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return round(moment.timestamp() * 1000)


def _outward(value: Any) -> Any:
    if isinstance(value, dict):
        return {_ODD.sub(_mark, name): _outward(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_outward(part) for part in value]
    if type(value) is int and value > _LARGEST:
        return Decimal128(str(value))
    return value


def _mark(odd: re.Match[str]) -> str:
    return MARK + _MARKED[odd[0]]


def _name_back(name: str) -> str:
    return _WRITTEN.sub(lambda written: _MEANT[written[1]], name) if MARK in name else name


def _scalar_back(value: Any) -> Any:
    if isinstance(value, Int64):
        return int(value)
    if isinstance(value, Decimal128):
        number = value.to_decimal()
        whole = number.is_finite() and number == number.to_integral_value()
        return int(number) if whole else float(number)
    if isinstance(value, DatetimeMS):
        return iso(int(value))
    return str(value)
