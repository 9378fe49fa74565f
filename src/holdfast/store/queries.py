"""Loads named SQL: `-- name --` starts a query, the comment below it says why, the rest is the query."""

import re
from functools import cache
from importlib.resources import files

_NAME = re.compile(r"^-- (\w+) --$", re.MULTILINE)


@cache
def load(module: str, package: str = "holdfast.store") -> dict[str, str]:
    """The queries of `<module>.sql` in a package by name. Raises KeyError at use for an unknown name."""
    text = (files(package) / f"{module}.sql").read_text(encoding="utf-8")
    parts = _NAME.split(text)[1:]
    return dict(zip(parts[::2], (query.strip() for query in parts[1::2]), strict=True))
