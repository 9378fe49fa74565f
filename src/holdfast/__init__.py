"""One calendar per room and table, and every channel in agreement with it.

Zones come from the package `tzdata` that pyproject.toml demands, and from nowhere else: a machine's own files may be
years older, and a venue's day must begin at the same instant in every process. SQL reckons in instants only.
"""

from zoneinfo import ZoneInfo, reset_tzpath

reset_tzpath(())
ZoneInfo.clear_cache()
