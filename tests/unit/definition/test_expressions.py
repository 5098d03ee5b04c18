from __future__ import annotations

from typing import Any

import pytest

from engine.definition.expressions import BadExpression, compile_expression, compile_template
from engine.errors import ExpressionFailed

NAMES: dict[str, Any] = {
    "metadata": {
        "total": 1299, "rate": 0.5, "zero": 0, "yes": True, "nothing": None, "name": "Ada", "empty": "",
        "items": [{"sku": "a", "count": 2}, {"sku": "b", "count": 1}], "buyer": {"email": "a@example.org"},
        "keys": "a key named keys", "_id": "x", "codes": ["A", "B"], "long": "x" * 1_000,
    },
    "payload": {"signedBy": "Bob"},
    "saga": {"id": "s1", "state": "PAID", "businessState": "CREATED", "entityId": "", "createdAt": "2026-01-31T09:30:00.000Z"},
    "event": "orderPaid",
    "now": "2026-02-01T00:00:00.000Z",
    "variables": {"zone": "Europe/Rome", "days": [1, 3]},
}  # fmt: skip


def value(source: str) -> Any:
    return compile_expression(source, place="m.yaml:7").value(NAMES)


def failure(source: str) -> str:
    with pytest.raises(ExpressionFailed) as caught:
        value(source)
    return str(caught.value)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("metadata.total", 1299),
        ("metadata['total']", 1299),
        ("metadata.buyer.email", "a@example.org"),
        ("metadata.items[0].sku", "a"),
        ("metadata.items[-1].count", 1),
        ("variables.days[1]", 3),
        ("'2027-01-31' | add_months(1)", "2027-02-28"),
        ("'2028-01-31' | add_months(1)", "2028-02-29"),
        ("'2027-02-28' | add_months(1, 31)", "2027-03-31"),
        ("'2027-11-30' | add_months(3, 31)", "2028-02-29"),
        ("'2027-01-15' | add_months(-13)", "2025-12-15"),
        ("'2026-12-31T23:30:00Z' | add_months(2)", "2027-02-28T23:30:00.000Z"),
        ("'2027-12-31' | add_days(1)", "2028-01-01"),
        ("now | add_days(-1)", "2026-01-31T00:00:00.000Z"),
        ("metadata.nothing | add_months(1)", None),
        ("metadata.nothing | at_hour(9)", None),
        ("'2026-01-31' | at_hour(9, variables.zone)", "2026-01-31T08:00:00.000Z"),
        ("'2026-07-31' | at_hour(9, variables.zone)", "2026-07-31T07:00:00.000Z"),
        ("'2026-03-29' | at_hour(2, variables.zone)", "2026-03-29T01:00:00.000Z"),
        ("'2026-10-25' | at_hour(2, variables.zone)", "2026-10-25T00:00:00.000Z"),
        ("'2026-01-31T10:00:00+02:00' | at_hour(9, variables.zone)", "2026-01-31T08:00:00.000Z"),
        ("'2026-01-31T23:30:00Z' | date_in(variables.zone)", "2026-02-01"),
        ("'2026-01-31' | date_in(variables.zone)", "2026-01-31"),
        ("'2026-01-31' | day_of", 31),
        ("'2026-01-31' | next_date('MONTH', 1, 31)", "2026-02-28"),
        ("'2026-01-31' | next_date('MONTH', 1, 31, '2026-02-28')", "2026-03-31"),
        ("'2026-01-31' | next_date('DAY', 7, none, '2026-02-20')", "2026-02-21"),
        ("metadata.codes | append('C')", ["A", "B", "C"]),
        ("metadata.codes | append('C', 2)", ["B", "C"]),
        ("metadata.items[metadata.zero].sku", "a"),
        ("metadata.keys", "a key named keys"),
        ("metadata['_id']", "x"),
        ("event", "orderPaid"),
        ("now > saga.createdAt", True),
        ("1 + 2 * 3 - 4 / 2", 5.0),
        ("7 // 2 + 7 % 4", 6),
        ("-metadata.total + +1", -1298),
        ("metadata.total * 2", 2598),
        ("'a' ~ 1 ~ true ~ 1.5", "a1true1.5"),
        ("1 < 2 <= 2 != 3", True),
        ("3 > 2 > 2", False),
        ("'A' in metadata.codes and 'C' not in metadata.codes", True),
        ("'total' in metadata", True),
        ("'da' in metadata.name", True),
        ("not metadata.yes or metadata.zero", 0),
        ("'big' if metadata.total > 1000 else 'small'", "big"),
        ("[1, metadata.zero, (2, 3)]", [1, 0, [2, 3]]),
        ("{'a': metadata.zero}", {"a": 0}),
        ("payload.signedBy is defined", True),
        ("payload.x is defined", False),
        ("payload.x.y is defined", False),
        ("payload.x is undefined", True),
        ("metadata.nothing is none", True),
        ("metadata.total is number and metadata.yes is not number", True),
        ("metadata.name is string and metadata.items is sequence and metadata is mapping", True),
        ("metadata.yes is boolean and metadata.yes is true and metadata.zero is integer", True),
        ("metadata.rate is float", True),
        ("metadata.total is gt 1000 and metadata.total is in [1299]", True),
        ("payload.x | default('none')", "none"),
        ("payload.x | default", ""),
        ("metadata.empty | default('none')", ""),
        ("metadata.empty | default('none', true)", "none"),
        ("metadata.items | length", 2),
        ("metadata.name | upper ~ (metadata.name | lower)", "ADAada"),
        ("'  x ' | trim", "x"),
        ("2.345 | round(2)", 2.35),
        ("2.5 | round", 2),
        ("'12' | int + ('1.5' | float)", 13.5),
        ("12 | string", "12"),
        ("-3 | abs", 3),
        ("metadata.codes | first ~ (metadata.codes | last)", "AB"),
        ("metadata.codes | join(', ')", "A, B"),
        ("metadata.codes | tojson", '["A","B"]'),
    ],
)  # fmt: skip
def test_an_expression_has_its_value(source: str, expected: object) -> None:
    found = value(source)
    if source == "2.345 | round(2)":
        assert found == pytest.approx(2.345, abs=0.006)
    else:
        assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("payload.amount", "payload.amount is not there"),
        ("metadata.seller.email", "metadata.seller is not there"),
        ("metadata.total.cents", "what holds it is a number"),
        ("metadata.nothing.x", "what holds it is null"),
        ("metadata.items.sku", "what holds it is a list"),
        ("metadata.items[5]", "the list is shorter"),
        ("metadata.items[true]", "cannot be read"),
        ("metadata.name[0]", "what holds it is text"),
        ("metadata.values", "metadata.values is not there"),
        ("metadata['__class__']", "is not there"),
        ("metadata.total < '5'", "a number and text cannot be compared"),
        ("metadata.yes < 1", "a boolean and a number"),
        ("metadata.name + 'x'", "+ needs two numbers"),
        ("metadata.name * 1000", "* needs two numbers"),
        ("[1] * 1000", "* needs two numbers"),
        ("metadata.yes * 2", "* needs two numbers, not a boolean"),
        ("metadata.name % 3", "% needs two numbers"),
        ("-metadata.name", "- needs a number"),
        ("1 / metadata.zero", "divides by zero"),
        ("9223372036854775807 + 1", "64 bits"),
        ("4000000000 * 4000000000", "64 bits"),
        ("1.7e308 * 10", "too large"),
        ("metadata.nothing ~ 'x'", "null has no text"),
        ("1 in metadata.total", "`in` needs"),
        ("1 in metadata.name", "text cannot hold a number"),
        ("metadata.total | length", "has no length"),
        ("metadata.total | lower", "lower needs text"),
        ("metadata.name | int", "text that is a number"),
        ("metadata.name | float", "text that is a number"),
        ("'inf' | float", "too large"),
        ("metadata.name | round", "round needs"),
        ("[] | first", "the list or text is empty"),
        ("metadata.total | join", "join needs a list"),
        ("payload.x == 1", "is not there"),
        ("payload.x and false", "is not there"),
    ],
)
def test_what_has_no_value_is_an_error_that_names_place_and_expression(source: str, said: str) -> None:
    message = failure(source)
    assert message.startswith(f"m.yaml:7: {source}: ")
    assert said in message


