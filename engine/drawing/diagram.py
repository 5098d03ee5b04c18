"""Diagrams of machines: the one door to engine/drawing, for the command line and the pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from engine.definition.ir import Definition
from engine.drawing import dot, layout, mermaid, path, svg
from engine.drawing.graph import Edge, Graph, Level, Move, business, technical
from engine.drawing.words import clean

Format = Literal["svg", "png", "dot", "mermaid"]


def draw(
    definition: Definition,
    *,
    format: Format,
    level: Level = "technical",
    visited: Sequence[Move] = (),
    current: str | None = None,
) -> bytes:
    """A picture of the machine, and with `visited` or `current` of one saga's way through it.

    `visited` are (state before, event, state after) as the history has them ("" before the creation); the
    picture marks them by the classes `visited`, `current` and `taken`, and by colour. Elements are called
    `s-STATE` (business level: `b-STATE`), edges `e-N`. The SVG is safe to put into a page: no script, link,
    reference or DOCTYPE. SVG and PNG run a program and block: call from a thread where a loop runs.

    Raises:
        RendererMissing: svg and png need graphviz-pure or Graphviz.
        RendererFailed: The layout program refused or took too long.
    """
    plain = _graph(definition, level)
    graph, way = path.lay_over(definition, plain, level, visited, current)
    if format == "mermaid":
        return mermaid.to_mermaid(graph, way).encode()
    text = dot.to_dot(graph, way, level)
    if format == "dot":
        return text.encode()
    picture = layout.lay_out(text, format)
    return svg.embeddable(picture, title=graph.title, tips=_tips(graph)) if format == "svg" else picture


def edge_ids(definition: Definition, level: Level = "technical") -> dict[Move, str]:
    """Which edge (`e-N`) of the drawn machine shows each move, for pages that light up a neutral SVG."""
    return path.edge_ids(definition, _graph(definition, level), level)


def _graph(definition: Definition, level: Level) -> Graph:
    return technical(definition) if level == "technical" else business(definition)


def _tips(graph: Graph) -> dict[str, str]:
    titles = {node.key: node.title for node in graph.nodes}
    nodes = {node.id: clean(node.tip) for node in graph.nodes}
    groups = {f"g-{group.name}": clean(group.title) for group in graph.groups}
    return groups | nodes | {edge.id: _edge_tip(edge, titles) for edge in graph.edges}


def _edge_tip(edge: Edge, titles: dict[str, str]) -> str:
    events = ", ".join(dict.fromkeys(label.text for label in edge.labels))
    return clean(f"{titles[edge.source]} to {titles[edge.target]}: {events}")
