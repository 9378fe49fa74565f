"""The world a simulated Mozrest starts with: keys, venues, areas, tables, turns. No I/O."""

from collections.abc import Mapping, Sequence
from datetime import date, time, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field

from holdfast.zones import ZoneName

Minutes = Annotated[int, Field(gt=0)]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Key(Strict):
    """An API key and the booking channel that it stands for."""

    key: str
    channel: str


class Table(Strict):
    id: str
    seats: int = Field(gt=0)
    least: int = Field(default=1, gt=0)
    """The smallest party it is given to."""


class Area(Strict):
    """A part of a venue. `id` null: the venue has no areas, and this is all of it."""

    id: str | None = None
    name: str
    translations: dict[str, str] = Field(default_factory=dict)
    """The name by language, for `x-locale`."""
    booking_type: str | None = None
    takes: Literal["one", "all"] = "one"
    """Whether a booking takes one fitting table, or every table there is."""
    tables: list[Table] = Field(min_length=1)
    turn: Minutes | dict[int, Minutes] = 90
    """Minutes; or minutes by party size, the smallest entry that is not below the party."""
    type: Literal["book", "request"] = "book"
    card: bool = False
    """Every start wants a payment before the booking stands."""
    amount: int = 0
    """Minor units; 0 with `card` is a guarantee only."""
    party: int = 2
    """The party that `/control/offers` and the truth show starts for."""

    def turn_of(self, party: int) -> timedelta:
        if isinstance(self.turn, int):
            return timedelta(minutes=self.turn)
        fitting = [size for size in self.turn if size >= party]
        return timedelta(minutes=self.turn[min(fitting) if fitting else max(self.turn)])

    @property
    def covers(self) -> tuple[int, int]:
        """The smallest and the largest party it can seat."""
        seats = [table.seats for table in self.tables]
        most = sum(seats) if self.takes == "all" else max(seats)
        return min(table.least for table in self.tables), most

    @property
    def usual_party(self) -> int:
        least, most = self.covers
        return max(least, min(self.party, most))


class Venue(Strict):
    id: str
    name: str
    city: str = "Paris"
    country_code: str = "FR"
    timezone: ZoneName = "Europe/Paris"
    opens: time = time(8)
    closes: time = time(23)
    """Local times; a closing that is not after the opening is on the next day."""
    closed_on: list[date] = Field(default_factory=list)
    step_minutes: Minutes = 15
    holding_seconds: Annotated[int, Field(gt=0)] = 420
    message: str | None = "Please arrive on time."
    min_advance_booking: float = 0
    """Hours."""
    min_advance_cancelling: float = 0
    """Hours."""
    areas: Annotated[list[Area], Field(min_length=1)]

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def bookable_areas(self) -> bool:
        return any(area.id is not None for area in self.areas)

    def place(self, area: Area) -> str:
        """What the control side calls an area."""
        return f"{self.id}/{area.id}" if area.id is not None else self.id


class World(Strict):
    """The first key's booking channel is ours: its webhooks are sent, and guests book through it."""

    keys: list[Key] = Field(min_length=1)
    venues: list[Venue]

    @property
    def own(self) -> str:
        return self.keys[0].channel

    def accept(self, keys: Sequence[str]) -> None:
        """These keys stand for our own channel from now on, and no others do."""
        others = [key for key in self.keys if key.channel != self.own]
        self.keys = [*(Key(key=key, channel=self.own) for key in keys), *others]


EXAMPLE: Mapping[str, object] = {
    "keys": [
        {"key": "mozrest-example-key", "channel": "60e890aca5f07b6ee5b950b3"},
        {"key": "mozrest-other-key", "channel": "60e890aca5f07b6ee5b950c4"},
    ],
    "venues": [
        {
            "id": "619decd55bf9cb36aaa00dd6",
            "name": "Glasshouse",
            "areas": [
                {
                    "id": "Zk3vQ8mT2xLr-pYb0NsW1A",
                    "name": "salon",
                    "translations": {"fr": "le salon"},
                    "booking_type": "64ca5f2cab23a4112a7d2dd1",
                    "tables": [{"id": "salon", "seats": 12}],
                    "turn": 120,
                },
                {
                    "id": "u7Hc_4RfJd9eGqXo2ViK5w",
                    "name": "chefs-table",
                    "translations": {"fr": "la table du chef"},
                    "booking_type": "64ca5f2cab23a4112a7d2dd2",
                    "tables": [{"id": "chefs-table", "seats": 8}],
                },
                {
                    "id": "B1nEy6sAzMt0wUl-P8hC3Q",
                    "name": "board-room",
                    "translations": {"fr": "la salle du conseil"},
                    "booking_type": "64ca5f2cab23a4112a7d2dd3",
                    "tables": [{"id": "board-room", "seats": 10}],
                },
            ],
        }
    ],
}
