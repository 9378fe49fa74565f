"""Audits: what each found, and what became of it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from holdfast.store.queries import load

_SQL = load("audits")


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One audit of an account at a venue; findings as JSON, without guest data."""

    account_id: int
    venue_id: int
    began_at: datetime
    ended_at: datetime
    complete: bool
    findings: Sequence[Mapping[str, object]]


async def add(connection: asyncpg.Connection, record: Record) -> int:
    """Keep it; returns its id."""
    added: int = await connection.fetchval(
        _SQL["add"],
        record.account_id,
        record.venue_id,
        record.began_at,
        record.ended_at,
        record.complete,
        json.dumps([dict(finding) for finding in record.findings]),
    )
    return added


async def forget(connection: asyncpg.Connection, before: datetime) -> None:
    """Drop those that are old."""
    await connection.execute(_SQL["forget"], before)
