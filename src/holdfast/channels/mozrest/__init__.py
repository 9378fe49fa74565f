"""Restaurant tables sold through Mozrest, seen from a booking channel (`/v1/bc`)."""

from aiohttp import web

from holdfast.channel import Channel
from holdfast.channels.mozrest.client import MozrestChannel
from holdfast.channels.mozrest.settings import AccountSettings, ListingSettings
from holdfast.kind import Connection, SimulatorOptions, WebhookProof


class _Mozrest:
    name = "mozrest"
    webhook_proof: WebhookProof = "token"
    account_settings = AccountSettings
    listing_settings = ListingSettings

    def connect(self, connection: Connection) -> Channel:
        """Raises SecretMissing, and TypeError for another channel's settings."""
        if not isinstance(connection.settings, AccountSettings):
            raise TypeError(f"account {connection.account} is not one of Mozrest's")
        return MozrestChannel(connection, connection.settings)

    def simulate(self, options: SimulatorOptions) -> web.Application:
        from holdfast.channels.mozrest.simulator import simulate

        return simulate(options)


KIND = _Mozrest()
