"""The canon as the journals tell it: the after-images of its rows, folded in order, beside what a store has. No I/O."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Literal, get_args

Table = Literal["bookings", "allocations", "blocks", "conflicts"]
TABLES: tuple[Table, ...] = get_args(Table)

Image = Mapping[str, object]
"""A row as JSON has it. What is as the table has it by default is left out."""

After = Mapping[Table, Mapping[str, Image | None]]
"""What an entry of a journal says of rows, by table and key. None: the row is no more."""

Canon = Mapping[Table, Mapping[str, Image]]


def folded(told: Iterable[After]) -> Canon:
    """What one venue's journal says of the canon, from its after-images in order."""
    rows: dict[Table, dict[str, Image]] = {table: {} for table in TABLES}
    for after in told:
        for table, images in after.items():
            for key, image in images.items():
                if image is None:
                    rows[table].pop(key, None)
                else:
                    rows[table][key] = image
    return rows


def rebuilt(journals: Mapping[int, Iterable[After]]) -> Canon:
    """The canon of all venues, from their journals.

    A booking may go to another venue: the journal that tells of its latest version tells of what it was granted, too.
    What maps to no venue has no journal, and is left out.
    """
    canons = {venue: folded(told) for venue, told in journals.items()}
    homes = _homes(canons)
    rows: dict[Table, dict[str, Image]] = {table: {} for table in TABLES}
    for venue, canon in canons.items():
        for table, images in canon.items():
            for key, image in images.items():
                booking = _booking_of(table, key)
                if booking is not None and homes.get(booking, venue) != venue:
                    continue
                if table == "allocations" or image.get("venue_id") is not None:
                    rows[table][key] = image
    return rows


def _homes(canons: Mapping[int, Canon]) -> Mapping[str, int]:
    """By booking, the venue whose journal told of it last."""
    latest: dict[str, tuple[int, int]] = {}
    for venue, canon in canons.items():
        for key, image in canon["bookings"].items():
            told = (int(str(image.get("version", 1))), venue)
            latest[key] = max(told, latest.get(key, told))
    return {key: venue for key, (_, venue) in latest.items()}


def _booking_of(table: Table, key: str) -> str | None:
    """Whose row it is, where it goes with a booking."""
    if table == "allocations":
        return key.partition("-")[0]
    return key if table == "bookings" else None


def differences(
    told: Canon, stored: Canon, older: Collection[tuple[Table, str]] = ()
) -> Sequence[str]:
    """How the canon of the journals and that of a store differ, in plain words.

    `older` are rows of the store that were there before its journals had after-images: they may be told of by none.
    """
    return [
        line for table in TABLES for line in _differences(table, told[table], stored[table], older)
    ]


def _differences(
    table: Table,
    told: Mapping[str, Image],
    stored: Mapping[str, Image],
    older: Collection[tuple[Table, str]],
) -> Iterator[str]:
    noun = table.removesuffix("s")
    for key in sorted(stored.keys() - told.keys()):
        if (table, key) not in older:
            yield f"{noun} {key} is in the store, and in no journal"
    for key in sorted(told.keys() - stored.keys()):
        yield f"{noun} {key} is in a journal, and not in the store"
    for key in sorted(told.keys() & stored.keys()):
        yield from _fields(f"{noun} {key}", told[key], stored[key])


def _fields(what: str, told: Image, stored: Image) -> Iterator[str]:
    for name in sorted(told.keys() | stored.keys()):
        before, now = told.get(name), stored.get(name)
        if before != now:
            yield f"{what}: {name} is {_shown(before)} by the journal, {_shown(now)} in the store"


def _shown(value: object) -> str:
    return "not set" if value is None else str(value)
