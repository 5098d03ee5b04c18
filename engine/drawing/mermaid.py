"""A graph written as a Mermaid stateDiagram-v2, for README files. The author's text is escaped here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from engine.drawing import colours
from engine.drawing.graph import ANY, Edge, Graph, Node
from engine.drawing.path import Path
from engine.drawing.words import clean, unique

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")
_SAFE = re.compile(r"[\w .,=!?()\[\]/$+*'|@-]")
_RESERVED = frozenset(
    "state end note class classdef style direction default click hide empty description as fork join "
    "choice root start".split()
)


def to_mermaid(graph: Graph, path: Path) -> str:
    """Mermaid text that GitHub renders; business states become classes, since no arrow may cross a composite."""
    names = _names(graph.nodes)
    lines = ["stateDiagram-v2"]
    lines += [line for node in graph.nodes for line in _node(node, names)]
    lines += [f"  [*] --> {names[node.key]}" for node in graph.nodes if node.initial]
    lines += [_edge(edge, names) for edge in graph.edges]
    lines += [f"  {names[node.key]} --> [*]" for node in graph.nodes if node.final]
    lines += _classes(graph, path, names)
    return "\n".join(lines) + "\n"


def _names(nodes: tuple[Node, ...]) -> dict[str, str]:
    """The state's own name where Mermaid takes it as an identifier, else s0, s1 ..."""
    return {node.key: node.key if _plain(node.key) else f"s{index}_" for index, node in enumerate(nodes)}


def _plain(name: str) -> bool:
    return bool(_PLAIN.match(name)) and name.lower() not in _RESERVED


def _node(node: Node, names: Mapping[str, str]) -> Iterator[str]:
    yield f'  state "{_text(node.title)}" as {names[node.key]}'
    yield from (f"  {names[node.key]} : {_text(note)}" for note in unique(list(node.notes)))


def _edge(edge: Edge, names: Mapping[str, str]) -> str:
    texts = unique([label.text for label in edge.labels])
    return f"  {names[edge.source]} --> {names[edge.target]} : {'<br/>'.join(_text(text) for text in texts)}"


def _classes(graph: Graph, path: Path, names: Mapping[str, str]) -> Iterator[str]:
    for index, group in enumerate(graph.groups):
        paint = colours.paint(index)
        members = [
            names[node.key] for node in graph.nodes if node.group == group.name and node.key[:1] != ANY
        ]
        if members:
            yield f"  classDef group{index} fill:{paint.fill},stroke:{paint.line},color:{colours.INK}"
            yield f"  class {','.join(members)} group{index}"
    if path:
        yield f"  classDef visited stroke:{colours.PATH_LINE},stroke-width:3px"
        yield f"  class {','.join(names[node.key] for node in graph.nodes if node.key in path.nodes)} visited"
    if path.current is not None:
        yield f"  classDef current fill:{colours.CURRENT_FILL},color:{colours.CURRENT_INK}"
        yield f"  class {names[path.current]} current"


def _text(text: str) -> str:
    """Everything that Mermaid could take for its own syntax as a numeric entity (#NN;)."""
    return "".join(one if _SAFE.match(one) else f"#{ord(one)};" for one in clean(text))
