"""When a try is repeated."""

from __future__ import annotations

import pytest

from engine.definition.ir import Retry
from engine.retries import DEFAULT, Policy, policy_of
from tests.fakes.engine import machine_of
from tests.fakes.machines import ORDER, begun, first_step, owed, sample_machine

PLAIN = Policy(retry=Retry(attempts=9, delay=1_000, factor=2, max_delay=10_000, jitter=0.2))


@pytest.mark.parametrize(
    ("attempts", "delay"), [(1, 1_000), (2, 2_000), (3, 4_000), (4, 8_000), (5, 10_000), (9, 10_000)]
)
def test_the_delay_grows_by_the_factor_up_to_its_limit(attempts: int, delay: int) -> None:
    assert PLAIN.delay_after(attempts, 0.0) == delay


@pytest.mark.parametrize(("jitter", "delay"), [(-1.0, 800), (0.5, 1_100), (0.99, 1_198)])
def test_jitter_spreads_the_delay_to_both_sides(jitter: float, delay: int) -> None:
    assert PLAIN.delay_after(1, jitter) == delay


def test_ten_thousand_tries_do_not_overflow() -> None:
    assert PLAIN.delay_after(10_000, 0.0) == 10_000


def test_a_factor_below_one_shortens_the_delay() -> None:
    assert Policy(retry=Retry(delay=1_000, factor=0.5)).delay_after(3, 0.0) == 250


def test_a_command_has_its_own_retry_and_replies() -> None:
    machine = machine_of(ORDER)
    saga = begun(machine, {"orderNumber": "n", "total": 1})
    policy = policy_of(machine.definition, owed(saga, "pay"))
    assert (policy.attempts, policy.retry.delay) == (3, 1_000)
    assert policy.replies == {"done": "paid", "failed": "payFailed"}


def test_what_says_nothing_is_tried_five_times() -> None:
    machine = sample_machine(
        "A: {businessState: OPEN, sideEffects: [tell], on: {x: Z}}\nZ: {businessState: SHUT, final: true}",
        top="sideEffects: {tell: {channel: mail}}",
    )
    (entry,) = first_step(machine).added
    policy = policy_of(machine.definition, entry)
    assert (policy.retry, policy.attempts, policy.replies) == (DEFAULT, 5, {})
