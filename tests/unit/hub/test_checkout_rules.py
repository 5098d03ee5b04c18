from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from adapters.stores.memory import MemoryStore
from engine.errors import ActionNotPossible, ConfigInvalid, PayloadInvalid, RecordExists
from engine.model import Json
from hub import checkout_legacy as edits
from hub.checkout_rule_book import RuleBook
from hub.checkout_rule_file import rules_in_file
from hub.checkout_rules import Rule, explain, first_match, read_rule
from tests.fakes.clock import FakeClock

OFFERS = {"stripe": frozenset({"credit-cards", "pay-pal"}), "scalapay": frozenset({"scalapay"})}
CARDS = [{"provider": "stripe", "paymentMethod": "credit-cards"}]
SCALAPAY = [{"provider": "scalapay", "paymentMethod": "scalapay"}]


def rule(rule_id: str = "r", priority: int = 1, rules: list[Json] | None = None, **more: Any) -> Json:
    return {"ruleId": rule_id, "priority": priority, "rules": rules or [], "response": CARDS, **more}


def over(amount: int) -> list[Json]:
    return [{"key": "/amount", "operator": "greater_than", "value": amount}]


def read(*written: Json) -> list[Rule]:
    return [read_rule(one, OFFERS) for one in written]


def test_the_lowest_priority_number_is_asked_first_and_the_first_match_wins() -> None:
    rules = read(rule("b", 2), rule("a", 1, over(1000)), rule("c", 3))
    assert [
        (match := first_match(rules, "paymentMethods", {"amount": n})) and match.rule_id for n in (5, 5000)
    ] == [
        "b",
        "a",
    ]


def test_the_default_is_asked_last_whatever_its_priority() -> None:
    rules = read(rule("default", -5), rule("a", 1, over(1000)))
    for amount, expected in ((5, "default"), (5000, "a")):
        match = first_match(rules, "paymentMethods", {"amount": amount})
        assert match is not None
        assert match.rule_id == expected


def test_rules_of_one_priority_are_always_asked_in_the_same_order() -> None:
    one, two = read(rule("x"), rule("a"))
    for rules in ([one, two], [two, one]):
        match = first_match(rules, "paymentMethods", {})
        assert match is not None
        assert match.rule_id == "a"


def test_rules_of_another_type_are_not_asked_and_may_answer_anything() -> None:
    [bank] = read(rule("bank", type="banks", response={"anything": 1}))
    assert first_match([bank], "paymentMethods", {}) is None
    assert first_match([bank], "banks", {}) is bank


def test_a_rule_that_offers_nothing_is_passed_over() -> None:
    rules = read(rule("a", 1, response=[]), rule("b", 2))
    match = first_match(rules, "paymentMethods", {})
    assert match is not None
    assert match.rule_id == "b"


def test_the_explanation_tells_of_each_rule_what_became_of_it() -> None:
    rules = read(rule("a", 1, over(1000)), rule("n", 2, response=[]), rule("b", 3), rule("c", 4))
    looked = explain(rules, "paymentMethods", {"amount": 5})
    assert [(one.rule.rule_id, one.outcome) for one in looked] == [
        ("a", "failed"),
        ("n", "offers nothing"),
        ("b", "matched"),
        ("c", "not asked"),
    ]
    assert looked[0].conditions[0].found == (5,)


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ([], "a rule is an object"),
        ({}, "/ruleId: is missing"),
        (rule(priority="1"), "/priority"),  # type: ignore[arg-type]
        (rule(priority=True), "/priority"),
        (rule(more=1), "/more: is unknown"),
        (rule(rules=[{"key": "/a"}]), "/rules/0"),
        (rule(rules="x"), "/rules"),  # type: ignore[arg-type]
        (rule("default", rules=over(1)), "default"),
        (rule(response="x"), "/response"),
        (
            rule(response=[{"provider": "nobody", "paymentMethod": "x"}]),
            "/response/0: the provider is not enabled",
        ),
        (rule(response=[{"provider": "scalapay", "paymentMethod": "pay-pal"}]), "does not take"),
        (rule(response=[*CARDS, *CARDS]), "twice"),
        (rule(response=[*CARDS, 5]), "/response/1"),
    ],
    ids=str,
)
def test_a_rule_that_does_not_fit_is_refused_with_its_place(written: Any, problem: str) -> None:
    with pytest.raises(PayloadInvalid) as caught:
        read_rule(written, OFFERS)
    assert any(problem in one for one in caught.value.problems), caught.value.problems


Body = Callable[[RuleBook, FakeClock], Awaitable[None]]


def on_a_book(body: Body, *fixed: Rule) -> None:
    async def run() -> None:
        clock = FakeClock()
        await body(RuleBook(MemoryStore().records, clock, offers=OFFERS, fixed=fixed), clock)

    asyncio.run(run())


