"""How the instants of a case are put: on the clock of its venue. No I/O."""

from datetime import datetime, timedelta

from holdfast.inventory.case import Case
from holdfast.inventory.model import Span
from holdfast.inventory.wall import over_midnight


def times(case: Case, span: Span) -> str:
    if both := over_midnight(span.start, span.end, case.zone):
        return both
    start, end = span.start.astimezone(case.zone), span.end.astimezone(case.zone)
    day = f"{start:%a} " if start.date() != case.span.start.astimezone(case.zone).date() else ""
    return f"{day}{start:%H:%M}-{end:%H:%M}"


def clock(case: Case, at: datetime) -> str:
    """Today the time of day, with seconds; else the day, too."""
    local, today = at.astimezone(case.zone), case.now.astimezone(case.zone).date()
    return f"{local:%H:%M:%S}" if local.date() == today else f"{local:%d %b %H:%M}"


def age(age: timedelta) -> str:
    seconds = max(0, int(age.total_seconds()))
    if seconds < 120:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 7200 else f"{seconds // 3600} h"
