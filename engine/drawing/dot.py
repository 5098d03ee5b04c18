"""A graph written as DOT, for Graphviz. All text of the author is escaped here and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape

from engine.drawing import colours
from engine.drawing.graph import ANY, Edge, Graph, Group, Label, Level, Node
from engine.drawing.path import Path
from engine.drawing.words import LINE_WIDTH, clean, unique, wrapped

_HEAD = f"""  graph [rankdir=TB, bgcolor="{colours.PAPER}", fontname="Arial", fontsize=12, pad=0.25, nodesep=0.35,
    ranksep=0.7, newrank=true, labeljust=l, labelloc=t];
  node [shape=box, style="filled,rounded", fontname="Arial", fontsize=11, margin="0.14,0.08"];
  edge [fontname="Arial", fontsize=9, arrowsize=0.75];"""

CURVED = 150
"""Edges up to which curves are routed round the boxes; beyond, that takes minutes."""

_LARGE = "  graph [splines=line, nslimit=2, nslimit1=2];"

_GAP = "&#160;&#160;"
"""Keeps a label off its own line, which Graphviz lets touch."""


def to_dot(graph: Graph, path: Path, level: Level) -> str:
    """DOT text. Node and edge ids are the SVG's; classes: state, edge, any, initial, final, visited, current, taken."""
    names = {node.key: f"n{index}" for index, node in enumerate(graph.nodes)}
    paints = {group.name: colours.paint(index) for index, group in enumerate(graph.groups)}
    body = [f"digraph {_quoted(graph.title)} {{", _HEAD]
    if len(graph.edges) > CURVED:
        body.append(_LARGE)
    if level == "technical":
        body += _clustered(graph, path, names, paints)
    else:
        body += [line for node in graph.nodes for line in _node(node, path, names, paints)]
    body += [_edge(edge, path, names) for edge in graph.edges]
    return "\n".join([*body, "}", ""])


def _clustered(
    graph: Graph, path: Path, names: Mapping[str, str], paints: Mapping[str, colours.Paint]
) -> Iterator[str]:
    left = _groups_left(graph)
    for index, group in enumerate(graph.groups):
        yield _cluster_head(index, group, paints[group.name], at="t" if group.name in left else "b")
        members = [node for node in graph.nodes if node.group == group.name]
        yield from (line for node in members for line in _node(node, path, names, paints))
        yield "  }"
    known = {group.name for group in graph.groups}
    free = [node for node in graph.nodes if node.group not in known]
    yield from (line for node in free for line in _node(node, path, names, paints))


def _groups_left(graph: Graph) -> set[str | None]:
    """Groups that an edge leaves. The others have their title at the foot, where no edge crosses it."""
    group = {node.key: node.group for node in graph.nodes}
    return {group[edge.source] for edge in graph.edges if group[edge.source] != group[edge.target]}


def _cluster_head(index: int, group: Group, paint: colours.Paint, at: str) -> str:
    title = '<br align="left"/>'.join(escape(line) for line in wrapped(group.title, 2 * LINE_WIDTH))
    return (
        f'  subgraph cluster_{index} {{ id={_quoted("g-" + group.name)}; class="group"; style="filled,rounded";'
        f' color="{paint.line}40"; fillcolor="{paint.ground}"; fontcolor="{paint.line}"; margin=14;'
        f" labelloc={at}; label=<<b>{title}</b>>;"
    )


def _node(
    node: Node, path: Path, names: Mapping[str, str], paints: Mapping[str, colours.Paint]
) -> Iterator[str]:
    attributes = {
        "id": _quoted(node.id),
        "class": _quoted(" ".join(_node_classes(node, path))),
        "label": f"<{_node_label(node, path)}>",
        **_node_looks(node, path, paints.get(node.group or "")),
    }
    yield f"  {names[node.key]} [{_written(attributes)}];"
    if node.initial:
        yield from _start(names[node.key])


