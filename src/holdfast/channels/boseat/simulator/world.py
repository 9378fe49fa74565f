"""The simulated world: workspaces, venues, spaces, products, as read from JSON. No I/O."""

from datetime import date, datetime, time, timedelta
from typing import Annotated, Literal, get_args
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from holdfast.zones import ZoneName

EXAMPLE_CLIENT = ("boseat-example", "boseat-example-secret")
"""The example workspace's client id and secret."""

Unit = Literal["hourly", "daily", "weekly", "monthly", "yearly"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


CatalogueId = Annotated[str, AfterValidator(str.lower)]
"""Of a space or a product: one id in whatever case it is asked for."""


Day = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
DAYS: tuple[Day, ...] = get_args(Day)
Clock = Annotated[str, Field(pattern="^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")]


class Hours(_Part):
    """One day's opening hours in the venue's time; a `close` not after `open` is on the next day."""

    day: Day
    open: Clock = "08:00"
    close: Clock = "23:00"


class Space(_Part):
    """A room."""

    id: CatalogueId
    name: str
    label: str = ""
    description: str = ""
    capacity: int = 4
    type: str = "meeting_room"
    metadata: dict[str, object] = Field(default_factory=dict)


class Venue(_Part):
    """A place with one zone and its spaces."""

    id: str
    name: str
    label: str = ""
    type: str = "generic"
    zone: ZoneName = "Europe/Paris"
    address: dict[str, object] = Field(default_factory=dict)
    hours: list[Hours] = Field(default_factory=lambda: [Hours(day=day) for day in DAYS])
    spaces: list[Space]

    def on(self, day: date) -> list[tuple[datetime, datetime]]:
        """The day's opening times as instants, in order."""
        zone = ZoneInfo(self.zone)
        rows = [hours for hours in self.hours if hours.day == DAYS[day.weekday()]]
        return sorted((_at(day, row.open, zone), _closing(day, row, zone)) for row in rows)


class Product(_Part):
    """What can be booked for its spaces; an hourly one of `length` 1.5 lasts 90 minutes."""

    id: CatalogueId
    name: str = "Room hire"
    reference: str = ""
    description: str = ""
    price: int = 2500
    unit: Unit = "hourly"
    length: float = Field(default=1, gt=0)
    type: str = "one_time"
    category: str = "booking"
    spaces: list[CatalogueId]


class WorkspaceSpec(_Part):
    """One customer of Boseat; nothing of it is visible to the others."""

    client_id: str = EXAMPLE_CLIENT[0]
    client_secret: str = EXAMPLE_CLIENT[1]
    scope: str = "booking:read booking:write org_read org_write"
    reads_per_minute: int | None = None
    """None: as the switch of this name says."""
    writes_per_minute: int | None = None
    venues: list[Venue]
    products: list[Product]

    def spaces(self) -> list[Space]:
        """The spaces of all its venues."""
        return [space for venue in self.venues for space in venue.spaces]


class World(_Part):
    """Everything there is."""

    workspaces: list[WorkspaceSpec]


def example() -> World:
    """The venue "glasshouse": three rooms, each with one hourly product, open every day 08:00-23:00."""
    rooms = [("salon", "Salon", 12), ("chefs-table", "Chef's Table", 8)]
    rooms.append(("board-room", "Board Room", 10))
    spaces = [
        Space(id=space_id(number), name=name, label=label, capacity=seats)
        for number, (label, name, seats) in enumerate(rooms, 1)
    ]
    products = [
        Product(
            id=product_id(number),
            reference=f"{space.label}-hour",
            name=f"{space.name} by the hour",
            spaces=[space.id],
        )
        for number, space in enumerate(spaces, 1)
    ]
    venue = Venue(
        id="c5a7e1f0-0000-4000-8000-000000000001",
        name="Glasshouse",
        label="glasshouse",
        type="meeting_center",
        spaces=spaces,
    )
    return World(workspaces=[WorkspaceSpec(venues=[venue], products=products)])


def space_id(number: int) -> str:
    """The id of an example space, from 1."""
    return f"b4e2d8e1-0000-4000-8000-{number:012d}"


def product_id(number: int) -> str:
    """The id of an example product, from 1."""
    return f"a3f1d7d0-0000-4000-8000-{number:012d}"


def _closing(day: date, row: Hours, zone: ZoneInfo) -> datetime:
    late = row.close <= row.open or row.close == "24:00"
    text = "00:00" if row.close == "24:00" else row.close
    return _at(day + timedelta(days=1) if late else day, text, zone)


def _at(day: date, text: str, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.fromisoformat(text), zone)
