"""Metrics with closed label sets: every series that can occur is there from the start, and no other ever is."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import Generic, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.metrics import MetricWrapperBase

from holdfast.standing import OTHER

Metric = TypeVar("Metric", bound=MetricWrapperBase)
Labels = Mapping[str, Sequence[str]]
Rows = Iterable[tuple[str, ...]]


class Series(Generic[Metric]):
    """A metric whose labels are closed sets; whatever is not in the set counts as `other`.

    `rows` are the combinations that can occur: without them, all.
    """

    def __init__(self, metric: Metric, labels: Labels, rows: Rows | None = None) -> None:
        self._metric = metric
        self._labels = {name: frozenset(values) for name, values in labels.items()}
        self._known = {
            tuple(zip(labels, values, strict=True)): metric.labels(*values)
            for values in (product(*labels.values()) if rows is None else rows)
        }

    def of(self, **labels: str) -> Metric:
        """The one series of these labels. Raises KeyError when a label is missing."""
        known = self._known.get(tuple(labels.items()))
        return known or self._metric.labels(
            *(
                labels[name] if labels[name] in allowed else OTHER
                for name, allowed in self._labels.items()
            )
        )


class Maker:
    """Makes metrics under our prefix in one registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def counter(
        self, name: str, about: str, labels: Labels, rows: Rows | None = None
    ) -> Series[Counter]:
        """Its exposed name ends in `_total`."""
        counter = Counter(f"holdfast_{name}", about, list(labels), registry=self._registry)
        return Series(counter, labels, rows)

    def gauge(self, name: str, about: str, labels: Labels) -> Series[Gauge]:
        """What goes up and down."""
        gauge = Gauge(f"holdfast_{name}", about, list(labels), registry=self._registry)
        return Series(gauge, labels)

    def histogram(
        self,
        name: str,
        about: str,
        buckets: Sequence[float],
        labels: Labels,
        rows: Rows | None = None,
    ) -> Series[Histogram]:
        """Seconds."""
        histogram = Histogram(
            f"holdfast_{name}", about, list(labels), buckets=buckets, registry=self._registry
        )
        return Series(histogram, labels, rows)
