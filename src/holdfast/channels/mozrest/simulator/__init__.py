"""A Mozrest on a real socket: the API below /v1/bc, its webhooks, and a control side.

The control side common to all providers is described in `holdfast.simulation.control`, the further routes
of this one in `venue_side`, every switch in `switches`, and the JSON form of a world in `world.World`:

    {"keys": [{"key": "<api key>", "channel": "<booking channel id>"}],
     "venues": [{"id": "<id>", "name": "Glasshouse", "timezone": "Europe/Paris", "opens": "08:00",
       "closes": "23:00", "holding_seconds": 420,
       "areas": [{"id": "<area id>", "name": "salon", "booking_type": "<id>", "takes": "one",
         "tables": [{"id": "t1", "seats": 4}, {"id": "t2", "seats": 6, "least": 3}],
         "turn": {"2": 90, "8": 150}}]}]}

A venue without areas has one area whose `id` is null. A place is `venue_id/area_id`, or `venue_id`.
"""

from aiohttp import web
from aiohttp.typedefs import Middleware

from holdfast.channels.mozrest.simulator.api import Api
from holdfast.channels.mozrest.simulator.desk import Desk, mark_cancelled
from holdfast.channels.mozrest.simulator.faces import Faces
from holdfast.channels.mozrest.simulator.hooks import Hooks
from holdfast.channels.mozrest.simulator.provider import Provider
from holdfast.channels.mozrest.simulator.state import State
from holdfast.channels.mozrest.simulator.venue_side import VenueSide
from holdfast.channels.mozrest.simulator.world import EXAMPLE, World
from holdfast.kind import SimulatorOptions
from holdfast.simulation.control import Bench, add_control, set_switches
from holdfast.simulation.faults import Handler


def simulate(options: SimulatorOptions) -> web.Application:
    """The webhook secret is a bearer token; `user:password` or `Header-Name: token` as `webhook_auth` says."""
    bench = Bench(options.clock, options.seed)
    world = World.model_validate(EXAMPLE if options.world is None else options.world)
    state = State(bench=bench, world=world, webhook=options.webhook)
    faces, desk = Faces(state), Desk(state)
    hooks = Hooks(state, faces)
    provider = Provider(state, desk, hooks)
    set_switches(provider, options.switches)
    app = bench.application()
    app.middlewares.append(_keep_time(state, hooks))
    app.add_routes(Api(state, desk, faces, hooks).routes())
    app.add_routes(VenueSide(state, hooks, provider).routes())
    add_control(app, bench, provider)
    return app


def _keep_time(state: State, hooks: Hooks) -> Middleware:
    """Before every access, what the clock has ended is over: holds lapse, unpaid bookings are dropped."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        for entry in state.books.ended(state.now):
            if entry.status == "held":
                entry.status = "expired"
                hooks.lapsed(entry)
            elif entry.status == "require_payment":
                mark_cancelled(entry, state.now, "payment", "Not paid in time")
                hooks.settled(entry)
        return await handler(request)

    return middleware
