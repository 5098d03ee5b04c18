"""The text of an expression or template to functions. The only home of Jinja2.

Jinja2 parses; each node is held against an allow-list and becomes a closure over
`engine.definition.operations`. No Python code is generated and nothing of Jinja2 runs later.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from jinja2 import StrictUndefined, TemplateError, nodes
from jinja2.parser import Parser
from jinja2.sandbox import SandboxedEnvironment

from engine.definition import operations as ops
from engine.definition.faults import Undefined
from engine.definition.paths import (
    MAX_SOURCE,
    NAMES,
    Compiled,
    DottedPath,
    Evaluate,
    getter,
    only_path,
    only_paths,
)
from engine.definition.scalars import MAX_INTEGER
from engine.definition.suggestions import did_you_mean

MAX_DEPTH = 40
"""Levels of a syntax tree: evaluation recurses, and must never meet Python's own limit."""

_ENVIRONMENT = SandboxedEnvironment(
    undefined=StrictUndefined,
    keep_trailing_newline=True,
    block_start_string="\ue000%",
    block_end_string="%\ue000",
    comment_start_string="\ue000#",
    comment_end_string="#\ue000",
)
_BINARY: dict[type[nodes.BinExpr], ops.Operation] = {
    nodes.Add: ops.ADD,
    nodes.Sub: ops.SUBTRACT,
    nodes.Mul: ops.MULTIPLY,
    nodes.Div: ops.DIVIDE,
    nodes.FloorDiv: ops.DIVIDE_DOWN,
    nodes.Mod: ops.REMAINDER,
}
_REFUSED: dict[type[nodes.Node], str] = {
    nodes.Call: "calls are not part of the language; use a filter, e.g. metadata.items | length",
    nodes.Pow: "** is not part of the language",
    nodes.Slice: "slices are not part of the language",
}


