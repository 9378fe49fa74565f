"""The command `audit`: the plan as a careful operator would write it, then the repair and what became of each."""

import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import click
from redis.asyncio import Redis

from holdfast.budget import spending
from holdfast.channel import ChannelError, Limited
from holdfast.complaints import Unusable
from holdfast.inventory.audit import Finding
from holdfast.progress import steps
from holdfast.recorded import whoever_types
from holdfast.settings import Settings, database_of
from holdfast.store import configuration
from holdfast.sync.audit import Report, audit
from holdfast.sync.parts import Account, Parts, wake_nobody
from holdfast.sync.restored import doubt
from holdfast.terminal import clock_of
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How to audit. `restored`: the database is from a backup, and does not know what it did since."""

    dry_run: bool = False
    as_json: bool = False
    restored: bool = False


async def run(environ: Mapping[str, str], scope: Scope, manner: Manner) -> None:
    """Audit and print. Raises Unusable for a name that is not known, and after all others are done for a
    channel that could not be read, or for what is left to people.
    """
    async with _parts(environ) as (parts, zones):
        pairs = _pairs(parts, scope)
        if manner.restored:
            await _doubt(parts, manner)
        troubles: list[str] = []
        with steps(len(pairs), "Audit") as step:
            for account, venue_id in pairs:
                where = f"{account.name} at {parts.premises[venue_id].name}"
                try:
                    report = await patiently(parts, account, venue_id, dry_run=manner.dry_run)
                except ChannelError as error:
                    troubles.append(f"{where} could not be read: {error}")
                    step([])
                    continue
                zone = zones[venue_id]
                step([json.dumps(plain(report))] if manner.as_json else told(report, zone))
                troubles += [f"{where}: {trouble}" for trouble in _troubles(report)]
    if troubles:
        raise Unusable("; ".join(troubles))


async def _doubt(parts: Parts, manner: Manner) -> None:
    if manner.dry_run:
        raise Unusable("--restored changes what is about to be done: not with --dry-run")
    doubts = await doubt(parts.pool, parts.now(), whoever_types())
    if not manner.as_json:
        click.echo(
            f"Restored from a backup: {counted(doubts.blocks, 'block')} looked for before any is placed,"
            f" {counted(doubts.decisions, 'decision')} open again, nothing is released before all is read."
        )


def _troubles(report: Report) -> Iterator[str]:
    """What an audit that was to repair leaves as it is; what is under way by the ordinary path is none of it."""
    left = sum(one.left for one in report.became)
    if left:
        yield f"{counted(left, 'difference')} left"
    if not report.look.complete:
        yield "not everything could be read"


async def patiently(parts: Parts, account: Account, venue_id: int, *, dry_run: bool) -> Report:
    """An audit that waits for its turn: workers read beside it. Raises ChannelError."""
    with spending("probes"):
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
        clock = await clock_of(url)  # what is read here is compared with what workers read
        base = Base(database_url=url, redis=redis, clock=clock, environ=environ)
        wiring = await stack.enter_async_context(wired(base, wake_nobody))
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
