"""The templates: autoescaped, and strict about names that are not there."""

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined

from holdfast.web.words import (
    ACTS,
    CONFLICT,
    PUSHED,
    STATUS,
    braked,
    clock_time,
    counted,
    day_and_time,
    exact,
    lasting,
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
    }
    pages.globals |= {
        "braked": braked,
        "counted": counted,
        "STATUS": STATUS,
        "CONFLICT": CONFLICT,
        "PUSHED": PUSHED,
        "ACTS": ACTS,
    }
    return pages
