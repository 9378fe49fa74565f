"""What machine the figures are of."""

import os
import platform
from collections.abc import Mapping
from pathlib import Path

from holdfast.clock import Clock
from holdfast.embedded import postgres_version


async def machine(clock: Clock) -> Mapping[str, str]:
    """Its size and the versions that count; the day is UTC's."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cores": str(os.cpu_count()),
        "CPU": _model(),
        "memory": f"{memory / 2**30:.0f} GiB",
        "Python": platform.python_version(),
        "Postgres": await postgres_version(),
        "date": f"{clock.now():%Y-%m-%d}",
    }


def _model() -> str:
    """As the kernel names it, where it does."""
    told = Path("/proc/cpuinfo")
    lines = told.read_text().splitlines() if told.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
