"""What is counted, and how: declared where it happens, counted in memory that all processes of a machine share.

Each label has a closed set of values, so whatever strangers send makes no new series, and nobody can be told from one.
Until `metric_files.open_files` is called nothing is counted, and counting costs next to nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Literal, Protocol

OTHER = "other"  # stands for every value that was not declared
MOST_MADE_AHEAD = 100
Kind = Literal["counter", "histogram", "gauge"]
Values = tuple[str, ...]


class Series(Protocol):
    """One time series of a metric."""

    def inc(self, amount: float = 1) -> None: ...
    def observe(self, amount: float) -> None: ...
    def set(self, value: float) -> None: ...


MakeSeries = Callable[[Values], Series]


@dataclass(eq=False)
class Metric:
    """A metric: its name without the suffix of its kind, what it means, and which values its labels can have."""

    kind: Kind
    name: str
    words: str
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    buckets: Sequence[float] = ()
    _series: dict[Values, Series] = field(default_factory=dict, init=False)
    _make: MakeSeries | None = field(default=None, init=False)

    @property
    def full_name(self) -> str:
        """The name as it is scraped."""
        return f"{self.name}_total" if self.kind == "counter" else self.name

    def bind(self, make: MakeSeries | None) -> None:
        """Count by the series that `make` makes from now on; None: count no more."""
        self._make, self._series = make, {}
        if make is not None and self.kind == "counter":
            # A series that is there from the start has a first increase, which alerts can see.
            combinations = list(product(*self.labels.values()))
            for values in combinations if len(combinations) <= MOST_MADE_AHEAD else ():
                self._series[values] = make(values)

    def _find(self, values: Values) -> Series | None:
        found = self._series.get(values)
        return found if found is not None or self._make is None else self._make_series(values)

    def _make_series(self, values: Values) -> Series | None:
        if self._make is None or len(values) != len(self.labels):
            return None
        known = tuple(
            value if value in allowed else OTHER
            for value, allowed in zip(values, self.labels.values(), strict=True)
        )
        if known not in self._series:
            self._series[known] = self._make(known)  # two threads get the same one
        return self._series[known]


class Counter(Metric):
    """What only grows."""

    def add(self, *values: str, amount: float = 1) -> None:
        """Count; `values` are those of the labels, in their order."""
        # A segment's answer waits for this: what is there already is found by the first look.
        series = self._series.get(values) or self._find(values)
        if series is not None:
            series.inc(amount)


class Histogram(Metric):
    """How often what came out how large."""

    def note(self, amount: float, *values: str) -> None:
        """Note one amount."""
        series = self._find(values)
        if series is not None:
            series.observe(amount)


class Moment(Metric):
    """When something last happened, in seconds since 1970; of all processes the latest."""

    def note(self, now_s: float, *values: str) -> None:
        """Note that it happens now."""
        series = self._find(values)
        if series is not None:
            series.set(now_s)


_declared: dict[str, Metric] = {}


def declared() -> Iterator[Metric]:
    """Yield every metric of the modules that are loaded."""
    yield from _declared.values()


def _declare(metric: Metric) -> None:
    if metric.full_name in _declared:
        message = f"{metric.full_name} is declared twice"
        raise ValueError(message)
    _declared[metric.full_name] = metric


def counter(name: str, words: str, **labels: Sequence[str]) -> Counter:
    """Declare what only grows; its name is scraped with `_total` behind it."""
    metric = Counter("counter", name, words, _closed(labels))
    _declare(metric)
    return metric


def histogram(name: str, words: str, *, buckets: Sequence[float], **labels: Sequence[str]) -> Histogram:
    """Declare amounts that are sorted into buckets."""
    metric = Histogram("histogram", name, words, _closed(labels), buckets)
    _declare(metric)
    return metric


def moment(name: str, words: str) -> Moment:
    """Declare a time at which something last happened."""
    metric = Moment("gauge", name, words)
    _declare(metric)
    return metric


def _closed(labels: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(dict.fromkeys((*values, OTHER))) for name, values in labels.items()}
