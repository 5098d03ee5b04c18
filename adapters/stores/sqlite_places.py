"""The numbers that stand in sagas' rows for machine, version, state and business state.

There are few places and they never change, so all are kept in memory. One index on the number answers
every list and count by them, and a step that changes all of them writes one integer.
"""

# ruff: noqa: S608 - statements are made of constants of these modules; every value is bound

from __future__ import annotations

import apsw

from adapters.stores.sqlite_rows import Place
from engine.model import Query

_COLUMNS = (
    "machine, machine_version, state, is_final, business_state, business_state_id, business_state_description"
)


class Places:
    """Every place in the database. Only grows, so it may be read from any thread."""

    def __init__(self, db: apsw.Connection) -> None:
        self._by_number: dict[int, Place] = {}
        self._numbers: dict[Place, int] = {}
        for number, machine, version, state, is_final, *business in db.execute(
            f"SELECT place, {_COLUMNS} FROM places"
        ):
            self.learn(Place(machine, version, state, bool(is_final), *business), number)

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
        wanted = (query.machine, query.machine_version, query.state, query.is_final, query.business_state)
        if wanted == (None,) * len(wanted):
            return None
        return [
            number
            for number, place in tuple(self._by_number.items())
            if all(value is None or value == actual for value, actual in zip(wanted, place, strict=False))
        ]


def insert_place(db: apsw.Connection, place: Place) -> int:
    """The number of the place, a new one if it has none."""
    db.execute(f"INSERT INTO places ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", place)
    number: int = db.execute(
        f"SELECT place FROM places WHERE ({_COLUMNS}) = (?, ?, ?, ?, ?, ?, ?)", place
    ).get
    return number
