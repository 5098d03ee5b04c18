"""Diagrams for pages: one neutral SVG a machine version, drawn once; what a page shows in it are classes."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence

from engine.definition.ir import Definition
from engine.drawing.diagram import draw, edge_ids
from engine.drawing.graph import Move
from engine.errors import RendererFailed, RendererMissing

KEPT = 64
"""Diagrams, of some 60 kB each; drafts of the editor are among them."""


class Pictures:
    """The diagrams that were asked for last. `slots` bounds how many are drawn at once."""

    def __init__(self, slots: asyncio.Semaphore) -> None:
        self._slots = slots
        self._kept: OrderedDict[str, str] = OrderedDict()

    async def of(self, definition: Definition) -> str:
        """The machine as it is, as SVG that may stand in a page.

        Raises:
            RendererMissing, RendererFailed
        """
        known = self._kept.get(definition.content_hash)
        if known is None:
            async with self._slots:
                known = (await asyncio.to_thread(draw, definition, format="svg")).decode()
            self._kept[definition.content_hash] = known
        self._kept.move_to_end(definition.content_hash)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return known

    async def or_why(self, definition: Definition) -> tuple[str, str]:
        """The same, or "" and why there is none."""
        try:
            return await self.of(definition), ""
        except (RendererMissing, RendererFailed) as error:
            return "", str(error)


def on_its_way(svg: str, definition: Definition, way: Sequence[Move], current: str) -> str:
    """The SVG with the states a saga was in, the transitions it took and where it stands as classes."""
    edges = edge_ids(definition)
    states = {state for source, _, target in way for state in (source, target)}
    classes = {f"s-{state}": "visited" for state in states if state in definition.states}
    classes |= {edges[move]: "taken" for move in way if move in edges}
    if current in definition.states:
        classes[f"s-{current}"] = "visited current"
    return _with_classes(svg, classes)


def _with_classes(svg: str, classes: Mapping[str, str]) -> str:
    """Ids are names of the language or of the drawing: nothing in them needs escaping."""
    for element, more in classes.items():
        svg = svg.replace(f'id="{element}" class="', f'id="{element}" class="{more} ', 1)
    return svg
