"""The composition root: the only module that knows every concrete part and puts them together."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from random import SystemRandom
from zoneinfo import ZoneInfo

import asyncpg
import structlog
from pydantic import TypeAdapter
from redis.asyncio import Redis

from holdfast.budget import BudgetedTransport, Kind, LocalBudget, Pace, SharedBudget
from holdfast.channel import Contact, Listing
from holdfast.clock import Clock
from holdfast.inventory.known import Outlet, Unit
from holdfast.kind import Connection, discover
from holdfast.measured import MeasuredTransport
from holdfast.metrics import Metrics
from holdfast.secret import SecretMissing
from holdfast.store import configuration
from holdfast.store.configuration import AccountRow, Book, VenueRow
from holdfast.store.trouble import DATABASE_TROUBLE
from holdfast.sync.parts import Account, Parts, Premises
from holdfast.transport import HttpTransport, open_session

log = structlog.get_logger()

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


class Wiring:
    """Keeps the parts as the configuration in the database says; sessions live as long as their account."""

    def __init__(self, base: Base, pool: asyncpg.Pool, wake: Callable[[], None]) -> None:
        self._base = base
        self._kinds = discover()
        self._sessions: dict[str, AsyncExitStack] = {}
        self._book: Book | None = None
        self.parts = Parts(
            pool=pool,
            clock=base.clock,
            random=SystemRandom(),
            accounts={},
            premises={},
            metrics=Metrics(sorted(self._kinds)),
            wake=wake,
        )

    async def refresh(self) -> bool:
        """Take over what was applied since; True: something had changed.

        Raises SecretMissing when a secret that the configuration refers to is not there.
        """
        async with self.parts.pool.acquire() as connection:
            book = await configuration.load(connection)
        settled = _without_news(book)
        if settled == self._book:
            return False
        accounts = {row.id: await self._account(book, row) for row in book.accounts.values()}
        self.parts.accounts = accounts
        self.parts.premises = {
            row.id: self._premises(book, accounts, row) for row in book.venues.values()
        }
        self._book = settled
        return True

    async def close(self) -> None:
        """Close every session."""
        for sessions in self._sessions.values():
            await sessions.aclose()
        self._sessions.clear()

    async def _account(self, book: Book, row: AccountRow) -> Account:
        kind = self._kinds[row.channel]
        rows = [listing for listing in book.listings.values() if listing.account_id == row.id]
        listings = {
            listing.id: Listing(
                name=listing.name,
                zone=ZoneInfo(book.venues[listing.venue_id].timezone),
                party_size=listing.party_size,
                settings=TypeAdapter(kind.listing_settings).validate_python(listing.settings),
            )
            for listing in rows
        }
        budget = self._budget(row)
        connection = Connection(
            account=row.name,
            settings=TypeAdapter(kind.account_settings).validate_python(row.settings),
            listings=list(listings.values()),
            transport=await self._transport(row, budget),
            clock=self._base.clock,
            environ=self._base.environ,
        )
        return Account(
            id=row.id,
            name=row.name,
            channel_name=row.channel,
            mode=row.mode,
            channel=kind.connect(connection),
            budget=budget,
            listings=listings,
            venues={listing.id: listing.venue_id for listing in rows},
            poll_seconds=row.poll_seconds,
            offers_seconds=row.offers_seconds,
            audit_seconds=row.audit_seconds,
            horizon_days=row.horizon_days,
        )

    async def _transport(
        self, row: AccountRow, budget: LocalBudget | SharedBudget
    ) -> MeasuredTransport:
        if row.name in self._sessions:
            await self._sessions.pop(row.name).aclose()
        stack = self._sessions.setdefault(row.name, AsyncExitStack())
        session = await stack.enter_async_context(open_session(connections=16))
        budgeted = BudgetedTransport(HttpTransport(session), budget, self._base.clock)
        return MeasuredTransport(budgeted, self.parts.metrics, row.channel)

    def _budget(self, row: AccountRow) -> LocalBudget | SharedBudget:
        paces: dict[Kind, Pace] = {
            "read": Pace(per_minute=row.reads_per_minute),
            "write": Pace(per_minute=row.writes_per_minute),
        }
        redis = self._base.redis
        if redis is None:
            return LocalBudget(self._base.clock, paces)
        fallback = LocalBudget(self._base.clock, paces, PROCESSES)
        return SharedBudget(redis, row.name, paces, fallback, self._base.clock)

    def _premises(self, book: Book, accounts: Mapping[int, Account], row: VenueRow) -> Premises:
        return Premises(
            id=row.id,
            name=row.name,
            holds=row.holds,
            conflicts=row.conflicts,
            trust_offers=row.trust_offers,
            units={unit.id: unit for unit in _units(book, row.id)},
            outlets={outlet.id: outlet for outlet in _outlets(book, accounts, row.id)},
            house=Contact(
                name=row.house_contact.name,
                email=row.house_contact.email,
                phone=row.house_contact.phone,
            ),
        )


def _units(book: Book, venue_id: int) -> list[Unit]:
    return [
        Unit(
            id=row.id,
            name=row.name,
            seats=row.seats,
            setup=timedelta(minutes=row.setup_minutes),
            cleanup=timedelta(minutes=row.cleanup_minutes),
        )
        for row in book.units.values()
        if row.venue_id == venue_id
    ]


def _outlets(book: Book, accounts: Mapping[int, Account], venue_id: int) -> list[Outlet]:
    return [
        Outlet(
            id=row.id,
            name=row.name,
            account_id=row.account_id,
            takes=row.takes,
            unit_ids=row.unit_ids,
            releases_holds=accounts[row.account_id].channel.capabilities.releases_holds,
        )
        for row in book.listings.values()
        if row.venue_id == venue_id
    ]


def _without_news(book: Book) -> Book:
    """The book without what changes by itself."""
    accounts = {key: replace(row, last_webhook_at=None) for key, row in book.accounts.items()}
    return replace(book, accounts=accounts)


@asynccontextmanager
async def wired(base: Base, wake: Callable[[], None]) -> AsyncIterator[Wiring]:
    """The parts, connected. Raises what asyncpg raises when the database is not there, SecretMissing."""
    pool = await asyncpg.create_pool(
        base.database_url,
        min_size=1,
        max_size=12,
        command_timeout=10,
        server_settings={
            "application_name": "holdfast",
            "statement_timeout": "8000",
            "lock_timeout": "5000",
            "idle_in_transaction_session_timeout": "10000",
        },
    )
    async with pool:
        wiring = Wiring(base, pool, wake)
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
        except (*DATABASE_TROUBLE, SecretMissing) as error:
            log.warning("configuration_not_taken_over", reason=str(error))