class BadExpression(Exception):
    """The text is no expression of the language."""

    def __init__(self, message: str, fix: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix


@lru_cache(maxsize=4096)
def compile_source(source: str) -> Compiled:
    """An expression without braces.

    Raises:
        BadExpression
    """
    plain = only_path(source)
    if plain is not None:
        return plain
    if len(source) > MAX_SOURCE:
        raise BadExpression(f"it is longer than {MAX_SOURCE:,} characters", "compute less in one place")
    tree = _guarded(lambda: _parse_expression(source))
    return _compile_guarded(tree)


@lru_cache(maxsize=4096)
def compile_text(source: str) -> tuple[str | Compiled, ...]:
    """Text with "{{ ... }}" in it: its literal parts and its expressions, in order.

    Raises:
        BadExpression
    """
    plain = only_paths(source)
    if plain is not None:
        return plain
    if len(source) > ops.MAX_TEXT:
        raise BadExpression(f"the text is longer than {ops.MAX_TEXT:,} characters")
    if "{%" in source:
        raise BadExpression("{% is not part of the language", "only {{ expression }} is known in text")
    tree = _guarded(lambda: _ENVIRONMENT.parse(source))
    parts: list[str | Compiled] = []
    for output in tree.body:
        for part in output.nodes if isinstance(output, nodes.Output) else ():
            data = part.data if isinstance(part, nodes.TemplateData) else None
            parts.append(_compile_guarded(part) if data is None else data)
    return tuple(parts)


def _compile_guarded(tree: nodes.Expr) -> Compiled:
    compiled: Compiled = _guarded(lambda: _compiled(tree))
    return compiled


def _guarded(work: Callable[[], Any]) -> Any:
    try:
        return work()
    except TemplateError as error:
        raise BadExpression(_sentence(error)) from None
    except RecursionError:
        raise BadExpression("it is nested too deep") from None
    except (ValueError, OverflowError):
        raise BadExpression("it holds a number or text that cannot be kept") from None


def _sentence(error: TemplateError) -> str:
    return f"it cannot be read: {(error.message or 'it breaks off').rstrip('.')}"


def _parse_expression(source: str) -> nodes.Expr:
    if source.lstrip().startswith("{{"):
        raise BadExpression("an expression is written without braces here", "remove {{ and }}")
    parser = Parser(_ENVIRONMENT, source, state="variable")
    tree = parser.parse_expression()
    if not parser.stream.eos:
        raise BadExpression(f"it cannot be read after {parser.stream.current.value!s:.40}")
    return tree


def _compiled(tree: nodes.Expr) -> Compiled:
    compiler = _Compiler()
    evaluate = compiler.compile(tree, 0)
    return Compiled(evaluate, frozenset(compiler.reads))


class _Compiler:
    """Turns one syntax tree into closures and notes what it reads."""

    def __init__(self) -> None:
        self.reads: set[DottedPath] = set()

    def compile(self, node: nodes.Node, depth: int) -> Evaluate:
        if depth > MAX_DEPTH:
            raise BadExpression("it is nested too deep", "compute less in one place")
        handler = _HANDLERS.get(type(node))
        if handler is None:
            reason = _REFUSED.get(type(node), f"{type(node).__name__.lower()} is not part of the language")
            raise BadExpression(reason)
        return handler(self, node, depth + 1)

    def constant(self, node: nodes.Const, _depth: int) -> Evaluate:
        value = node.value
        if isinstance(value, int) and abs(value) > MAX_INTEGER:
            raise BadExpression("it holds a number that does not fit in 64 bits")
        if isinstance(value, (complex, bytes)) or (isinstance(value, float) and value == float("inf")):
            raise BadExpression("it holds a number that is too large")
        if isinstance(value, str):
            value.encode()
        return lambda names: value

    def path(self, node: nodes.Node, depth: int) -> Evaluate:
        """A name, and what is read of it by dots and brackets."""
        steps: list[nodes.Node] = []
        while isinstance(node, (nodes.Getattr, nodes.Getitem)):
            steps.append(node)
            node = node.node
        if not isinstance(node, nodes.Name):
            return self.parts(self.compile(node, depth), steps, depth)
        if node.name not in NAMES:
            fix = did_you_mean(node.name, NAMES) or f"known names are {', '.join(NAMES)}"
            raise BadExpression(f"there is no name {node.name[:60]}", fix)
        fixed: list[str] = [node.name]
        while steps and (key := _fixed_key(steps[-1])) is not None:
            fixed.append(key)
            steps.pop()
        self.reads.add(tuple(fixed))
        return self.parts(getter(tuple(fixed)), steps, depth)

    def parts(self, evaluate: Evaluate, steps: list[nodes.Node], depth: int) -> Evaluate:
        for level, step in enumerate(reversed(steps), start=depth):
            evaluate = self.part(evaluate, step, level)
        return evaluate

    def part(self, holder: Evaluate, step: nodes.Node, depth: int) -> Evaluate:
        fixed = _fixed_key(step)
        if fixed is not None:
            return lambda names: ops.read(holder(names), fixed, fixed)
        assert isinstance(step, nodes.Getitem)
        key = self.compile(step.arg, depth + 1)
        return lambda names: ops.read(holder(names), key(names), "the part in brackets")

    def comparison(self, node: nodes.Compare, depth: int) -> Evaluate:
        first = self.compile(node.expr, depth)
        rest = [(ops.COMPARISONS[each.op], self.compile(each.expr, depth)) for each in node.ops]
        if len(rest) == 1:
            compare, second = rest[0]
            return lambda names: compare(first(names), second(names))
        return lambda names: _chain(names, first, rest)

    def both(self, node: nodes.And, depth: int) -> Evaluate:
        left, right = self.compile(node.left, depth), self.compile(node.right, depth)
        return lambda names: left(names) and right(names)

    def either(self, node: nodes.Or, depth: int) -> Evaluate:
        left, right = self.compile(node.left, depth), self.compile(node.right, depth)
        return lambda names: left(names) or right(names)

    def negation(self, node: nodes.Not, depth: int) -> Evaluate:
        operand = self.compile(node.node, depth)
        return lambda names: not operand(names)

    def binary(self, node: nodes.BinExpr, depth: int) -> Evaluate:
        calculate = _BINARY[type(node)]
        left, right = self.compile(node.left, depth), self.compile(node.right, depth)
        return lambda names: calculate(left(names), right(names))

    def unary(self, node: nodes.UnaryExpr, depth: int) -> Evaluate:
        calculate = ops.negative if isinstance(node, nodes.Neg) else ops.positive
        operand = self.compile(node.node, depth)
        return lambda names: calculate(operand(names))

    def concatenation(self, node: nodes.Concat, depth: int) -> Evaluate:
        parts = [self.compile(part, depth) for part in node.nodes]
        return lambda names: ops.joined([ops.text(part(names)) for part in parts])

    def choice(self, node: nodes.CondExpr, depth: int) -> Evaluate:
        if node.expr2 is None:
            raise BadExpression("`if` needs an `else`", "write: a if condition else b")
        condition = self.compile(node.test, depth)
        yes, no = self.compile(node.expr1, depth), self.compile(node.expr2, depth)
        return lambda names: yes(names) if condition(names) else no(names)

    def sequence(self, node: nodes.List | nodes.Tuple, depth: int) -> Evaluate:
        items = [self.compile(item, depth) for item in node.items]
        return lambda names: [item(names) for item in items]

    def mapping(self, node: nodes.Dict, depth: int) -> Evaluate:
        pairs = []
        for pair in node.items:
            if not (isinstance(pair.key, nodes.Const) and isinstance(pair.key.value, str)):
                raise BadExpression("keys of a mapping must be text in quotes")
            pairs.append((pair.key.value, self.compile(pair.value, depth)))
        return lambda names: {key: value(names) for key, value in pairs}

    def filtered(self, node: nodes.Filter, depth: int) -> Evaluate:
        if node.node is None or node.name not in ops.FILTERS:
            fix = did_you_mean(node.name, ops.FILTERS) or f"filters are {', '.join(sorted(ops.FILTERS))}"
            raise BadExpression(f"there is no filter {node.name[:60]}", fix)
        change, limit = ops.FILTERS[node.name]
        operand = self.compile(node.node, depth)
        arguments = self.arguments(node, limit, depth)
        if node.name in ("default", "d"):
            return _with_default(operand, arguments)
        return lambda names: change(operand(names), *[argument(names) for argument in arguments])

    def tested(self, node: nodes.Test, depth: int) -> Evaluate:
        operand = self.compile(node.node, depth)
        if node.name in ("defined", "undefined"):
            if not isinstance(node.node, (nodes.Name, nodes.Getattr, nodes.Getitem)):
                raise BadExpression(f"`is {node.name}` needs a name or a path before it")
            wanted = node.name == "defined"
            return lambda names: _is_defined(operand, names) is wanted
        if node.name not in ops.TESTS:
            known = (*ops.TESTS, "defined", "undefined")
            fix = did_you_mean(node.name, known) or f"tests are {', '.join(sorted(known))}"
            raise BadExpression(f"there is no test {node.name[:60]}", fix)
        holds, count = ops.TESTS[node.name]
        arguments = self.arguments(node, count, depth)
        if len(arguments) != count:
            raise BadExpression(f"`is {node.name}` needs a value after it")
        return lambda names: holds(operand(names), *[argument(names) for argument in arguments])

    def arguments(self, node: nodes.Filter | nodes.Test, limit: int, depth: int) -> list[Evaluate]:
        if node.kwargs or node.dyn_args or node.dyn_kwargs:
            raise BadExpression(f"{node.name} takes plain values only, no names with =")
        if len(node.args) > limit:
            raise BadExpression(f"{node.name} takes at most {limit} values in parentheses")
        return [self.compile(argument, depth) for argument in node.args]


_HANDLERS: dict[type[nodes.Node], Callable[[_Compiler, Any, int], Evaluate]] = {
    nodes.Const: _Compiler.constant,
    nodes.Name: _Compiler.path,
    nodes.Getattr: _Compiler.path,
    nodes.Getitem: _Compiler.path,
    nodes.Compare: _Compiler.comparison,
    nodes.And: _Compiler.both,
    nodes.Or: _Compiler.either,
    nodes.Not: _Compiler.negation,
    nodes.Neg: _Compiler.unary,
    nodes.Pos: _Compiler.unary,
    nodes.Concat: _Compiler.concatenation,
    nodes.CondExpr: _Compiler.choice,
    nodes.List: _Compiler.sequence,
    nodes.Tuple: _Compiler.sequence,
    nodes.Dict: _Compiler.mapping,
    nodes.Filter: _Compiler.filtered,
    nodes.Test: _Compiler.tested,
    **dict.fromkeys(_BINARY, _Compiler.binary),
}
"""The allow-list: what is not here is refused."""


def _fixed_key(step: nodes.Node) -> str | None:
    if isinstance(step, nodes.Getattr):
        if step.attr.startswith("_"):
            raise BadExpression(f"{step.attr[:60]} begins with _", 'a key like that is read with ["..."]')
        return step.attr
    assert isinstance(step, nodes.Getitem)
    key = step.arg.value if isinstance(step.arg, nodes.Const) else None
    return key if isinstance(key, str) else None


def _chain(names: Mapping[str, Any], first: Evaluate, rest: list[tuple[ops.Operation, Evaluate]]) -> bool:
    left = first(names)
    for compare, second in rest:
        right = second(names)
        if not compare(left, right):
            return False
        left = right
    return True


def _is_defined(operand: Evaluate, names: Mapping[str, Any]) -> bool:
    try:
        operand(names)
    except Undefined:
        return False
    return True


def _with_default(operand: Evaluate, arguments: list[Evaluate]) -> Evaluate:
    def value_or_default(names: Mapping[str, Any]) -> Any:
        given = [argument(names) for argument in arguments]
        try:
            value = operand(names)
        except Undefined:
            return given[0] if given else ""
        return ops.FILTERS["default"][0](value, *given)

    return value_or_default