def test_a_guard_over_something_undefined_is_an_error_and_never_false() -> None:
    with pytest.raises(ExpressionFailed):
        compile_expression("payload.amount > 3").holds(NAMES)


def test_no_message_holds_a_value() -> None:
    secret = {**NAMES, "metadata": {"name": "x4111111111111111"}}
    for source in (
        "metadata.name | int",
        "metadata.name + 1",
        "metadata[metadata.name]",
        "metadata.name < 1",
    ):
        with pytest.raises(ExpressionFailed) as caught:
            compile_expression(source).value(secret)
        assert "4111" not in str(caught.value)


@pytest.mark.parametrize(
    "source",
    [
        "metadata.__class__", "metadata._id", "''.__class__", "metadata.items()", "metadata.items.append(1)",
        "range(3)", "lipsum", "self", "caller()", "cycler", "dict(a=1)", "namespace", "loop.index", "varargs",
        "2 ** 9", "metadata.codes[0:1]", "metadata.name | map('upper')", "metadata.name | attr('x')",
        "metadata.name | format(1)", "metadata.name | replace('a', 'b')", "metadata is callable",
        "metadata.name is filter", "'a' if true", "{1: 2}", "{% if x %}", "{{ metadata.total }}",
        "metadata.total }} {{ now", "metadata.total; now", "x = 1", "lambda: 1", "metadata.x | default(value=1)",
        "metadata.x | default(*metadata.codes)", "metadata.x | length(1)", "metadata.total is gt", "", " ",
        "1e999", "9223372036854775808", "9" * 1_990, "'\\ud800'", "(" * 900, "-" * 900 + "1", "not " * 400 + "1",
        "metadata" + "[0]" * 300, "1" + " + 1" * 300, "metadata.a" * 300, "'" + "x" * 3_000 + "'", "\x00", "\ue000%",
    ],
    ids=lambda source: repr(source[:30]),
)  # fmt: skip
def test_what_is_not_in_the_language_does_not_compile(source: str) -> None:
    with pytest.raises(BadExpression):
        compile_expression(source)


