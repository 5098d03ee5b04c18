"""When a try is repeated."""

from __future__ import annotations

import pytest

from engine.retries import Policy
from tests.fakes.engine import machine_of
from tests.fakes.machines import ORDER, begun, first_step, owed, sample_machine

RETRY = "retry: {attempts: 9, delay: 1s, factor: 2, maxDelay: 10s, jitter: 0.2}"
POLLING = """
A: {businessState: OPEN, command: ask, poll: {command: look, every: 10s, factor: 3, maxEvery: 1m}, on: {seen: Z}}
Z: {businessState: SHUT, final: true}
"""
COMMANDS = f"commands: {{ask: {{channel: x, {RETRY}, replies: {{done: seen, failed: seen}}}}, look: {{channel: x, replies: {{done: seen}}}}}}"


def policy(name: str = "ask") -> Policy:
    """How the sample machine wants its command treated."""
    machine = sample_machine(POLLING, top=COMMANDS)
    (entry,) = [owed for owed in first_step(machine).added if owed.name == name]
    return Policy(machine=machine, entry=entry)


PLAIN = policy()


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


@pytest.mark.parametrize(("asked", "wait"), [(0, 10_000), (1, 30_000), (2, 60_000), (10_000, 60_000)])
def test_a_poll_asks_ever_more_slowly_up_to_its_limit(asked: int, wait: int) -> None:
    assert policy("look").poll_after(asked) == wait


def test_a_command_has_its_own_retry_and_replies() -> None:
    machine = machine_of(ORDER)
    saga = begun(machine, {"orderNumber": "n", "total": 1})
    policy = Policy(machine=machine, entry=owed(saga, "pay"))
    assert (policy.attempts, policy.delay_after(1, 0.0)) == (3, 1_000)
    assert policy.replies == {"done": "paid", "failed": "payFailed"}


def test_what_says_nothing_is_tried_five_times() -> None:
    machine = sample_machine(
        "A: {businessState: OPEN, sideEffects: [tell], on: {x: Z}}\nZ: {businessState: SHUT, final: true}",
        top="sideEffects: {tell: {channel: mail}}",
    )
    (entry,) = first_step(machine).added
    policy = Policy(machine=machine, entry=entry)
    assert (policy.attempts, policy.delay_after(1, 0.0), policy.replies) == (5, 1_000, {})
