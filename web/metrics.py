"""What the daemon counts, as Prometheus text. Plain dictionaries on the loop, turned into metrics at a scrape.

Labels are names of machines, states, routes and results: never ids, paths or values of callers.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from engine.machine.engine_events import BUSINESS_SLA, SLA
from engine.model import Step, Tally

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_SLAS = (SLA, BUSINESS_SLA)

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""Seconds. The low ones tell an fsync from a queue of them."""


class Tallies:
    """Counters of one daemon since it started; `step` and `request` are called on the loop only."""

    def __init__(self) -> None:
        self.states: Counter[tuple[str, str]] = Counter()
        self.events: Counter[tuple[str, str]] = Counter()
        self.late: Counter[tuple[str, str]] = Counter()
        self.requests: Counter[tuple[str, str, int]] = Counter()
        self.latencies: dict[tuple[str, str], Latencies] = {}
        self.callbacks: Counter[tuple[str, str]] = Counter()

    def step(self, step: Step) -> None:
        """Count a committed step: for `Runner.on_step`."""
        machine = step.saga.machine
        for row in step.rows:
            self.events[machine, row.result] += 1
            if row.entered:
                self.states[machine, row.state] += 1
            if row.event in _SLAS and not row.entered and step.saga.late:
                self.late[machine, row.state] += 1

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count an answered request under its route, not its path."""
        self.requests[method, route, status] += 1
        latencies = self.latencies.get((method, route))
        if latencies is None:
            latencies = self.latencies[method, route] = Latencies()
        latencies.add(seconds)


class Latencies:
    """A histogram with the buckets above."""

    __slots__ = ("counts", "total")

    def __init__(self) -> None:
        self.counts = [0] * (len(BUCKETS) + 1)
        self.total = 0.0

    def add(self, seconds: float) -> None:
        self.counts[bisect_left(BUCKETS, seconds)] += 1
        self.total += seconds

    def buckets(self) -> list[tuple[str, float]]:
        """Cumulative, as Prometheus wants them."""
        names = [*(str(bound) for bound in BUCKETS), "+Inf"]
        return list(zip(names, (float(n) for n in accumulate(self.counts)), strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """How things stand at a scrape.

    Attributes:
        machines: Those that sagas can be started of: one with nothing to tell reads 0.
        owed: What the store counts by machine; None if it does not answer.
        holding: Nothing that sagas owe is begun.
        unmatched: Callbacks that wait for a person; None if the store does not answer.
    """

    machines: Sequence[str]
    owed: Sequence[Tally] | None
    holding: bool
    unmatched: int | None = None


def exposition(tallies: Tallies, present: Present) -> bytes:
    """Prometheus text."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Snapshot(tallies, present))
    return generate_latest(registry)


class _Snapshot(Collector):
    def __init__(self, tallies: Tallies, present: Present) -> None:
        self._tallies = tallies
        self._present = present

    def collect(self) -> Iterator[Metric]:
        tallies = self._tallies
        yield _counter(
            "flow_manager_saga_states", "States entered by sagas.", ("machine", "state"), tallies.states
        )
        yield _counter(
            "sagaloom_events", "Events, by what became of them.", ("machine", "result"), tallies.events
        )
        yield _counter(
            "sagaloom_late", "Times that a saga ran over an sla.", ("machine", "state"), tallies.late
        )
        yield _counter(
            "sagaloom_http_requests", "Requests answered.", ("method", "route", "status"), tallies.requests
        )
        yield _counter(
            "sagaloom_callbacks",
            "Callbacks of payment providers, by what became of them.",
            ("provider", "result"),
            tallies.callbacks,
        )
        yield self._durations()
        yield GaugeMetricFamily(
            "sagaloom_dispatch_held",
            "1 while nothing that sagas owe is begun.",
            value=int(self._present.holding),
        )
        yield from self._gauges()

    def _gauges(self) -> Iterator[Metric]:
        if self._present.unmatched is not None:
            yield GaugeMetricFamily(
                "sagaloom_callbacks_unmatched",
                "Callbacks that no saga could be told and that wait for a person.",
                value=self._present.unmatched,
            )
        if self._present.owed is None:
            return
        none = dict.fromkeys(self._present.machines, 0)
        for name, text, field in _GAUGES:
            yield _gauge(name, text, none | {one.machine: getattr(one, field) for one in self._present.owed})

    def _durations(self) -> Metric:
        family = HistogramMetricFamily(
            "sagaloom_http_request_seconds",
            "Time from headers read to answer made; for events and new sagas this holds the durable commit.",
            labels=("method", "route"),
        )
        for labels, latencies in sorted(self._tallies.latencies.items()):
            family.add_metric(labels, latencies.buckets(), sum_value=latencies.total)
        return family


_GAUGES = (
    ("sagaloom_entries_parked", "Agenda entries that wait for a person.", "parked"),
    ("sagaloom_entries_due", "Agenda entries whose time has come.", "due"),
    ("sagaloom_sagas_late", "Sagas that have not ended and ran over an sla.", "late"),
    ("sagaloom_sagas_paused", "Sagas that a person paused.", "paused"),
)


def _gauge(name: str, text: str, values: Mapping[str, int]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=("machine",))
    for machine, value in sorted(values.items()):
        family.add_metric([machine], value)
    return family


def _counter(
    name: str,
    text: str,
    labels: tuple[str, ...],
    counts: Counter[tuple[str, str]] | Counter[tuple[str, str, int]],
) -> Metric:
    family = CounterMetricFamily(name, text, labels=labels)
    for values, count in sorted(counts.items()):
        family.add_metric([str(value) for value in values], count)
    return family
