"""Restaurant tables sold through Mozrest, seen from a booking channel (`/v1/bc`)."""

import json
from collections.abc import Sequence
from datetime import timedelta

from aiohttp import web

from holdfast.channel import Channel, Listing
from holdfast.channels.mozrest.client import CAPABILITIES, MozrestChannel, proof_of
from holdfast.channels.mozrest.load import load_of
from holdfast.channels.mozrest.settings import AccountSettings, ListingSettings
from holdfast.inventory.timetable import Load
from holdfast.kind import Connection, Sample, SimulatorOptions, WebhookProof
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

    def connect(self, connection: Connection) -> Channel:
        """Raises SecretMissing, and TypeError for another channel's settings."""
        if not isinstance(connection.settings, AccountSettings):
            raise TypeError(f"account {connection.account} is not one of Mozrest's")
        return MozrestChannel(connection, connection.settings)

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
