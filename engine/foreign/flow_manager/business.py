"""Business states and events: the Flow Manager knows ids and descriptions, a machine wants names too."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from engine.definition.tree import Path, shorten
from engine.foreign.flow_manager.remarks import Remarks
from engine.foreign.naming import Names, as_name, camel_name, upper_name

LARGEST_ID = 1_000_000_000
Plain = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Business:
    """One of the two sections.

    Attributes:
        names: The Flow Manager's id, as text -> the name.
        section: As it is written: name -> {id, description}.
    """

    names: Mapping[str, str]
    section: Mapping[str, Plain]


def business_states(parts: Sequence[Plain], remarks: Remarks) -> Business:
    """`businessStates`, names made from the descriptions where there are none."""
    return _section(parts, "businessStates", "BUSINESS_STATE_", upper_name, remarks)


def business_events(parts: Sequence[Plain], remarks: Remarks) -> Business:
    """`businessEvents`, names made from the descriptions where there are none."""
    return _section(parts, "businessEvents", "businessEvent", camel_name, remarks)


def _section(
    parts: Sequence[Plain], key: str, prefix: str, made: Callable[[str, str], str], remarks: Remarks
) -> Business:
    free = Names()
    ids = _ids(parts, ("machineDefinition", key), remarks)
    names: dict[str, str] = {}
    section: dict[str, Plain] = {}
    for part, number in zip(parts, ids, strict=True):
        description = part.get("description", "")
        fallback = f"{prefix}{number}"
        wanted = as_name(part["name"], fallback) if part.get("name") else made(description, fallback)
        name = free.take(wanted, apart=str(number))
        names[str(part["id"])] = name
        section[name] = {"id": number} | ({"description": description} if description else {})
    return Business(names=names, section=section)


def _ids(parts: Sequence[Plain], path: Path, remarks: Remarks) -> list[int]:
    """A whole number for each: its own, or the next that is free."""
    own = [_number(part["id"]) for part in parts]
    taken = {number for number in own if number is not None}
    ids: list[int] = []
    given: set[int] = set()
    for index, (part, number) in enumerate(zip(parts, own, strict=True)):
        chosen = _free(taken) if number is None or number in given else number
        given.add(chosen)
        taken.add(chosen)
        ids.append(chosen)
        if chosen != part["id"] or isinstance(part["id"], str):
            message = f"the id {shorten(str(part['id']))} is not a whole number from 0; here it is the number {chosen}"
            fix = "what reads businessStateId or businessEventId must know the number"
            remarks.add("id-changed", (*path, index, "id"), message, fix=fix)
    return ids


def _number(written: object) -> int | None:
    if isinstance(written, str):
        return int(written) if written.isascii() and written.isdecimal() and len(written) < 10 else None
    if isinstance(written, int | float) and 0 <= written <= LARGEST_ID:
        return int(written)
    return None


def _free(taken: set[int]) -> int:
    return next(number for number in count(len(taken)) if number not in taken)
