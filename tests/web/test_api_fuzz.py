"""The API against its own description: whatever is sent, the answer is one that the document promises.

Run by hand: `uv run pytest -m soak tests/web/test_api_fuzz.py`.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeAlias

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import positive_data_acceptance
from schemathesis.core.result import Ok
from tests.sync.test_main_job import NOON
from tests.town import Plan, town

from holdfast.web.openapi import document
from holdfast.web.table import ENDPOINTS

EXAMPLES = 12
KNOWN_IN_PATH = {"id": "1", "name": "salon-boseat"}
KNOWN_IN_QUERY = {"venue": "glasshouse", "unit": "salon"}

BEYOND_THE_DOCUMENT = [positive_data_acceptance]
"""That an end follows its start, that a cursor is one of ours: no schema can say it."""

Operation = Any
"""The library's own type is not exported."""
AnyCase: TypeAlias = Case[Any]

unhurried = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@dataclass(frozen=True)
class Round:
    """One way to make cases: as described or on purpose not so, about things that are there or anything."""

    mode: GenerationMode
    known: bool

    def fixed(self, operation: Operation) -> dict[str, Mapping[str, str]]:
        if not self.known:
            return {}
        told = {
            "path_parameters": (operation.path_parameters, KNOWN_IN_PATH),
            "query": (operation.query, KNOWN_IN_QUERY),
        }
        return {
            place: {each.name: known[each.name] for each in there if each.name in known}
            for place, (there, known) in told.items()
        }


ROUNDS = [Round(mode, known) for mode in GenerationMode for known in (False, True)]


@pytest.fixture
def operations() -> Mapping[str, Operation]:
    described = document(ENDPOINTS)
    del described["security"], described["components"]["securitySchemes"]  # see test_guard.py
    schema = schemathesis.openapi.from_dict(described)
    found = [each.ok() for each in schema.get_all_operations() if isinstance(each, Ok)]
    assert len(found) == len(ENDPOINTS)
    return {operation.definition.raw["operationId"]: operation for operation in found}


def fuzz(operation: Operation, web_url: str) -> None:
    with requests.Session() as session:
        for each in ROUNDS:
            _one_round(operation, each, lambda case: judged(case, session, web_url))


def _one_round(operation: Operation, each: Round, judge: Callable[[AnyCase], None]) -> None:
    @unhurried
    @given(operation.as_strategy(generation_mode=each.mode, **each.fixed(operation)))
    def sent(case: AnyCase) -> None:
        judge(case)

    with suppress(
        Unsatisfiable
    ):  # where everything is fixed, or nothing is asked, nothing can be wrong
        sent()


def judged(case: AnyCase, session: requests.Session, web_url: str) -> None:
    answer = case.call(base_url=web_url, session=session)
    case.validate_response(answer, excluded_checks=BEYOND_THE_DOCUMENT)
    if answer.status_code >= 400:
        told = answer.json()
        assert answer.headers["content-type"][0].startswith("application/problem+json")
        assert told["status"] == answer.status_code


@pytest.mark.soak  # not yet the same in every run
async def test_every_operation_answers_as_described(
    database_url: str, operations: Mapping[str, Operation]
) -> None:
    async with town(database_url, Plan()) as t:
        for side in t.sides.values():
            await side.book("salon", NOON, 60)
        await t.pass_time(30)
        assert await t.rows("select 1 from conflicts")
        for operation in operations.values():
            await asyncio.to_thread(fuzz, operation, t.web_url)
