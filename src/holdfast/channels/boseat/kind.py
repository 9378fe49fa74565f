"""How Boseat is configured, connected and simulated."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from math import ceil
from random import SystemRandom

from aiohttp import web
from pydantic import BaseModel

from holdfast.address import server
from holdfast.channel import Channel, Listing
from holdfast.channels.boseat.attribution import Attribution
from holdfast.channels.boseat.calls import Caller
from holdfast.channels.boseat.client import CAPABILITIES, BoseatChannel, Signed
from holdfast.channels.boseat.credentials import Credentials
from holdfast.channels.boseat.inspection import inspect
from holdfast.channels.boseat.observing import Observer
from holdfast.channels.boseat.reading import SLOT_DAYS, Reader
from holdfast.channels.boseat.sample import SAMPLES, sample
from holdfast.channels.boseat.sealing import Grant
from holdfast.channels.boseat.settings import BoseatAccount, BoseatListing
from holdfast.inventory.timetable import NEAR, Load
from holdfast.kind import Claim, Connection, Objection, Sample, SimulatorOptions, WebhookProof
from holdfast.secret import SecretMissing


class Boseat:
    """https://docs.boseat.com"""

    name = "boseat"
    webhook_proof: WebhookProof = "signature"
    account_settings: type[BaseModel] = BoseatAccount
    listing_settings: type[BaseModel] = BoseatListing
    samples = SAMPLES
    hold_seconds = CAPABILITIES.hold_seconds

    def reads_of(self, listings: Sequence[Listing], horizon: timedelta) -> Load:
        """One page of each space, where new bookings appear; slots for thirty days in one read."""
        spaces = {BoseatListing.model_validate(one.settings).space_id for one in listings}
        far = max(horizon - NEAR, timedelta(0))
        return Load(
            soon=len(spaces),
            near_offers=len(listings),
            far_offers=len(listings) * ceil(far / timedelta(days=SLOT_DAYS)),
        )

    def claims(self, account: BaseModel, listing: BaseModel) -> Sequence[Claim]:
        """A product of a space; and the space, which has one calendar whatever is sold in it."""
        host = server(BoseatAccount.model_validate(account).base_url)
        sold = BoseatListing.model_validate(listing)
        return (
            Claim(
                what=(host, sold.space_id, sold.product_id),
                key="space_id",
                rule="a product of a space is one listing: expected another space or another product",
            ),
            Claim(
                what=(host, sold.space_id),
                key="space_id",
                rule="one space is one set of units: expected the same units, or another space",
                shared=True,
            ),
        )

    def connect(self, connection: Connection) -> Channel:
        """The workspace, connected; nothing is sent yet. Raises SecretMissing."""
        settings = BoseatAccount.model_validate(connection.settings)
        secrets = [secret.reveal(connection.environ) for secret in settings.webhook_secret]
        caller = connect_caller(connection)
        reader = Reader(caller)
        observer = Observer(reader, Attribution(connection.listings), connection.clock)
        signed = Signed(secrets=secrets, event_id_header=settings.event_id_header)
        return BoseatChannel(caller, reader, observer, connection.clock, signed)

    def inspect(self, connection: Connection) -> AsyncIterator[Objection]:
        """A token and one read for each listing; one more for each that is wrong or whose product names no space."""
        return inspect(connect_caller(connection), connection.clock, connection.listings)

    def sample(self, connection: Connection, what: str, ref: str) -> Sample:
        """Raises SecretMissing, also where the account has no webhook secret."""
        settings = BoseatAccount.model_validate(connection.settings)
        if not settings.webhook_secret:
            raise SecretMissing(f"account {connection.account} has no webhook_secret")
        secret = settings.webhook_secret[0].reveal(connection.environ)
        return sample(secret, what, ref, connection.clock.now())

    def simulate(self, options: SimulatorOptions) -> web.Application:
        """A simulator of Boseat; see the package `simulator`."""
        from holdfast.channels.boseat.simulator import simulate  # only where one is wanted

        return simulate(options)


def connect_caller(connection: Connection) -> Caller:
    """What sends calls for the connection's workspace. Raises SecretMissing."""
    settings = BoseatAccount.model_validate(connection.settings)
    grant = Grant(
        token_url=str(settings.token_url),
        client_id=settings.client_id.reveal(connection.environ),
        client_secret=settings.client_secret.reveal(connection.environ),
        scope=settings.scope,
    )
    transport, clock = connection.transport, connection.clock
    credentials = Credentials(grant, transport, clock, connection.shared_token)
    return Caller(str(settings.base_url), credentials, transport, clock, SystemRandom())


KIND = Boseat()
