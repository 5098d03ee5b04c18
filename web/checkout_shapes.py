"""Bodies and answers of the checkout rules' API, today's and the original's."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, UnsetType, field

from web.requests import Body, Name, Query
from web.shapes import Shape

Priority = Annotated[int, Meta(ge=-(10**9), le=10**9, description="The lowest number is asked first")]
Index = Annotated[int, Meta(ge=0, le=10_000)]
Bound = Annotated[int, Meta(ge=0, le=99_999_999_999_999, description="Minor units")]


class NewRule(Body):
    """A checkout rule: all of `rules` must hold for `response` to be the answer."""

    rule_id: Name
    priority: Priority
    response: Any
    type: Name = "paymentMethods"
    rules: list[dict[str, Any]] = field(default_factory=list)


class RuleChanges(Body):
    """Fields of a checkout rule that are to be others."""

    rule_id: Name | UnsetType = UNSET
    priority: Priority | UnsetType = UNSET
    response: Any | UnsetType = UNSET
    type: Name | UnsetType = UNSET
    rules: list[dict[str, Any]] | UnsetType = UNSET


class Check(Body):
    """The data of a payment, to be held against the rules of a type."""

    data: dict[str, Any]
    type: Name = "paymentMethods"


class RuleQuery(Query):
    type: Name | None = None


class RuleCondition(Shape):
    """What must hold: a path into the data, an operator and a value."""

    key: str
    operator: str
    value: Any


class CheckoutRule(Shape):
    """A rule. `source` says where it is changed: over this API, or in the configuration's file."""

    rule_id: str
    priority: int
    type: str
    rules: list[RuleCondition]
    response: Any
    source: Literal["store", "file"]


class CheckoutRules(Shape):
    """Rules in the order in which they are asked, type by type."""

    items: list[CheckoutRule]


class RuleGone(Shape):
    rule_id: str


class HeldCondition(Shape):
    """A condition, whether it holds, and the values that are at its path."""

    key: str
    operator: str
    value: Any
    holds: bool
    found: list[Any]
    why: str


class HeldRule(Shape):
    """What became of a rule. One behind the rule that matched is not asked."""

    rule_id: str
    priority: int
    outcome: Literal["matched", "failed", "offers nothing", "not asked"]
    conditions: list[HeldCondition]


class RuleTest(Shape):
    """Which rule matches, what it answers, and why."""

    matched: str | None
    response: Any
    rules: list[HeldRule]


class LegacyRule(Body):
    """A rule of the old pages: made empty, then filled edit by edit."""

    rule_id: Name
    priority: Priority


class LegacyDetails(Body):
    """`id` is the rule's; its `ruleId` cannot become another one."""

    id: Name
    priority: Priority
    rule_id: Name | None = None


class LegacyMethod(Body):
    id: Name
    payment_method: Name
    provider: Name


class LegacyMethodAt(Body):
    id: Name
    payment_method: Name
    provider: Name
    index: Index


class LegacyMethodGone(Body):
    id: Name
    index: Index
    payment_method: str | None = None
    provider: str | None = None


class LegacyValues(Body):
    """`key` is Product Category, Channel, User Type or a path; `values` have commas between them."""

    id: Name
    key: Name
    values: Annotated[str, Meta(min_length=1, max_length=10_000)]


class LegacyValuesGone(Body):
    id: Name
    key: Name
    values: str | None = None


class LegacyAmount(Body):
    id: Name
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}(?![\\s\\S])")]
    min: Bound | None = None
    max: Bound | None = None


class LegacyAmountGone(Body):
    id: Name
    currency: str | None = None
    min: Bound | None = None
    max: Bound | None = None
