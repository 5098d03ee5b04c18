"""The sagas kept in memory are bounded, and the ones used last stay."""

from __future__ import annotations

from dataclasses import replace

from engine.hot import HotSagas
from engine.model import Saga
from tests.fakes.engine import machine_of
from tests.fakes.machines import ORDER, begun

PLAIN = begun(machine_of(ORDER), {"orderNumber": "n", "total": 1})


def _saga(saga_id: str) -> Saga:
    return replace(PLAIN, saga_id=saga_id)


def test_the_one_that_was_not_used_for_longest_goes() -> None:
    hot = HotSagas(2)
    hot.keep(_saga("a"))
    hot.keep(_saga("b"))
    hot.get("a")
    hot.keep(_saga("c"))
    assert [hot.get(id_) is not None for id_ in "abc"] == [True, False, True]


def test_a_newer_copy_takes_the_place_of_the_old_one() -> None:
    hot = HotSagas(2)
    hot.keep(_saga("a"))
    hot.keep(replace(_saga("a"), version=2))
    hot.keep(_saga("b"))
    kept = hot.get("a")
    assert kept is not None
    assert kept.version == 2


def test_forgetting_what_is_not_there_is_fine() -> None:
    hot = HotSagas(1)
    hot.forget("a")
    hot.keep(_saga("a"))
    hot.forget("a")
    assert hot.get("a") is None
