"""Restaurant tables sold through Mozrest, seen from a booking channel (`/v1/bc`)."""

import json
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

from aiohttp import web
from pydantic import BaseModel

from holdfast.address import server
from holdfast.channel import Channel, Listing
from holdfast.channels.mozrest.client import CAPABILITIES, MozrestChannel
from holdfast.channels.mozrest.inspection import Inspector
from holdfast.channels.mozrest.load import load_of
from holdfast.channels.mozrest.protocol import protocol_of
from holdfast.channels.mozrest.settings import AccountSettings, ListingSettings
from holdfast.channels.mozrest.webhook import proof_of
from holdfast.inventory.timetable import Load
from holdfast.kind import Claim, Connection, Objection, Sample, SimulatorOptions, WebhookProof
from holdfast.secret import SecretMissing

ACTIONS = {"updated": "update", "cancelled": "canceled"}
"""What is told of, in its own words (https://doc.mozrest.com/bc/bc-api/webhooks)."""


class _Mozrest:
    name = "mozrest"
    webhook_proof: WebhookProof = "token"
    account_settings = AccountSettings
    listing_settings = ListingSettings
    samples = tuple(ACTIONS)
    hold_seconds = CAPABILITIES.hold_seconds

    def reads_of(self, listings: Sequence[Listing], horizon: timedelta) -> Load:
        return load_of(listings, horizon)

    def claims(self, account: BaseModel, listing: BaseModel) -> Sequence[Claim]:
        """A venue, area and booking type; and the type, the only thing by which a booking names its listing."""
        host = server(AccountSettings.model_validate(account).base_url)
        sold = ListingSettings.model_validate(listing)
        place = (host, sold.venue_id, sold.area_id or "", sold.booking_type or "")
        rule = "venue, area and booking type are one listing: expected another one of them"
        identity = Claim(what=place, key="area_id" if sold.area_id else "venue_id", rule=rule)
        if sold.booking_type is None:
            return (identity,)
        told_apart = Claim(
            what=("type", host, sold.venue_id, sold.booking_type),
            key="booking_type",
            rule="a booking names its booking type, not its area: expected a type of its own for each listing",
        )
        return (identity, told_apart)

    def connect(self, connection: Connection) -> Channel:
        """Raises SecretMissing, and TypeError for another channel's settings."""
        if not isinstance(connection.settings, AccountSettings):
            raise TypeError(f"account {connection.account} is not one of Mozrest's")
        return MozrestChannel(connection, connection.settings)

    def inspect(self, connection: Connection) -> AsyncIterator[Objection]:
        """One read for each venue, and one each for a listing's area and booking type; up to six more where it is wrong."""
        settings = AccountSettings.model_validate(connection.settings)
        return Inspector(connection, protocol_of(settings, connection.environ)).inspect()

    def sample(self, connection: Connection, what: str, ref: str) -> Sample:
        """Raises SecretMissing, also where the account has no webhook secret."""
        settings = AccountSettings.model_validate(connection.settings)
        proof = proof_of(settings, connection.environ)
        if proof is None:
            raise SecretMissing(f"account {connection.account} has no webhook secret")
        event = {"entity": "booking", "entity_id": ref, "action": ACTIONS[what]}
        headers = {
            "Content-Type": "application/json",
            proof.header: proof.values[0].get_secret_value(),
        }
        return Sample(headers=headers, body=json.dumps(event).encode())

    def simulate(self, options: SimulatorOptions) -> web.Application:
        from holdfast.channels.mozrest.simulator import simulate

        return simulate(options)


KIND = _Mozrest()