def test_a_book_adds_changes_and_forgets_rules() -> None:
    async def body(book: RuleBook, clock: FakeClock) -> None:
        await book.add(rule("a", 1, over(1000)))
        await book.add(rule("default", 9))
        with pytest.raises(RecordExists):
            await book.add(rule("a"))
        assert (match := await book.check("paymentMethods", {"amount": 5000}))
        assert match.rule_id == "a"
        changed = await book.change("a", {"response": SCALAPAY})
        assert changed is not None
        assert changed.rule.response == SCALAPAY
        assert (match := await book.check("paymentMethods", {"amount": 5000}))
        assert match.response == SCALAPAY, "a change is seen at once"
        with pytest.raises(PayloadInvalid):
            await book.change("a", {"ruleId": "b"})
        assert await book.change("nobody", {"priority": 2}) is None
        assert await book.remove("a")
        assert not await book.remove("a")
        assert (match := await book.check("paymentMethods", {"amount": 5000}))
        assert match.rule_id == "default"

    on_a_book(body)


def test_a_change_by_another_daemon_is_seen_after_five_seconds() -> None:
    async def run() -> None:
        records, clock = MemoryStore().records, FakeClock()
        here, there = (RuleBook(records, clock, offers=OFFERS) for _ in range(2))
        await here.add(rule("a"))
        assert await there.check("paymentMethods", {})
        await here.remove("a")
        clock.advance(4_999)
        assert await there.check("paymentMethods", {}), "believed for a while"
        clock.advance(1)
        assert await there.check("paymentMethods", {}) is None

    asyncio.run(run())


def test_rules_of_the_file_are_changed_in_the_file_only() -> None:
    async def body(book: RuleBook, clock: FakeClock) -> None:
        assert await book.check("paymentMethods", {})
        for act in (book.change("fixed", {"priority": 2}), book.remove("fixed")):
            with pytest.raises(ActionNotPossible):
                await act
        with pytest.raises(RecordExists):
            await book.add(rule("fixed"))

    on_a_book(body, *read(rule("fixed")))


def test_methods_of_a_provider_that_is_no_longer_enabled_are_not_offered() -> None:
    async def run() -> None:
        records, clock = MemoryStore().records, FakeClock()
        await RuleBook(records, clock, offers=OFFERS).add(rule("a", response=[*CARDS, *SCALAPAY]))
        later = RuleBook(records, clock, offers={"stripe": OFFERS["stripe"]})
        assert (match := await later.check("paymentMethods", {}))
        assert match.response == CARDS

    asyncio.run(run())


def test_five_hundred_rules_and_more_are_all_in_force() -> None:
    async def body(book: RuleBook, clock: FakeClock) -> None:
        for number in range(510):
            await book.add(rule(f"r{number}", number, over(10**6)))
        assert len(await book.rules()) == 510

    on_a_book(body)


def test_a_file_of_rules_is_read(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(
        "rules:\n- {ruleId: default, priority: 9, response: [{provider: stripe, paymentMethod: pay-pal}]}\n"
    )
    [only] = rules_in_file(path, OFFERS)
    assert only.rule_id == "default"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("rules:\n- {ruleId: a, priority: x, response: []}\n", 2),
        ("rules:\n- {ruleId: a, priority: 1, response: []}\n- {ruleId: a, priority: 1, response: []}\n", 3),
        ("rules: 5\n", 1),
        ("other: []\n", 1),
    ],
)
def test_what_is_wrong_in_a_file_of_rules_is_told_with_its_line(tmp_path: Path, text: str, line: int) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(text)
    with pytest.raises(ConfigInvalid) as caught:
        rules_in_file(path, OFFERS)
    assert [finding.line for finding in caught.value.findings] == [line]


@pytest.mark.parametrize("content", [None, b"\xff", b"a: [", b"a: \x00"])
def test_a_file_that_cannot_be_read_is_told(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "rules.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigInvalid, match=r"rules\.yaml"):
        rules_in_file(path, OFFERS)


def test_the_old_pages_edits_make_a_rule_of_today() -> None:
    [made] = read(rule("a", response=[]))

    def edit(changes: Json) -> None:
        nonlocal made
        made = read_rule({**made.document(), **changes}, OFFERS)

    edit(edits.with_method(made, CARDS[0]))
    edit(edits.with_method(made, SCALAPAY[0]))
    edit(edits.with_values(made, "Channel", "web,app"))
    edit(edits.with_amount(made, "EUR", 100, 5000))
    edit(edits.with_amount(made, "EUR", 100, None))
    assert made.document()["rules"] == [
        {"key": "/additionalData/channel", "operator": "in", "value": ["web", "app"]},
        {"key": "/currency", "operator": "equals", "value": "EUR"},
        {"key": "/amount", "operator": "greater_or_equal_than", "value": 100},
    ]
    assert made.response == [*CARDS, *SCALAPAY]
    edit(edits.without_method(made, 0))
    edit(edits.without_values(made, "Channel"))
    edit(edits.without_amount(made))
    assert (made.response, made.conditions) == (SCALAPAY, ())
    with pytest.raises(PayloadInvalid):
        edits.without_method(made, 1)
