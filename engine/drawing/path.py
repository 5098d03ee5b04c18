"""Where a saga has been, laid over a graph: which nodes and edges to light up.

Called by `diagram`; `dot` and `mermaid` read the marks.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from engine.definition.ir import Definition
from engine.drawing.graph import ANY, Edge, Graph, Label, Level, Move, moves


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """Node keys visited, edge ids taken, and the node where the saga stands."""

    nodes: frozenset[str] = frozenset()
    edges: frozenset[str] = frozenset()
    current: str | None = None

    def __bool__(self) -> bool:
        return bool(self.nodes)


def edge_ids(definition: Definition, graph: Graph, level: Level) -> dict[Move, str]:
    """The id of the edge that draws each move of a saga (state before, event, state after)."""
    by_ends = {
        (edge.source, label.event, edge.target): edge.id for edge in graph.edges for label in edge.labels
    }
    ids: dict[Move, str] = {}
    for move, (source, target, label) in moves(definition):
        drawn = (source, label.event, target) if level == "technical" else _in_business(definition, move)
        if drawn in by_ends:
            ids.setdefault(move, by_ends[drawn])
    return ids


def lay_over(
    definition: Definition, graph: Graph, level: Level, visited: Sequence[Move], current: str | None
) -> tuple[Graph, Path]:
    """The graph and the path. Moves that no edge between their two states draws get an edge of their own."""
    if not visited and current is None:
        return graph, Path()
    ids = _direct_ids(definition, graph, level)
    known = {node.key for node in graph.nodes}
    ends = [_key(definition, level, state) for source, _, target in visited for state in (source, target)]
    here = _key(definition, level, current or "")
    extra = _extra_edges(definition, level, [move for move in visited if move not in ids], known)
    path = Path(
        nodes=frozenset(key for key in (*ends, here) if key in known),
        edges=frozenset([ids[move] for move in visited if move in ids] + [edge.id for edge in extra]),
        current=here if here in known else None,
    )
    return replace(graph, edges=(*graph.edges, *extra)), path


def _direct_ids(definition: Definition, graph: Graph, level: Level) -> dict[Move, str]:
    """`edge_ids` without those that an "any state" node draws: a path is to be followed from state to state."""
    indirect = {edge.id for edge in graph.edges if edge.source.startswith(ANY)}
    return {move: edge for move, edge in edge_ids(definition, graph, level).items() if edge not in indirect}


def _extra_edges(definition: Definition, level: Level, odd: Iterable[Move], known: set[str]) -> list[Edge]:
    """Solid for inherited transitions, dashed for what the machine does not know: a person moved the saga."""
    allowed = {move for move, _ in moves(definition)}
    found: dict[tuple[str, str, str], Edge] = {}
    for move in dict.fromkeys(odd):
        source, target = _key(definition, level, move[0]), _key(definition, level, move[2])
        drawn = (source, move[1], target) in found
        if source != target and known.issuperset((source, target)) and not drawn:
            found[source, move[1], target] = Edge(
                id=f"e-x{len(found)}",
                source=source,
                target=target,
                labels=(Label(event=move[1], text=move[1]),),
                outside=move not in allowed,
            )
    return list(found.values())


def _in_business(definition: Definition, move: Move) -> Move:
    source, event, target = move
    return _key(definition, "business", source), event, _key(definition, "business", target)


def _key(definition: Definition, level: Level, state: str) -> str:
    if level == "technical":
        return state
    known = definition.states.get(state)
    return known.business_state if known else ""
