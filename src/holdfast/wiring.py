"""The composition root: the only module that knows every concrete part and puts them together."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from random import SystemRandom
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import asyncpg
import structlog
from aiohttp import ClientSession
from pydantic import BaseModel, TypeAdapter, ValidationError
from redis.asyncio import Redis

from holdfast.breaker import AccountBreaker, WatchedTransport, Whose
from holdfast.budget import BudgetedTransport, Kind, LocalBudget, Pace
from holdfast.channel import Listing
from holdfast.clock import Clock
from holdfast.configuration_problem import NotUnderstood
from holdfast.exchange import Transport
from holdfast.kind import Connection, discover
from holdfast.kind import Kind as ChannelKind
from holdfast.limits import KeptRecords, Penalties
from holdfast.lineage import Watch
from holdfast.measured import MeasuredTransport
from holdfast.metrics import Metrics
from holdfast.premises import premises_of
from holdfast.secret import SecretMissing
from holdfast.shared_budget import SharedBudget
from holdfast.shared_token import KeptToken
from holdfast.store import configuration
from holdfast.store.configuration import AccountRow, Book, ListingRow, VenueRow
from holdfast.store.trouble import DATABASE_TROUBLE
from holdfast.sync.parts import Account, Parts, Wake
from holdfast.transport import HttpTransport, open_session

log = structlog.get_logger()

PLANS_ONCE: Mapping[str, str] = {
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "jit": "off",
}
"""A plan that is kept from when a table was empty must be as good when it is full: by an index wherever there is one."""

PROCESSES = 3
"""While Redis is away, each process keeps to this share of an account's rate budget."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """What the parts stand on."""

    database_url: str
    redis: Redis | None
    """None: rate budgets are this process's own, and nothing is woken but by the clock."""
    clock: Clock
    environ: Mapping[str, str]
    sender: Callable[[ClientSession], Transport] = HttpTransport
    """What a session's requests are sent with."""
    plans_once: bool = False
    """For a worker, who asks the same hundred questions all day: a session plans each once, not anew for each of its
    first five times."""


class Wiring:
    """Keeps the parts as the configuration in the database says; sessions live as long as their account."""

    def __init__(self, base: Base, pool: asyncpg.Pool, wake: Wake, watch: Watch) -> None:
        self._base = base
        self.watch = watch
        self._kinds = discover()
        self._sessions = AsyncExitStack()
        self._left = AsyncExitStack()
        self._book: Book | None = None
        self._mark: str | None = None
        self._one_by_one = asyncio.Lock()
        self.parts = Parts(
            pool=pool,
            clock=base.clock,
            random=SystemRandom(),
            accounts={},
            premises={},
            metrics=Metrics(sorted(self._kinds)),
            wake=wake,
            follow=self._follow,
        )

    async def refresh(self) -> bool:
        """Take over what was applied since; True: something had changed.

        Raises SecretMissing when a secret that the configuration refers to is not there, NotUnderstood for
        what a newer release has put into it. The old parts then go on.
        """
        async with self.parts.pool.acquire() as connection, self._one_by_one:
            return await self._take_over(connection)

    async def _follow(self, connection: asyncpg.Connection) -> None:
        """The same at once, where a decision waits for it. What cannot be taken over is told by `keep_fresh`."""
        try:
            async with self._one_by_one:
                await self._take_over(connection)
        except (SecretMissing, NotUnderstood) as error:
            log.debug("configuration_not_followed", reason=str(error))

    async def _take_over(self, connection: asyncpg.Connection) -> bool:
        mark = await configuration.mark(connection)
        if mark == self._mark:
            return False
        book = await configuration.load(connection)
        settled = _without_news(book)
        if settled == self._book:
            self._mark = mark
            return False
        accounts = await self._accounts(book)
        self.parts.accounts = accounts
        self.parts.premises = {
            row.id: premises_of(book, accounts, row) for row in book.venues.values()
        }
        self._book, self._mark = settled, mark
        return True

    async def close(self) -> None:
        """Close every session."""
        await self._sessions.aclose()
        await self._left.aclose()

    async def _accounts(self, book: Book) -> dict[int, Account]:
        """All on new sessions; the last ones live on until the next change, for the calls that are under way."""
        async with AsyncExitStack() as opened:
            found: dict[int, Account] = {}
            for row in book.accounts.values():
                try:
                    found[row.id] = await self._account(book, row, opened)
                except (SecretMissing, NotUnderstood) as error:
                    if row.active:
                        raise
                    log.warning("leaving_account_unreachable", account=row.name, reason=str(error))
            await self._left.aclose()
            self._left, self._sessions = self._sessions, opened.pop_all()
        return found

    async def _account(self, book: Book, row: AccountRow, opened: AsyncExitStack) -> Account:
        kind = self._kind(row)
        rows = [listing for listing in book.listings.values() if listing.account_id == row.id]
        listings = {listing.id: _listing(book, kind, listing) for listing in rows}
        former = [listing for listing in book.former.values() if listing.account_id == row.id]
        budget, breaker = self._budget(row, purse(book, row)), self._breaker(row)
        session = await opened.enter_async_context(open_session(connections=16))
        watched = WatchedTransport(self._base.sender(session), breaker, self.parts.reads)
        budgeted = BudgetedTransport(watched, budget, self._base.clock)
        connection = Connection(
            account=row.name,
            settings=_understood(row.name, kind.account_settings, row.settings),
            listings=list(listings.values()),
            transport=MeasuredTransport(budgeted, self.parts.metrics, row.channel),
            clock=self._base.clock,
            environ=self._base.environ,
            shared_token=KeptToken(self.parts.pool, row.id),
        )
        return Account(
            id=row.id,
            name=row.name,
            channel_name=row.channel,
            mode=row.mode,
            channel=kind.connect(connection),
            budget=budget,
            breaker=breaker,
            listings=listings,
            former={listing.id: _listing(book, kind, listing) for listing in former},
            venues={listing.id: listing.venue_id for listing in rows},
            reads_per_minute=row.reads_per_minute,
            poll_seconds=row.poll_seconds,
            offers_seconds=row.offers_seconds,
            audit_seconds=row.audit_seconds,
            horizon_days=row.horizon_days,
            former_names=row.former_names,
            in_service=row.active,
        )

    def _kind(self, row: AccountRow) -> ChannelKind:
        if row.channel not in self._kinds:
            raise NotUnderstood(f"account {row.name}: this release knows no channel {row.channel}")
        return self._kinds[row.channel]

    def _breaker(self, row: AccountRow) -> AccountBreaker:
        whose = Whose(id=row.id, name=row.name)
        return AccountBreaker(self.parts.pool, self._base.clock, self.parts.random, whose)

    def _budget(self, row: AccountRow, called: str) -> LocalBudget | SharedBudget:
        paces: dict[Kind, Pace] = {
            "read": Pace(per_minute=row.reads_per_minute),
            "write": Pace(per_minute=row.writes_per_minute),
        }
        redis = self._base.redis
        if redis is None:
            return LocalBudget(self._base.clock, paces)
        fallback = LocalBudget(self._base.clock, paces, PROCESSES)
        records = KeptRecords(self.parts.pool, row.name)
        penalties = Penalties(records, row.name, self._base.clock)
        return SharedBudget(redis, called, paces, fallback, self._base.clock, penalties)


