"""A small house by the harbour: four tables sold as one pool, one of them also by itself, and all at once."""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

from tests.town import MORNING, STEADY, Pace, Plan, Town, town

from holdfast.example import example_configuration

TABLES = {"elm": 2, "ash": 2, "oak": 4, "yew": 6}
POOL, SPACE, BUY_OUT = "dining-room", "oak", "whole-house"
IDS = {
    "oak": "5e000000-0000-4000-8000-000000000001",
    "oak_hours": "90000000-0000-4000-8000-000000000001",
    "house": "5e000000-0000-4000-8000-000000000002",
    "house_hours": "90000000-0000-4000-8000-000000000002",
}
QUARTER = timedelta(minutes=15)
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

_VENUE = """
[[venues]]
name = "harbour"
timezone = "{zone}"
house_contact = {{ name = "Holdfast", email = "house@harbour.example", phone = "+33123456789" }}
trust_offers = false

{units}

[[venues.listings]]
name = "dining-room-mozrest"
account = "mozrest-main"
units = ["elm", "ash", "oak", "yew"]
takes = "one"
venue_id = "v1"
area_id = "a1"
turn_minutes = 90

[[venues.listings]]
name = "oak-boseat"
account = "boseat-main"
units = ["oak"]
takes = "all"
space_id = "{oak}"
product_id = "{oak_hours}"

[[venues.listings]]
name = "whole-house-boseat"
account = "boseat-main"
units = ["elm", "ash", "oak", "yew"]
takes = "all"
space_id = "{house}"
product_id = "{house_hours}"
"""


def worlds(zone: str, opens: str, closes: str) -> dict[str, dict[str, object]]:
    hours = [{"day": day, "open": opens, "close": closes} for day in DAYS]
    spaces = [{"id": IDS["oak"], "name": SPACE}, {"id": IDS["house"], "name": BUY_OUT}]
    venue = {"id": "h1", "name": "Harbour", "zone": zone, "hours": hours, "spaces": spaces}
    products: list[dict[str, object]] = [
        {"id": IDS["oak_hours"], "spaces": [IDS["oak"]]},
        {"id": IDS["house_hours"], "length": 3, "spaces": [IDS["house"]]},
    ]
    tables = [{"id": name, "seats": seats} for name, seats in TABLES.items()]
    area = {"id": "a1", "name": POOL, "tables": tables, "turn": 90}
    house = {"id": "v1", "name": "Harbour", "timezone": zone, "opens": opens, "closes": closes}
    return {
        "boseat": {"workspaces": [{"venues": [venue], "products": products}]},
        "mozrest": {
            "keys": [{"key": "mozrest-example-key", "channel": "60e890aca5f07b6ee5b950b3"}],
            "venues": [{**house, "areas": [area]}],
        },
    }


@asynccontextmanager
async def harbour(
    database_url: str,
    *,
    start: datetime = MORNING,
    zone: str = "Europe/Paris",
    hours: tuple[str, str] = ("08:00", "23:00"),
    trust_offers: bool = False,
    pace: Pace = STEADY,
) -> AsyncIterator[Town]:
    """Opened in the time zone and at the hours given, at rest."""
    units = "\n".join(f'[[venues.units]]\nname = "{n}"\nseats = {s}' for n, s in TABLES.items())

    def configuration(urls: Mapping[str, str]) -> str:
        accounts = example_configuration(urls).partition("[[venues]]")[0]
        return accounts + _VENUE.format(zone=zone, units=units, **IDS)

    plan = Plan(
        start=start,
        trust_offers=trust_offers,
        pace=pace,
        configuration=configuration,
        worlds=worlds(zone, *hours),
        units=(POOL, SPACE, BUY_OUT),
    )
    async with town(database_url, plan) as built:
        yield built


Times = list[tuple[datetime, datetime]]


async def guests(t: Town, side: str, place: str) -> Times:
    """When guests have booked there, by the provider's own books."""
    taken = await t.sides[side].taken(place)
    return [times(entry) for entry in taken if entry["by"] != "client"]


async def ours(t: Town, side: str, place: str) -> Times:
    """When our blocks stand there."""
    return sorted(times(entry) for entry in await t.sides[side].ours(place))


def times(entry: Mapping[str, Any]) -> tuple[datetime, datetime]:
    start, end = (datetime.fromisoformat(entry[key]) for key in ("start", "end"))
    return start, end


def many(several: Iterable[tuple[datetime, datetime]], instant: datetime) -> int:
    """How many of these take the instant."""
    return sum(start <= instant < end for start, end in several)


async def oversold(t: Town) -> list[str]:
    """Whatever a channel could still sell although it is not there, by the providers' own books."""
    pool = await guests(t, "mozrest", POOL)
    oak, house = await guests(t, "boseat", SPACE), await guests(t, "boseat", BUY_OUT)
    there = await ours(t, "mozrest", POOL)
    granted = await t.rows(
        "select lower(a.during) as start, upper(a.during) as end from allocations a"
        " join units u on u.id = a.unit_id where u.name = 'oak'"
    )
    found = []
    for start, end in await t.mozrest.offered(POOL):
        for n in range((end - start) // QUARTER):
            instant = start + n * QUARTER
            sold_there = many(pool, instant) + many(there, instant)
            really = many(pool, instant) + many(oak, instant) + 4 * many(house, instant)
            if 4 - sold_there > 4 - really:
                found.append(f"{POOL}: {instant} has {4 - sold_there}, there are {4 - really}")
    for start, end in await t.boseat.offered(SPACE):
        if any(row["start"] < end and start < row["end"] for row in granted):
            found.append(f"{SPACE}: {start}")
    for start, end in await t.boseat.offered(BUY_OUT):
        if any(s < end and start < e for s, e in [*pool, *oak]):
            found.append(f"{BUY_OUT}: {start}")
    return found


async def seats(t: Town) -> dict[str, str]:
    """By the provider's reference, the table on which a guest sits."""
    rows = await t.rows(
        "select b.external_id, u.name from allocations a join bookings b on b.id = a.booking_id"
        " join units u on u.id = a.unit_id join listings l on l.id = b.listing_id where l.takes = 'one'"
    )
    return {row["external_id"]: row["name"] for row in rows}


async def conflicts(t: Town) -> list[str]:
    rows = await t.rows("select kind from conflicts where closed_at is null")
    return [row["kind"] for row in rows]
