"""What a soak leaves to be judged: the providers' own books and journals, and our store. No I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from holdfast.inventory.model import Span
from holdfast.soak.books import Books, Store
from holdfast.soak.pools import House


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What a provider ever made on a unit, by whom; `over` None: it still occupies."""

    ref: str
    unit: str
    span: Span
    ours: bool
    marker: str | None
    made: datetime
    over: datetime | None
    contact: str | None = None
    """Whose e-mail it was booked for, without our marker; None: the provider was not told yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """A call of ours that may change something, and the references that it names."""

    call: str
    refs: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel:
    """That a guest's booking should end: who asked for it, and the bookings of the conflict that it settles."""

    channel: str
    ref: str
    actor: str
    about: Sequence[tuple[str, str]]
    """Each by channel and reference; empty: it settles none."""
    read_after: bool = True
    """It and all that stay for it were read after the decision, before the call went out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clash:
    """A double booking that is shown: who has not got his units, and who has."""

    id: int
    booking_id: int
    against_ids: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """A provider's own word. `accepted`: how often each webhook body (its hash) was answered with a 2xx."""

    books: Books
    made: Sequence[Made]
    accepted: Mapping[str, int]
    creates: int
    """Requests for a new hold or booking that came in, whatever became of them."""
    writes: Sequence[Write] = ()
    moved_away: Sequence[str] = ()
    """The references of guests' bookings that ended up in places that are none of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """How often a webhook body is in our inbox; numbered deliveries are kept once only."""

    count: int
    numbered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A block of ours as the store has it."""

    id: int
    channel: str
    state: str
    ref: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An entry of the journal about a booking."""

    venue_id: int
    seq: int
    at: datetime
    kind: str
    booking_id: int
    ref: str
    status: str | None
    read_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A unit given to a booking, at one look."""

    unit_id: int
    booking_id: int
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The store at one moment of the soak: every booking's version, and all that is granted."""

    versions: Mapping[int, int]
    grants: Sequence[Grant]
    age: int = 0
    """How often the store had gone back to an older state."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """From when on a provider's clock was so many seconds ahead of ours."""

    side: str
    set_at: datetime
    ahead: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All of it."""

    sides: Mapping[str, Witness]
    store: Store
    inbox: Mapping[tuple[str, str], Row]
    """By channel and hash of the body."""
    blocks: Sequence[Block]
    placed: Mapping[str, int]
    """By channel, how many tries to place a block were written before the call."""
    told: Sequence[Told]
    looks: Sequence[Look]
    broken: Mapping[str, int]
    """By venue, where its journal's chain does not hold; no entry: it is whole."""
    waiting: Sequence[str] = ()
    """What the store still waits for although all was quiet for long enough."""
    ended_alone: Sequence[str] = field(default=())
    houses: Sequence[House] = ()
    """Venues with a pool."""
    cancels: Sequence[Cancel] = ()
    clashes: Sequence[Clash] = ()
    """Double bookings that are shown just now."""
    contacts: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """By channel and place, whose e-mail blocks are booked for."""
    unlike: Sequence[str] = ()
    """How the canon rebuilt from the journals and the store differ, in plain words."""
    erased: Mapping[str, int] = field(default_factory=dict)
    """By channel, how many webhooks of the inbox have lost their bodies, because their guests were forgotten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """Something that must never be. `about` may occur in the text: the references concerned."""

    checker: str
    what: str

    def __str__(self) -> str:
        return f"{self.checker}: {self.what}"
