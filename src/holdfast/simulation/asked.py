"""What a call to a control side asks for, checked."""

from typing import Any, TypeVar

from aiohttp import web
from pydantic import BaseModel, ValidationError

Model = TypeVar("Model", bound=BaseModel)


async def json_of(request: web.Request) -> dict[str, Any]:
    """Its body, which may be missing. Raises aiohttp's 400."""
    body = await request.json() if request.can_read_body else {}
    if not isinstance(body, dict):
        raise web.HTTPBadRequest(text="expected a JSON object")
    return body


def valid(model: type[Model], body: dict[str, Any]) -> Model:
    """Raises aiohttp's 400."""
    try:
        return model.model_validate(body)
    except ValidationError as error:
        raise web.HTTPBadRequest(text=str(error)) from error
