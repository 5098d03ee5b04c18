"""The overview, the machines, and one version of a machine with its live diagram, source and findings."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from engine.definition.decode import split_lines
from engine.definition.frames import show as frame
from engine.errors import MachineNotFound
from engine.model import Tally
from web.answers import see_other
from web.console.asking import asked
from web.console.editor import framed
from web.console.faces import console_of
from web.console.versions import Line, Loaded, lines, loaded
from web.console.words import part, show
from web.context import context_of
from web.reading import read_name
from web.requests import Name, Query

HOTTEST = 5
"""Steps of the heat map."""

_LARGEST_VERSION = 2**31


class OverviewQuery(Query):
    """Which machine's diagram is shown; none: the one with the most sagas."""

    machine: Name | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StateLine:
    """A state, how many sagas stand in it, and how hot that is from 0 to `HOTTEST`."""

    name: str
    business: str
    final: bool
    sagas: int
    heat: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A machine on the overview."""

    name: str
    versions: tuple[Line, ...]
    sagas: int
    tally: Tally


async def show_overview(request: web.Request) -> web.StreamResponse:
    """`GET /console`."""
    wanted, cards = asked(request, OverviewQuery).machine, await _cards(request)
    fullest = max(cards, key=lambda card: card.sagas, default=None)
    name = wanted or (fullest.name if fullest else None)
    live = await _live(request, await loaded(context_of(request), name, None)) if name else {"version": None}
    return show(request, "overview.html", {"cards": cards, **live})


async def show_cards(request: web.Request) -> web.StreamResponse:
    """`GET /console/cards`: the overview's figures, asked for every few seconds."""
    return show(request, "cards.html", {"cards": await _cards(request)})


async def show_machines(request: web.Request) -> web.StreamResponse:
    """`GET /console/machines`: every version of every machine, and what is wrong with the files."""
    context = context_of(request)
    stored = await context.engine.store.definitions()
    counts = await console_of(request).census.counts()
    problems = [{"finding": each, "frame": frame([each], {})} for each in context.engine.reload.problems]
    return show(request, "machines.html", {"lines": lines(context, stored, counts), "problems": problems})


async def show_machine(request: web.Request) -> web.StreamResponse:
    """`GET /console/machines/{name}/{version}`."""
    found = await _named(request)
    source = [(number, text) for number, text in enumerate(split_lines(found.source), 1)]
    wrong = {each.line: each for each in found.findings}
    names = {"source": source, "wrong": wrong, "findings": framed(found.findings, found.source)}
    return show(request, "machine.html", {**await _live(request, found), **names})


async def newest_machine(request: web.Request) -> web.StreamResponse:
    """`GET /console/machines/{name}`: on to its newest version."""
    found = await loaded(context_of(request), read_name(request, "name"), None)
    return see_other(f"/console/machines/{part(found.name)}/{found.version}")


async def show_states(request: web.Request) -> web.StreamResponse:
    """`GET /console/machines/{name}/{version}/states`: the counts, asked for every few seconds."""
    found = await _named(request)
    return show(request, "states.html", {"version": found, "states": await _states(request, found)})


async def show_times(request: web.Request) -> web.StreamResponse:
    """`GET /console/machines/{name}/{version}/times`: how long sagas stay in each state."""
    found = await _named(request)
    times = await console_of(request).watch.times(found.name, found.version)
    return show(request, "times.html", {"version": found, "times": times})


async def _named(request: web.Request) -> Loaded:
    text = read_name(request, "version")
    number = int(text) if text.isdecimal() and len(text) < len(str(_LARGEST_VERSION)) else 0
    name = read_name(request, "name")
    if not number:
        raise MachineNotFound(f"machine {name!r} has no version {text!r}")
    return await loaded(context_of(request), name, number)


async def _live(request: web.Request, found: Loaded) -> dict[str, Any]:
    pictures = console_of(request).pictures
    picture, undrawn = await pictures.or_why(found.definition) if found.definition else ("", found.problem)
    return {
        "version": found,
        "picture": picture,
        "undrawn": undrawn,
        "states": await _states(request, found),
    }


async def _states(request: web.Request, found: Loaded) -> list[StateLine]:
    """The states of the version in the order of its file; of one that does not load, those where sagas stand."""
    counts = await console_of(request).census.counts()
    here = {
        state: n
        for (name, number, state), n in counts.items()
        if (name, number) == (found.name, found.version)
    }
    most = max(here.values(), default=0)
    known = found.definition.states if found.definition else {}
    shown = [
        StateLine(
            name=state.name,
            business=state.business_state,
            final=state.final,
            sagas=here.get(state.name, 0),
            heat=heat(here.get(state.name, 0), most),
        )
        for state in known.values()
    ]
    lost = sorted(set(here) - set(known))
    return shown + [
        StateLine(name=name, business="", final=False, sagas=here[name], heat=heat(here[name], most))
        for name in lost
    ]


def heat(count: int, most: int) -> int:
    """0 for none, else 1 to `HOTTEST`, by the logarithm: one state with most sagas does not make all others cold."""
    return max(math.ceil(HOTTEST * math.log1p(count) / math.log1p(most)), 1) if count else 0


async def _cards(request: web.Request) -> list[Card]:
    context, census = context_of(request), console_of(request).census
    counts, tallies = await census.counts(), await census.tallies()
    found: dict[str, list[Line]] = {}
    for line in lines(context, await context.engine.store.definitions(), counts):
        found.setdefault(line.name, []).append(line)
    return [_card(name, tuple(versions), tallies) for name, versions in found.items()]


def _card(name: str, versions: tuple[Line, ...], tallies: Mapping[str, Tally]) -> Card:
    return Card(
        name=name,
        versions=versions,
        sagas=sum(line.sagas for line in versions),
        tally=tallies.get(name, Tally(machine=name)),
    )