def _node_classes(node: Node, path: Path) -> Iterator[str]:
    yield "any" if node.key.startswith(ANY) else "state"
    if node.initial:
        yield "initial"
    if node.final:
        yield "final"
    if node.key in path.nodes:
        yield "visited"
    if node.key == path.current:
        yield "current"


def _node_label(node: Node, path: Path) -> str:
    soft = colours.CURRENT_INK if node.key == path.current else colours.SOFT
    rows = [f"<b>{escape(clean(node.title))}</b>"]
    for note in unique(list(node.notes)):
        for part in wrapped(note, LINE_WIDTH + 6):
            rows.append(f'<font point-size="9" color="{soft}">{escape(part)}</font>')
    cells = "".join(f"<tr><td>{row}</td></tr>" for row in rows)
    return f'<table border="0" cellborder="0" cellspacing="0" cellpadding="1">{cells}</table>'


def _node_looks(node: Node, path: Path, paint: colours.Paint | None) -> dict[str, str]:
    anywhere = node.key.startswith(ANY)
    shape = {"style": '"filled,rounded,dashed"'} if anywhere else {}
    if node.final:
        shape["peripheries"] = "2"
    if node.key == path.current:
        return shape | _looks(colours.CURRENT_FILL, colours.PATH_LINE, colours.CURRENT_INK, "2.2")
    if node.key in path.nodes:
        return shape | _looks(paint.fill if paint else colours.PAPER, colours.PATH_LINE, colours.INK, "2.2")
    if path:
        return shape | _looks(colours.FADED_FILL, colours.FADED_LINE, colours.FADED_INK, "1")
    if anywhere or paint is None:
        return shape | _looks(colours.PAPER, colours.LINE, colours.INK, "1")
    return shape | _looks(paint.fill, paint.line, colours.INK, "1.2")


def _looks(fill: str, line: str, ink: str, width: str) -> dict[str, str]:
    return {"fillcolor": f'"{fill}"', "color": f'"{line}"', "fontcolor": f'"{ink}"', "penwidth": width}


def _start(name: str) -> Iterator[str]:
    """The black dot that leads to where a saga begins; beside it, so that it shares its group."""
    ink = f'fillcolor="{colours.INK}", color="{colours.INK}"'
    yield (
        f'  start [id="start", class="start", shape=circle, width=0.16, fixedsize=true, label="", style=filled, {ink}];'
    )
    yield f'  start -> {name} [id="e-start", class="start", color="{colours.INK}"];'


def _edge(edge: Edge, path: Path, names: Mapping[str, str]) -> str:
    taken = edge.id in path.edges
    attributes = {
        "id": _quoted(edge.id),
        "class": '"edge taken"' if taken else '"edge"',
        "label": f"<{_edge_label(edge.labels)}>",
        **_edge_looks(taken, faded=bool(path) and not taken),
    }
    if edge.outside:
        attributes["style"] = "dashed"
        attributes["constraint"] = "false"
    return f"  {names[edge.source]} -> {names[edge.target]} [{_written(attributes)}];"


def _edge_label(labels: tuple[Label, ...]) -> str:
    lines = [part for text in unique([label.text for label in labels]) for part in wrapped(text)]
    return "".join(f'{_GAP}{escape(line)}{_GAP}<br align="left"/>' for line in lines)


def _edge_looks(taken: bool, *, faded: bool) -> dict[str, str]:
    if taken:
        line, ink, width = colours.PATH_LINE, colours.PATH_LINE, "2.2"
    elif faded:
        line, ink, width = colours.FADED_LINE, colours.FADED_INK, "1"
    else:
        line, ink, width = colours.LINE, colours.INK, "1"
    return {"color": f'"{line}"', "fontcolor": f'"{ink}"', "penwidth": width}


def _written(attributes: Mapping[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in attributes.items())


def _quoted(text: str) -> str:
    escaped = clean(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
