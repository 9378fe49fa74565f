"""The OpenAPI 3.1 document of the route table. No I/O."""

import re
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from holdfast.web.endpoints import Endpoint
from holdfast.web.problems import BY_STATUS, UNAVAILABLE, ProblemBody

Schema = dict[str, Any]

_TEMPLATE = "#/components/schemas/{model}"
_IN_PATH = re.compile(r"{(\w+)}")
_ALWAYS = (400, 401, 403)
_OF_BODIES = (408, 413, 415, 422)


def document(endpoints: Iterable[Endpoint[Any]]) -> Schema:
    """What clients and their generators read."""
    endpoints = tuple(endpoints)
    paths: dict[str, Schema] = {}
    for endpoint in endpoints:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Holdfast",
            "version": version("holdfast"),
            "description": "One calendar per unit, and every channel in agreement with it.",
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": _schemas(endpoints),
        },
    }


def _schemas(endpoints: Iterable[Endpoint[Any]]) -> Schema:
    """All models that are given, and those inside what is asked."""
    endpoints = tuple(endpoints)
    given = [endpoint.gives for endpoint in endpoints] + [ProblemBody]
    _, found = models_json_schema(
        [(model, "serialization") for model in given], ref_template=_TEMPLATE
    )
    inner: Schema = {}
    for endpoint in endpoints:
        inner |= endpoint.asked.model_json_schema(ref_template=_TEMPLATE).get("$defs", {})
    schemas: Schema = inner | found["$defs"]
    return schemas


def _operation(endpoint: Endpoint[Any]) -> Schema:
    schema = endpoint.asked.model_json_schema(ref_template=_TEMPLATE)
    in_path = set(_IN_PATH.findall(endpoint.path))
    apart = {*in_path, *endpoint.from_headers}
    given = {name: part for name, part in schema["properties"].items() if name not in apart}
    required = [name for name in schema.get("required", ()) if name not in in_path]
    operation: Schema = {
        "operationId": endpoint.name,
        "summary": endpoint.summary,
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": schema["properties"][name]}
            for name in sorted(in_path)
        ]
        + [
            {"name": name, "in": "header", "required": False, "schema": schema["properties"][name]}
            for name in endpoint.from_headers
        ],
        "responses": _responses(endpoint),
    }
    if endpoint.method == "GET":
        operation["parameters"] += _query(given, required)
    else:
        operation["requestBody"] = _body(given, required)
    return operation


def _query(given: Mapping[str, Schema], required: Sequence[str]) -> list[Schema]:
    return [
        {"name": name, "in": "query", "required": name in required, "schema": part}
        for name, part in given.items()
    ]


def _body(given: Mapping[str, Schema], required: Sequence[str]) -> Schema:
    schema = {
        "type": "object",
        "properties": given,
        "required": required,
        "additionalProperties": False,
    }
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def _responses(endpoint: Endpoint[Any]) -> Schema:
    problem = _content("application/problem+json", ProblemBody)
    body = _OF_BODIES if endpoint.method == "POST" else ()
    refused = sorted({*_ALWAYS, *body, *endpoint.problems})
    return {
        **{
            str(status): {"description": why, **_content("application/json", endpoint.gives)}
            for status, why in endpoint.statuses.items()
        },
        **{str(status): {"description": BY_STATUS[status].title, **problem} for status in refused},
        str(UNAVAILABLE.status): {"description": UNAVAILABLE.title, **problem},
    }


def _content(kind: str, model: type[BaseModel]) -> Schema:
    return {"content": {kind: {"schema": {"$ref": _TEMPLATE.format(model=model.__name__)}}}}
