"""The API's one route table: aiohttp's routes and `/openapi.json` are both made from it."""

from typing import Any

from holdfast.web import api, settling, shapes
from holdfast.web.endpoints import Endpoint

API = "/api/v1"

ENDPOINTS: tuple[Endpoint[Any], ...] = (
    Endpoint(
        method="GET",
        path=f"{API}/bookings",
        name="bookings",
        summary="Bookings, newest first",
        asked=shapes.BookingsAsked,
        gives=shapes.Bookings,
        handle=api.bookings,
    ),
    Endpoint(
        method="POST",
        path=f"{API}/bookings",
        name="book",
        summary="Make a direct booking",
        asked=shapes.DirectBookingAsked,
        gives=shapes.BookingDetail,
        handle=api.book,
        statuses={201: "Booked; the other channels are being closed"},
        problems=(415, 422),
    ),
    Endpoint(
        method="GET",
        path=f"{API}/bookings/{{id}}",
        name="booking",
        summary="One booking with its masked guest and its journal",
        asked=shapes.BookingAsked,
        gives=shapes.BookingDetail,
        handle=api.booking,
        problems=(404,),
    ),
    Endpoint(
        method="POST",
        path=f"{API}/bookings/{{id}}/cancel",
        name="cancel",
        summary="Cancel a booking where it was made",
        asked=shapes.CancelAsked,
        gives=shapes.Cancelled,
        handle=api.cancel,
        statuses={200: "Cancelled", 202: "Asked of the channel, which has not confirmed yet"},
        problems=(404, 415, 422),
    ),
    Endpoint(
        method="GET",
        path=f"{API}/blocks",
        name="blocks",
        summary="What we hold or booked at the channels, newest first",
        asked=shapes.BlocksAsked,
        gives=shapes.Blocks,
        handle=api.blocks,
    ),
    Endpoint(
        method="GET",
        path=f"{API}/conflicts",
        name="conflicts",
        summary="What a person should settle, newest first",
        asked=shapes.ConflictsAsked,
        gives=shapes.Conflicts,
        handle=api.conflicts,
    ),
    Endpoint(
        method="GET",
        path=f"{API}/conflicts/{{id}}",
        name="conflict",
        summary="One conflict: how it arose, and what can be done with which calls",
        asked=settling.ConflictAsked,
        gives=settling.ConflictDetail,
        handle=settling.conflict,
        problems=(404,),
    ),
    Endpoint(
        method="POST",
        path=f"{API}/conflicts/{{id}}/actions",
        name="settle",
        summary="Decide a conflict, or only show the calls that would be made",
        asked=settling.ActionAsked,
        gives=settling.Decided,
        handle=settling.settle,
        statuses={
            200: "Dry run: nothing was done",
            202: "Decided; channels may have to confirm it",
        },
        problems=(404, 409, 415, 422),
    ),
    Endpoint(
        method="GET",
        path=f"{API}/accounts",
        name="accounts",
        summary="Every account and how it stands",
        asked=shapes.NothingAsked,
        gives=shapes.Accounts,
        handle=api.accounts,
    ),
    Endpoint(
        method="GET",
        path=f"{API}/listings/{{name}}/exposure",
        name="exposure",
        summary="Offers of a listing that are sellable twice now",
        asked=shapes.ExposureAsked,
        gives=shapes.Exposures,
        handle=api.exposure,
        problems=(404,),
    ),
)
