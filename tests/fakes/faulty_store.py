"""Faults at the store's door: a wrapper that lets a test act before and after every call.

The product knows nothing of it. Without a fault it is the store it wraps, and passes its suite.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, cast

from engine.errors import StoreUnavailable
from engine.ports import Store
from engine.records import Records
from tests.fakes.waiting import turn

When = Literal["before", "after"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call on its way in or out: `number` counts the store's calls, `of_method` this method's; from 1."""

    method: str
    number: int
    of_method: int
    when: When


Fault = Callable[[Call], None]
"""What happens at a call. Raising StoreUnavailable `before` means not written, `after` written but not told."""


class FaultyStore:
    """Passes every call on to `inner`, with `fault` before it and after it.

    `unhurried`: other tasks have their turn before and after every call, as with a store that does I/O.
    """

    def __init__(self, inner: Store, fault: Fault, *, unhurried: bool = False) -> None:
        self._inner = inner
        self._fault = fault
        self._unhurried = unhurried
        self.calls = 0
        self.by_method: Counter[str] = Counter()

    @property
    def records(self) -> Records:
        return cast(Records, _Faulty(self, self._inner.records))

    def __getattr__(self, method: str) -> Callable[..., Any]:
        return self.calling(method, getattr(self._inner, method))

    def calling(self, method: str, inner: Callable[..., Any]) -> Callable[..., Any]:
        """`inner` with the fault before and after it, counted as `method`."""

        async def call(*args: object, **named: object) -> object:
            self.calls += 1
            self.by_method[method] += 1
            number, of_method = self.calls, self.by_method[method]
            self._fault(Call(method=method, number=number, of_method=of_method, when="before"))
            await self._pause()
            answer = await inner(*args, **named)
            await self._pause()
            self._fault(Call(method=method, number=number, of_method=of_method, when="after"))
            return answer

        return call

    async def _pause(self) -> None:
        if self._unhurried:
            await turn()


class _Faulty:
    """The store's records, whose calls have the store's faults; counted as "records.insert" and so on."""

    def __init__(self, store: FaultyStore, inner: Records) -> None:
        self._store = store
        self._inner = inner

    def __getattr__(self, method: str) -> Callable[..., Any]:
        return self._store.calling(f"records.{method}", getattr(self._inner, method))


def faulty(inner: Store, fault: Fault) -> Store:
    """`inner` behind a FaultyStore, typed as the port: every method of it is there by `__getattr__`."""
    return cast(Store, FaultyStore(inner, fault))


def watched(inner: Store) -> tuple[Store, Counter[str]]:
    """`inner`, unhurried, and how often each method was called."""
    store = FaultyStore(inner, lambda _: None, unhurried=True)
    return cast(Store, store), store.by_method


def fail(method: str, when: When, *, of_method: int = 1) -> Fault:
    """StoreUnavailable at the n-th call of `method`, once."""

    def fault(call: Call) -> None:
        if (call.method, call.when, call.of_method) == (method, when, of_method):
            raise StoreUnavailable(f"{method} failed {when} call {of_method}, as the test asked")

    return fault


class Crash:
    """Dead from the n-th call on: that call is done (`after`) or not (`before`), and no answer ever comes.

    Counts calls of one life; `happened` says whether it got so far.
    """

    def __init__(self, number: int, when: When) -> None:
        self._number = number
        self._when = when
        self.happened = False
        self.method: str | None = None

    def __call__(self, call: Call) -> None:
        if not self.happened and (call.number, call.when) == (self._number, self._when):
            self.happened, self.method = True, call.method
        if self.happened:
            raise StoreUnavailable(f"the process is dead since call {self._number}")
