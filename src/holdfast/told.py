"""What a provider tells, made fit to be kept: ids that can be asked for, text that Postgres takes, sane instants. No I/O.

Whatever a provider sends, nothing after its wire models needs to expect a value that cannot be stored,
reckoned with or put into an address.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from math import isfinite

MOST_OF_AN_ID, MOST_OF_A_TEXT = 200, 500
FIRST_YEAR, LAST_YEAR = 2000, 2199
"""An instant of 1970 is a zero that stands for none."""
MOST_GUESTS = 10_000

_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
"""Control characters (Postgres takes no NUL) and halves of surrogate pairs, which no encoding takes."""

_WHOLE = re.compile(r"[0-9]{1,18}(\.0+)?")

MOST_EXACT = 2**53
"""Beyond this a JSON number with a fraction or an exponent no longer says which whole number it is."""


def whole(value: object) -> int | None:
    """The whole number in any notation that JSON has for it: 4, 4.0, "4"; None: it is none."""
    if isinstance(value, str):
        text = value.strip()
        return int(text.partition(".")[0]) if _WHOLE.fullmatch(text) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, float) and not (abs(value) <= MOST_EXACT and value == int(value)):
        return None
    return int(value)


def as_text(value: object) -> object:
    """A number as its text: ids, telephones and the like come as either. Anything else as it is."""
    number = None if isinstance(value, str) else whole(value)
    if number is not None:
        return str(number)
    return str(value) if isinstance(value, float) and isfinite(value) else value


def usable_id(text: str) -> str:
    """The id as it is. Raises ValueError for one that could not be asked for by its address, or be stored."""
    if not 0 < len(text) <= MOST_OF_AN_ID or text in (".", "..") or _UNFIT.search(text):
        raise ValueError("an id that cannot be used")
    return text


def fit(text: str) -> str:
    """The text with a mark for every character that cannot be kept, and only its beginning if it is endless."""
    return _UNFIT.sub("\N{REPLACEMENT CHARACTER}", text[:MOST_OF_A_TEXT])


def id_in(item: object) -> str | None:
    """The usable id of a JSON object that cannot be read otherwise; None: there is none."""
    found = item.get("id") if isinstance(item, Mapping) else None
    number = None if isinstance(found, str) else whole(found)
    text = found if number is None else str(number)
    try:
        return usable_id(text) if isinstance(text, str) else None
    except ValueError:
        return None


def named(places: Iterable[Sequence[object]]) -> tuple[str, ...]:
    """The fields in which an item cannot be read, by their first names only: a deeper one may be a guest's word."""
    return tuple(sorted({str(place[0]) if place else "its form" for place in places}))


def fields_of(places: Iterable[Sequence[object]]) -> str:
    """The same, for people."""
    return ", ".join(named(places))


def sane_instant(moment: datetime) -> datetime:
    """An aware instant in UTC. Raises ValueError in a year that no booking is made for."""
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValueError("an instant beyond all bookings")
    return moment if moment.tzinfo is UTC else moment.astimezone(UTC)
