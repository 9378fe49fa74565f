"""The templates: autoescaped, and strict about names that are not there."""

from collections.abc import Iterable
from urllib.parse import quote
from zoneinfo import ZoneInfo

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined

from holdfast.store.day import MOST_OFF
from holdfast.web.words import (
    ACTS,
    CLOSURE,
    CONFLICT,
    EVENT_STATES,
    PUSHED,
    STATUS,
    between,
    braked,
    clock_time,
    counted,
    day_and_time,
    exact,
    handled,
    is_leaving,
    lasting,
    pushed,
    stretch,
)

PAGES = web.AppKey("pages", Environment)


def environment() -> Environment:
    """For every page; what a provider sent is hostile text and is escaped without exception."""
    pages = Environment(
        loader=PackageLoader("holdfast.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.filters |= {
        "lasting": lasting,
        "exact": exact,
        "day_and_time": day_and_time,
        "clock_time": clock_time,
        "segment": _segment,
        "is_leaving": is_leaving,
    }
    pages.globals |= {
        "braked": braked,
        "counted": counted,
        "STATUS": STATUS,
        "MOST_OFF": MOST_OFF,
        "CLOSURE": CLOSURE,
        "CONFLICT": CONFLICT,
        "PUSHED": PUSHED,
        "ACTS": ACTS,
        "EVENT_STATES": EVENT_STATES,
        "handled": handled,
        "pushed": pushed,
        "same": _same,
        "between": between,
        "stretch": stretch,
        "zone": ZoneInfo,
    }
    return pages


def _same(values: Iterable[str]) -> list[tuple[str, str]]:
    """Choices that are called what they are."""
    return [(value, value) for value in values]


def _segment(name: str) -> str:
    """A name as one part of a path."""
    return quote(name, safe="")
