"""How asyncpg says that the database is away."""

import asyncpg

DATABASE_TROUBLE = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a connection that was reset while it was being handed back
    OSError,
    TimeoutError,
)
"""A long-running task waits and looks again, whichever of these it is."""

REFUSED_VALUES = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.ProgramLimitExceededError,
)
"""Those of them that say nothing of the database, but of what it was to keep."""
