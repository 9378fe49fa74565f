"""An endpoint as a value: what it takes, what it gives; routing and the OpenAPI document both follow from it."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, Literal, TypeVar

from aiohttp import web
from aiohttp.typedefs import Handler
from pydantic import BaseModel, ValidationError

from holdfast.roles import Role
from holdfast.web.intake import INTAKE, Refusal
from holdfast.web.parts import PARTS, WebParts
from holdfast.web.people import PERSON, Person
from holdfast.web.problems import INVALID, NOT_JSON, REFUSED, Problem, wrong_field, wrong_fields
from holdfast.web.recording import recorded
from holdfast.web.rules import Extent

Wish = TypeVar("Wish", bound=BaseModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A success."""

    body: BaseModel
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint(Generic[Wish]):
    """`asked` holds the path's parameters together with the query's, or for POST the body's.

    `needs` and `venues` as in a Screen: what a person must be, and whether it keeps to his own venues.
    """

    method: Literal["GET", "POST"]
    path: str
    name: str
    summary: str
    needs: Role
    asked: type[Wish]
    gives: type[BaseModel]
    handle: Callable[[WebParts, Wish, Person], Awaitable[Answer]]
    venues: Extent = "own"
    from_headers: tuple[str, ...] = ()
    """What of `asked` comes in headers of these names."""
    statuses: Mapping[int, str] = field(default_factory=lambda: {200: "As asked"})
    problems: tuple[int, ...] = ()

    def on_request(self) -> Handler:
        """What aiohttp calls."""

        async def handler(request: web.Request) -> web.Response:
            answer = await self._answered(request, await self._read(request))
            return web.Response(
                text=answer.body.model_dump_json(),
                status=answer.status,
                headers=answer.headers,
                content_type="application/json",
            )

        return handler

    async def _answered(self, request: web.Request, wish: Wish) -> Answer:
        parts, person = request.app[PARTS], request[PERSON]
        if self.method == "GET":
            return await self.handle(parts, wish, person)
        said = wish.model_dump(mode="json", include={"action", "reason", "dry_run"})
        async with recorded(request, "api", said) as record:
            answer = await self.handle(parts, wish, person)
            record.status = answer.status
        return answer

    async def _read(self, request: web.Request) -> Wish:
        given = _query(request) if self.method == "GET" else await _json_object(request)
        for name in self.from_headers:
            if name in given:
                raise wrong_field(name, "a header, not a part of the body", REFUSED)
            given |= {name: request.headers[name]} if name in request.headers else {}
        try:
            return self.asked.model_validate(given | dict(request.match_info))
        except ValidationError as error:
            raise wrong_fields(error, INVALID if self.method == "GET" else REFUSED) from error


def _query(request: web.Request) -> dict[str, object]:
    """A parameter that is repeated is a list."""
    found = {name: request.query.getall(name) for name in request.query}
    return {name: values if len(values) > 1 else values[0] for name, values in found.items()}


async def _json_object(request: web.Request) -> dict[str, object]:
    """Only what is declared as JSON: no foreign page can send that without asking first."""
    if request.content_type != "application/json":
        raise Problem(NOT_JSON, "Send `Content-Type: application/json`.")
    try:
        async with request.app[INTAKE].body(request) as sent:
            body = json.loads(sent)
    except Refusal as refusal:
        raise refusal.problem from refusal
    except (ValueError, RecursionError) as error:
        raise Problem(INVALID, "The body is not JSON.") from error
    if not isinstance(body, dict):
        raise Problem(INVALID, "The body must be a JSON object.")
    return body
