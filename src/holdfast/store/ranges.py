"""Spans as Postgres ranges, and back."""

from collections.abc import Sequence
from datetime import datetime

from asyncpg import Range

from holdfast.inventory.model import Span


def to_range(span: Span) -> Range:
    """A half-open `tstzrange`."""
    return Range(span.start, span.end)


def to_span(value: Range) -> Span:
    """The span of a finite, half-open `tstzrange`."""
    return Span(start=value.lower, end=value.upper)


def columns(spans: Sequence[Span]) -> tuple[list[datetime], list[datetime]]:
    """Starts and ends side by side, for `unnest`."""
    return [span.start for span in spans], [span.end for span in spans]
