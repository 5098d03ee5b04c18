"""The numbers that stand in sagas' rows for machine, version, state and business state.

There are few places and they never change, so all are kept in memory. One index on the number answers
every list and count by them, and a step that changes all of them writes one integer.
"""

# ruff: noqa: S608 - statements are made of constants of these modules; every value is bound

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import apsw

from adapters.stores.sqlite_rows import Place
from engine.model import Query

_COLUMNS = (
    "machine, machine_version, state, is_final, business_state, business_state_id, "
    "business_state_description, paused, late"
)
_VALUES = "(?, ?, ?, ?, ?, ?, ?, ?, ?)"


_ASKED = ("machine", "machine_version", "state", "is_final", "business_state", "paused", "late")
"""What a query asks of a place."""


class Places:
    """Every place in the database. Only grows, so it may be read from any thread."""

    def __init__(self, db: apsw.Connection) -> None:
        self._by_number: dict[int, Place] = {}
        self._numbers: dict[Place, int] = {}
        for number, *values in db.execute(f"SELECT place, {_COLUMNS} FROM places"):
            place = Place(*values)
            self.learn(place._replace(is_final=bool(place.is_final), paused=bool(place.paused)), number)

    def __getitem__(self, number: int) -> Place:
        return self._by_number[number]

    def number(self, place: Place) -> int | None:
        """None as long as nobody has inserted it."""
        return self._numbers.get(place)

    def learn(self, place: Place, number: int) -> None:
        self._by_number[number] = place
        self._numbers[place] = number

    def of_machine(self, machine: str | None) -> list[int]:
        return [n for n, place in tuple(self._by_number.items()) if machine in (None, place.machine)]

    def matching(self, query: Query) -> list[int] | None:
        """The places that the query allows; None if it allows all."""
        wanted = {name: value for name in _ASKED if (value := getattr(query, name)) is not None}
        if not wanted:
            return None
        return [number for number, place in tuple(self._by_number.items()) if _fits(place, wanted)]

    def amiss(self) -> dict[int, Place]:
        """The places of sagas that are paused or late and not final."""
        places = tuple(self._by_number.items())
        return {n: place for n, place in places if (place.paused or place.late) and not place.is_final}


def insert_place(db: apsw.Connection, place: Place) -> int:
    """The number of the place, a new one if it has none."""
    db.execute(f"INSERT INTO places ({_COLUMNS}) VALUES {_VALUES} ON CONFLICT DO NOTHING", place)
    number: int = db.execute(f"SELECT place FROM places WHERE ({_COLUMNS}) = {_VALUES}", place).get
    return number


def _fits(place: Place, wanted: Mapping[str, Any]) -> bool:
    return all(
        value == (bool(place.late) if name == "late" else getattr(place, name))
        for name, value in wanted.items()
    )