def purse(book: Book, row: AccountRow) -> str:
    """What its budget is called in Redis: by its first name, or a rename would give it a second one while it lasts."""
    first = next(iter(row.former_names), row.name)
    return row.name if any(first == other.name for other in book.accounts.values()) else first


def _listing(book: Book, kind: ChannelKind, row: ListingRow) -> Listing:
    return Listing(
        name=row.name,
        zone=_zone(book.venues[row.venue_id]),
        party_size=row.party_size,
        settings=_understood(row.name, kind.listing_settings, row.settings),
    )


def _zone(venue: VenueRow) -> ZoneInfo:
    try:
        return ZoneInfo(venue.timezone)
    except (ZoneInfoNotFoundError, ValueError):
        told = f"venue {venue.name}: timezone {venue.timezone} is no IANA time zone such as Europe/Paris"
        raise NotUnderstood(f"{told}: put one into holdfast.toml and apply it") from None


def _understood(name: str, model: type[BaseModel], settings: object) -> BaseModel:
    try:
        return TypeAdapter(model).validate_python(settings)
    except ValidationError as error:
        places = ", ".join(".".join(map(str, one["loc"])) for one in error.errors())
        raise NotUnderstood(f"{name}: this release does not understand {places}") from None


def _without_news(book: Book) -> Book:
    """The book without what changes by itself."""
    accounts = {key: replace(row, last_webhook_at=None) for key, row in book.accounts.items()}
    return replace(book, accounts=accounts)


async def nothing_to_reset(_connection: asyncpg.Connection) -> None:
    """We leave nothing in a session; asyncpg's own cleaning is one more question to the server each time."""


@asynccontextmanager
async def wired(base: Base, wake: Wake) -> AsyncIterator[Wiring]:
    """The parts, connected. Raises what asyncpg raises when the database is not there, SecretMissing."""
    watch = Watch(base.redis, base.clock)
    pool = await asyncpg.create_pool(
        base.database_url,
        init=watch.greet,
        min_size=1,
        max_size=12,
        command_timeout=10,
        reset=nothing_to_reset,
        server_settings={
            **(PLANS_ONCE if base.plans_once else {}),
            "application_name": "holdfast",
            "statement_timeout": "8000",
            "lock_timeout": "5000",
            "idle_in_transaction_session_timeout": "10000",
        },
    )
    async with pool:
        wiring = Wiring(base, pool, wake, watch)
        try:
            await wiring.refresh()
            yield wiring
        finally:
            await wiring.close()


async def keep_fresh(wiring: Wiring, changed: Callable[[], None], seconds: float = 5.0) -> None:
    """Follow the configuration for ever; what cannot be taken over is logged, the old parts go on."""
    while True:
        await asyncio.sleep(seconds)
        try:
            if await wiring.refresh():
                log.info("configuration_taken_over")
                changed()
        except (*DATABASE_TROUBLE, SecretMissing, NotUnderstood) as error:
            log.warning("configuration_not_taken_over", reason=str(error))
