"""Puts on record what people and programs do here: before it is done, and then how it ended."""

import re
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web

from holdfast.roles import NAME
from holdfast.store import actions
from holdfast.store.actions import Deed, Outcome, Via
from holdfast.store.trouble import DATABASE_FAILURES
from holdfast.web.parts import PARTS
from holdfast.web.people import PERSON
from holdfast.web.problems import STALE, Problem

_WORD = re.compile(r"[a-z_]{1,40}", re.ASCII)
_ABOUT = re.compile(rf"[0-9]+(,[0-9]+)*|{NAME.pattern}", re.ASCII)


REHEARSED = web.RequestKey("rehearsed", bool)
"""Set by whoever only showed what would be done."""


@dataclass(slots=True)
class Record:
    """How it ended, as far as it is known."""

    status: int = 500

    def ends(self, answer: web.StreamResponse) -> web.StreamResponse:
        """By the answer itself, which is handed on."""
        self.status = answer.status
        return answer


@asynccontextmanager
async def recorded(
    request: web.Request, via: Via, said: Mapping[str, object]
) -> AsyncIterator[Record]:
    """The block does what was asked; what it raises says how that ended, and goes on."""
    pool, record = request.app[PARTS].pool, Record()
    number = await actions.begin(pool, _deed(request, via, said), request.app[PARTS].clock.now())
    try:
        yield record
    except Problem as problem:
        record.status = problem.kind.status
        raise
    except web.HTTPException as answer:
        record.status = answer.status
        raise
    finally:
        shown = request.get(REHEARSED, False) and record.status < 400
        await _told(request, number, "shown" if shown else _outcome(record.status))


async def _told(request: web.Request, number: int, outcome: Outcome) -> None:
    """What was done is done, whether or not it can be said just now."""
    try:
        await actions.end(request.app[PARTS].pool, number, outcome)
    except DATABASE_FAILURES:
        return


def _outcome(status: int) -> Outcome:
    if status < 400:
        return "ok"
    if status == STALE.status:
        return "stale"
    return "refused" if status < 500 else "failed"


def _deed(request: web.Request, via: Via, said: Mapping[str, object]) -> Deed:
    """In the words of the form or body, as far as they can be nobody's name or address but our people's."""
    resource = request.match_info.route.resource
    words = (resource.canonical if resource else "").strip("/").split("/")
    named = [word for word in words if not word.startswith("{")]
    what = _said(said, ("act", "action"), _WORD) or named[-1]
    about = _said(said, ("ids", "person", "token"), _ABOUT)
    return Deed(
        who=request[PERSON].name,
        via=via,
        what=f"{what} (dry run)" if said.get("dry_run") is True else what,
        object=f"{request.path} {about}".strip(),
        reason=str(said.get("reason", "")).strip(),
    )


def _said(said: Mapping[str, object], names: Iterable[str], kind: re.Pattern[str]) -> str:
    found = [str(said[name]) for name in names if kind.fullmatch(str(said.get(name, "")))]
    return found[0] if found else ""
