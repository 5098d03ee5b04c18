"""Expressions and templates of a machine: checked and compiled once, evaluated for every event.

The syntax is Jinja2's (see `syntax`); what evaluation may do is in `operations`. Pure: the same
names always give the same value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.definition import operations as ops
from engine.definition.faults import EvaluationFailed
from engine.definition.paths import Compiled, DottedPath, Evaluate
from engine.definition.syntax import BadExpression, compile_source, compile_text
from engine.errors import ExpressionFailed

__all__ = ["BadExpression", "Expression", "Names", "Template", "compile_expression", "compile_template"]

Names = Mapping[str, Any]
"""metadata, payload, saga, event, now, variables: what an expression may speak of."""

Where = Callable[[tuple[str | int, ...]], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """A compiled expression.

    Attributes:
        source: As the author wrote it, without braces.
        place: file:line, for messages.
        reads: The dotted paths that it reads, e.g. {("metadata", "total")}.
    """

    source: str
    place: str = ""
    reads: frozenset[DottedPath] = frozenset()
    evaluate: Evaluate = field(repr=False, compare=False)

    def value(self, names: Names) -> Any:
        """Raises ExpressionFailed: an undefined name, a type error; never quietly false."""
        try:
            return self.evaluate(names)
        except (
            EvaluationFailed,
            ArithmeticError,
            LookupError,
            TypeError,
            ValueError,
            RecursionError,
        ) as error:
            raise _failed(error, self.place, self.source) from None

    def holds(self, names: Names) -> bool:
        """The value as a guard: its truth. Raises ExpressionFailed."""
        return bool(self.value(names))


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A JSON value with "{{ ... }}" in it, at any depth.

    Attributes:
        source: The value as the author wrote it.
        reads: The dotted paths that its expressions read.
    """

    source: Any
    reads: frozenset[DottedPath] = frozenset()
    build: Callable[[Names], Any] = field(repr=False, compare=False)

    def render(self, names: Names) -> Any:
        """A new value, filled in; a whole-string "{{ expr }}" keeps the type. Raises ExpressionFailed."""
        return self.build(names)


def compile_expression(source: str, *, place: str = "") -> Expression:
    """An expression without braces, as in `if` and `keys`.

    Raises:
        BadExpression: It does not parse, or uses what the language does not have.
    """
    compiled = compile_source(source)
    return Expression(source=source, place=place, reads=compiled.reads, evaluate=compiled.evaluate)


def compile_template(
    value: Any,
    *,
    where: Where = lambda path: "",
    refuse: Callable[[tuple[str | int, ...], BadExpression], None] | None = None,
) -> Template:
    """A payload or the value of a `set` line.

    Args:
        where: The file:line of the part at a path, for messages at run time.
        refuse: Told each text that does not compile; without it the first one is raised.

    Raises:
        BadExpression: A text does not parse, or uses what the language does not have.
    """
    compiler = _TemplateCompiler(where, refuse)
    build = compiler.compile(value, ())
    return Template(source=value, reads=frozenset(compiler.reads), build=build)


class _TemplateCompiler:
    def __init__(
        self, where: Where, refuse: Callable[[tuple[str | int, ...], BadExpression], None] | None
    ) -> None:
        self.where = where
        self.refuse = refuse
        self.reads: set[DottedPath] = set()

    def compile(self, value: Any, path: tuple[str | int, ...]) -> Callable[[Names], Any]:
        if isinstance(value, dict):
            return self.mapping(value, path)
        if isinstance(value, list):
            items = [self.compile(item, (*path, index)) for index, item in enumerate(value)]
            return lambda names: [item(names) for item in items]
        if isinstance(value, str) and ("{{" in value or "{%" in value):
            return self.text(value, path)
        return lambda names: value

    def mapping(self, value: dict[str, Any], path: tuple[str | int, ...]) -> Callable[[Names], Any]:
        for key in value:
            if "{{" in key:
                self.refused((*path, key), BadExpression("keys of a payload cannot be templates"))
        pairs = [(key, self.compile(part, (*path, key))) for key, part in value.items()]
        return lambda names: {key: part(names) for key, part in pairs}

    def text(self, source: str, path: tuple[str | int, ...]) -> Callable[[Names], Any]:
        try:
            parts = compile_text(source)
        except BadExpression as error:
            self.refused(path, error)
            return lambda names: None
        for part in parts:
            if isinstance(part, Compiled):
                self.reads |= part.reads
        return _filled(parts, source, self.where(path))

    def refused(self, path: tuple[str | int, ...], error: BadExpression) -> None:
        if self.refuse is None:
            raise error
        self.refuse(path, error)


def _filled(parts: tuple[str | Compiled, ...], source: str, place: str) -> Callable[[Names], Any]:
    """The value of one expression that is the whole text, else text put together."""
    if len(parts) == 1 and isinstance(parts[0], Compiled):
        whole = source.strip()[2:-2].strip("-+ \t\n")
        single = Expression(source=whole, place=place, reads=parts[0].reads, evaluate=parts[0].evaluate)
        return single.value
    pieces = [(lambda names, part=part: part) if isinstance(part, str) else part.evaluate for part in parts]
    text = Expression(
        source=source,
        place=place,
        evaluate=lambda names: ops.joined([ops.text(piece(names)) for piece in pieces]),
    )
    return text.value


def _failed(error: Exception, place: str, source: str) -> ExpressionFailed:
    known = isinstance(error, EvaluationFailed)
    reason = str(error) if known else "it cannot be evaluated on these values"
    shown = source if len(source) <= 200 else source[:197] + "..."
    return ExpressionFailed(f"{place or 'expression'}: {shown}: {reason}")
