"""The command `audit`: the plan as a careful operator would write it, then the repair and what became of each."""

import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import click
from redis.asyncio import Redis

from holdfast.agreement import agreed
from holdfast.channel import ChannelError, Limited
from holdfast.clock import SystemClock
from holdfast.complaints import Unusable
from holdfast.inventory.audit import Finding
from holdfast.settings import Settings, database_of
from holdfast.store import configuration
from holdfast.sync.audit import Report, audit
from holdfast.sync.parts import Account, Parts
from holdfast.web.words import counted, day_and_time
from holdfast.wiring import Base, wired

TURNS, LONGEST_WAIT = 3, 90.0
"""So often is a limit waited for, and so many seconds at most."""

SIGNS = {
    "missing_here": "+",
    "missing_there": "-",
    "differing": "~",
    "orphan_block": "-",
    "exposure": "!",
}
WILL = {
    "missing_here": "will be observed",
    "missing_there": "will be read by its id, then ended here",
    "differing": "newer there, will be updated here",
    "orphan_block": "will be released",
    "exposure": "will be closed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which accounts and venues, by name; None: all."""

    venue: str | None
    account: str | None


async def run(environ: Mapping[str, str], scope: Scope, *, dry_run: bool, as_json: bool) -> None:
    """Audit and print. Raises Unusable for a name that is not known, and after all others are done for a
    channel that could not be read.
    """
    async with _parts(environ) as (parts, zones):
        failed: list[str] = []
        for account, venue_id in _pairs(parts, scope):
            try:
                report = await patiently(parts, account, venue_id, dry_run=dry_run)
            except ChannelError as error:
                failed.append(f"{account.name} at {parts.premises[venue_id].name}: {error}")
                continue
            lines = [json.dumps(plain(report))] if as_json else told(report, zones[venue_id])
            click.echo("\n".join(lines))
    if failed:
        raise Unusable(f"could not be read: {'; '.join(failed)}")


async def patiently(parts: Parts, account: Account, venue_id: int, *, dry_run: bool) -> Report:
    """An audit that waits for its turn: workers read beside it. Raises ChannelError."""
    for _ in range(TURNS):
        try:
            return await audit(parts, account, venue_id, dry_run=dry_run)
        except Limited as limited:
            if limited.retry_after > LONGEST_WAIT:
                raise
            await parts.clock.sleep(limited.retry_after)
    return await audit(parts, account, venue_id, dry_run=dry_run)


@asynccontextmanager
async def _parts(environ: Mapping[str, str]) -> AsyncIterator[tuple[Parts, Mapping[int, ZoneInfo]]]:
    settings = Settings.from_environ(environ)
    async with AsyncExitStack() as stack:
        redis = Redis.from_url(settings.redis_url) if settings.redis_url else None
        if redis is not None:  # one budget with the workers
            await stack.enter_async_context(redis)
        url = database_of(settings)
        clock = await agreed(
            SystemClock(), url
        )  # what is read here is compared with what workers read
        base = Base(database_url=url, redis=redis, clock=clock, environ=environ)
        wiring = await stack.enter_async_context(wired(base, lambda: None))
        book = await configuration.load(wiring.parts.pool)
        yield wiring.parts, {row.id: ZoneInfo(row.timezone) for row in book.venues.values()}


def _pairs(parts: Parts, scope: Scope) -> list[tuple[Account, int]]:
    accounts = sorted(parts.accounts.values(), key=lambda a: a.name)
    pairs = [
        (account, venue_id)
        for account in accounts
        for venue_id in sorted(set(account.venues.values()))
        if scope.account in (None, account.name)
        and scope.venue in (None, parts.premises[venue_id].name)
        and account.mode != "paused"
    ]
    if not pairs:
        raise Unusable("no such account sells at such a venue: see --account and --venue")
    return pairs


def told(report: Report, zone: ZoneInfo) -> list[str]:
    """For people: what was compared, each difference and its fate, and what to do."""
    look = report.look
    seconds = (report.ended_at - look.began_at).total_seconds()
    head = (
        f"{report.account} at {report.venue}: compared {counted(len(look.shown), 'booking')}"
        f" and {counted(look.offers, 'offer')} in {seconds:.1f} s"
    )
    lines = [head, *_lines(report, zone)]
    if not look.scanned:
        lines.append("Not every booking could be read: nothing was concluded from absence.")
    elif not look.complete:
        lines.append("Not every offer could be read: more may be exposed.")
    return [*lines, _sum(report)]


def _lines(report: Report, zone: ZoneInfo) -> Iterator[str]:
    fates = [one.how for one in report.became] or [_will(report, f) for f in report.look.findings]
    for finding, fate in zip(report.look.findings, fates, strict=True):
        kind = f"{SIGNS[finding.kind]} {finding.kind.replace('_', ' ')}"
        when = day_and_time(finding.span.start, zone) if finding.span else "no time known"
        where = " ".join(part for part in (finding.listing or "unmapped", _short(finding)) if part)
        yield f"  {kind:<16} {when:<18} {where:<34} {_what(finding):<32} {fate}".rstrip()


def _short(finding: Finding) -> str:
    ref = finding.ref or ""
    return ref if len(ref) <= 12 else f"{ref[:10]}\N{HORIZONTAL ELLIPSIS}"


def _what(finding: Finding) -> str:
    party = f"party {finding.party_size}" if finding.party_size and not finding.ours else ""
    return finding.what or party


def _will(report: Report, finding: Finding) -> str:
    if finding.kind == "missing_there" and report.look.braked:
        return "will be held back by the brake"
    if finding.kind == "missing_there" and finding.ours:
        return "will be placed again if wanted"
    return WILL[finding.kind]


def _sum(report: Report) -> str:
    found = len(report.look.findings)
    if not found:
        return "No difference."
    amount = counted(found, "difference")
    if not report.became:
        names = f"--account {report.account} --venue {report.venue}"
        return f"{amount}. Nothing was changed. Repair with: holdfast audit {names}"
    left = sum(one.left for one in report.became)
    return f"{amount}, {left or 'none'} left."


def plain(report: Report) -> dict[str, object]:
    """For programs: one object for each account and venue."""
    look = report.look
    return {
        "account": report.account,
        "venue": report.venue,
        "began_at": look.began_at.isoformat(),
        "ended_at": report.ended_at.isoformat(),
        "complete": look.complete,
        "bookings": len(look.shown),
        "offers": look.offers,
        "dry_run": not report.became and bool(look.findings),
        "findings": _plain_findings(report),
    }


def _plain_findings(report: Report) -> Sequence[Mapping[str, object]]:
    if report.became:
        return [one.plain() for one in report.became]
    return [{**finding.plain(), "will": _will(report, finding)} for finding in report.look.findings]
