"""`/ui/stream`: which topics of a page have changed, for as long as it is open (server-sent events)."""

import asyncio
import json
from contextlib import suppress

from aiohttp import web

from holdfast.web.guard import still_admitted
from holdfast.web.live import BYE, HELLO, PING, PULSE, TOPICS, VENUE, Listener, Pulse
from holdfast.web.people import PERSON, Person
from holdfast.web.problems import FORBIDDEN, Problem, wrong_field

MOST_TOPICS = 16
OF_EVERYBODY = frozenset({"bookings", "conflicts"})
"""Topics that tell no more than that something changed somewhere."""

RETRY_MS = 3000
"""So that a restart does not bring all pages back in the same moment."""
SEND_SECONDS = 10.0
"""Who does not take a few bytes in this time is not there."""


async def page(request: web.Request) -> web.StreamResponse:
    """Say at once that it began, then whatever changes. Raises Problem."""
    topics = topics_asked(request.query.get("topics", ""), request[PERSON])
    pulse = request.app[PULSE]
    listener = Listener(topics, gone=lambda: _left(request))
    with pulse.listening(listener):
        await pulse.look()  # so that whatever changes after the first word is a change
        answer = web.StreamResponse(headers={"X-Accel-Buffering": "no"})
        answer.content_type = "text/event-stream"
        answer.force_close()
        with suppress(ConnectionError, TimeoutError):
            await answer.prepare(request)
            await _tell(answer, HELLO, pulse.version, f"retry: {RETRY_MS}\n")
            await _go_on(request, answer, pulse, listener)
    return answer


async def _go_on(
    request: web.Request, answer: web.StreamResponse, pulse: Pulse, listener: Listener
) -> None:
    while told := await listener.heard():
        if PING in told and not await still_admitted(request):
            await _tell(answer, BYE, pulse.version)
            return
        for event, version in told.items():
            await _tell(answer, event, version)


async def _tell(answer: web.StreamResponse, event: str, version: int, before: str = "") -> None:
    """No id: a browser that comes back asks for everything anyway."""
    async with asyncio.timeout(SEND_SECONDS):
        data = json.dumps({"v": version})
        await answer.write(f"{before}event: {event}\ndata: {data}\n\n".encode())


def _left(request: web.Request) -> bool:
    return request.transport is None or request.transport.is_closing()


def topics_asked(text: str, person: Person) -> frozenset[str]:
    """From the address. Raises Problem for what is no topic, and for a venue that is not his."""
    found = frozenset(text.split(","))
    venues = {topic.removeprefix(VENUE) for topic in found if topic.startswith(VENUE)}
    others = found - {VENUE + name for name in venues}
    if not others <= set(TOPICS) or not all(venues) or len(found) > MOST_TOPICS:
        raise wrong_field("topics", f"at most {MOST_TOPICS} of {', '.join(TOPICS)}, {VENUE}NAME")
    limited = person.venues is not None
    if not all(map(person.sees, venues)) or (limited and not others <= OF_EVERYBODY):
        raise Problem(FORBIDDEN, "This is about more than your own venues.")
    return found
