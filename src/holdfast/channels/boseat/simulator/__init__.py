"""A simulator of Boseat on a real socket: token endpoint `/oauth/token`, API below `/v1`, control side.

`options.world` is JSON of this form (see `world.World`); all but ids and names has defaults:

    {"workspaces": [{
        "client_id": "boseat-example", "client_secret": "boseat-example-secret",
        "scope": "booking:read booking:write", "reads_per_minute": 60, "writes_per_minute": 20,
        "venues": [{"id": "v1", "name": "Glasshouse", "zone": "Europe/Paris",
                    "hours": [{"day": "monday", "open": "08:00", "close": "23:00"}],
                    "spaces": [{"id": "s1", "name": "Salon", "label": "salon", "capacity": 12}]}],
        "products": [{"id": "p1", "unit": "hourly", "length": 1, "spaces": ["s1"]}]}]}

Without `hours` a venue is open every day 08:00-23:00. Control calls: `holdfast.simulation.control`, and
`extras` for what only Boseat has. Switches: `switches.CHOICES`.
"""

import asyncio
from collections.abc import AsyncIterator
from functools import partial

from aiohttp import web

from holdfast.channels.boseat.simulator.bookings_api import BookingsApi
from holdfast.channels.boseat.simulator.catalogue_api import CatalogueApi
from holdfast.channels.boseat.simulator.customers_api import CustomersApi
from holdfast.channels.boseat.simulator.extras import Extras
from holdfast.channels.boseat.simulator.gate import Gate
from holdfast.channels.boseat.simulator.lists_api import ListsApi
from holdfast.channels.boseat.simulator.provider import BoseatProvider
from holdfast.channels.boseat.simulator.slots_api import SlotsApi
from holdfast.channels.boseat.simulator.switches import defaults
from holdfast.channels.boseat.simulator.tenancy import Tenancy
from holdfast.channels.boseat.simulator.tokens import TokenEndpoint
from holdfast.channels.boseat.simulator.webhooks_api import WebhooksApi
from holdfast.channels.boseat.simulator.world import World, example
from holdfast.clock import Clock
from holdfast.kind import SimulatorOptions
from holdfast.simulation.control import Bench, add_control, set_switches


def simulate(options: SimulatorOptions) -> web.Application:
    """The application; it must run for its webhooks and lapses to happen."""
    bench, switches = Bench(options.clock, options.seed), defaults()
    world = example() if options.world is None else World.model_validate(options.world)
    tenancy = Tenancy(world, bench, switches)
    provider = BoseatProvider(tenancy, switches, options.clock.now)
    set_switches(provider, options.switches)
    if options.webhook is not None:
        for workspace in tenancy.workspaces:
            workspace.announcer.subscribe(options.webhook.url, options.webhook.secret, None)
    return _application(bench, tenancy, provider)


def _application(bench: Bench, tenancy: Tenancy, provider: BoseatProvider) -> web.Application:
    switches = provider.switches
    gate = Gate(bench, tenancy, switches)
    app = bench.application()
    app.middlewares.append(gate.middleware)
    parts = (
        TokenEndpoint(tenancy),
        SlotsApi(gate, switches, bench.clock),
        ListsApi(gate, switches, bench),
        BookingsApi(gate, switches),
        WebhooksApi(gate, switches),
        CatalogueApi(gate, switches),
        CustomersApi(gate),
        Extras(bench, tenancy, provider),
    )
    for part in parts:
        app.add_routes(part.routes())
    add_control(app, bench, provider)
    app.cleanup_ctx.append(partial(_lapsing, bench.clock, tenancy))
    return app


async def _lapsing(clock: Clock, tenancy: Tenancy, _app: web.Application) -> AsyncIterator[None]:
    """Holds lapse at every access anyway; this lets the event of it come on time."""
    watch = asyncio.create_task(_watch(clock, tenancy))
    yield
    watch.cancel()
    await asyncio.gather(watch, return_exceptions=True)


async def _watch(clock: Clock, tenancy: Tenancy) -> None:
    while True:
        await clock.sleep(1)
        for workspace in tenancy.workspaces:
            workspace.books.settle()