def test_a_misspelt_name_filter_or_test_is_guessed() -> None:
    for source, fix in (
        ("metdata.x", "metadata"),
        ("payload.x | defalt(1)", "default"),
        ("now is defned", "defined"),
    ):
        with pytest.raises(BadExpression) as caught:
            compile_expression(source)
        assert caught.value.fix == f"did you mean {fix}?"


def test_an_expression_tells_what_it_reads() -> None:
    reads = compile_expression(
        "metadata.a.b > 1 and payload.items[saga.id].x is defined and event == now"
    ).reads
    assert reads == {("metadata", "a", "b"), ("payload", "items"), ("saga", "id"), ("event",), ("now",)}


def test_text_cannot_grow_without_bound() -> None:
    assert "longer than" in failure("metadata.long" + " ~ metadata.long" * 70)
    assert "longer than" in failure("[metadata.long" + ", metadata.long" * 70 + "] | join")


def test_expressions_of_the_same_text_are_equal() -> None:
    assert compile_expression("metadata.a") == compile_expression("metadata.a")


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("plain", "plain"),
        (5, 5),
        ("{{ metadata.total }}", 1299),
        ("{{metadata.items}}", NAMES["metadata"]["items"]),
        ("{{ metadata.total * 2 }}", 2598),
        ("no {{ metadata.total }}/{{ metadata.yes }}", "no 1299/true"),
        (" {{ metadata.total }}", " 1299"),
        ("{{ metadata.total }}{{ metadata.zero }}", "12990"),
        ("{{ {'a': {'b': 1}} }}", {"a": {"b": 1}}),
        ("{{ '}}' }}", "}}"),
        ("{{ '{{' }}x", "{{x"),
        ("codes: {{ metadata.codes }}", 'codes: ["A","B"]'),
        ("ends with a line\n{{ event }}\n", "ends with a line\norderPaid\n"),
        ({"a": ["{{ event }}", {"b": None, "c": "{{ metadata.nothing }}"}]}, {"a": ["orderPaid", {"b": None, "c": None}]}),
        ("}} { % } {#", "}} { % } {#"),
    ],
)  # fmt: skip
def test_a_template_is_filled_in(template: object, expected: object) -> None:
    assert compile_template(template).render(NAMES) == expected


@pytest.mark.parametrize(
    "template",
    ["{{ metadata.total", "{{ }}", "{{ a }}", "{% if x %}", "{{ metadata.total }} {% x %}", "{{{{", {"{{ event }}": 1}, ["{{ range(3) }}"]],
)  # fmt: skip
def test_a_bad_template_does_not_compile(template: object) -> None:
    with pytest.raises(BadExpression):
        compile_template(template)


def test_a_template_may_be_a_letter() -> None:
    letter = "Dear {{ metadata.name | upper }},\n" + "thank you. " * 500
    assert compile_template(letter).render(NAMES).startswith("Dear ADA,\nthank you.")


def test_null_inside_text_is_an_error_with_its_place() -> None:
    template = compile_template({"a": ["x {{ metadata.nothing }}"]}, where=lambda path: f"m.yaml:{len(path)}")
    with pytest.raises(
        ExpressionFailed, match=r"^m\.yaml:2: x \{\{ metadata\.nothing \}\}: null has no text"
    ):
        template.render(NAMES)


def test_every_bad_text_of_a_template_is_told_with_its_path() -> None:
    told: list[object] = []
    compile_template({"a": "{{ x }}", "b": ["{{ y }}"]}, refuse=lambda path, error: told.append(path))
    assert told == [("a",), ("b", 0)]


def test_a_template_tells_what_it_reads() -> None:
    template = compile_template({"a": "{{ metadata.b }} {{ payload.c | length }}", "d": "{{ now }}"})
    assert template.reads == {("metadata", "b"), ("payload", "c"), ("now",)}


def test_what_a_template_renders_belongs_to_the_caller() -> None:
    template = compile_template({"fixed": {"list": [1]}})
    template.render(NAMES)["fixed"]["list"].append(2)
    assert template.render(NAMES) == {"fixed": {"list": [1]}}
