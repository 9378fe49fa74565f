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

DATABASE_FAILURES = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # shut down, starting up, statement cancelled
    asyncpg.InsufficientResourcesError,  # disk full, out of memory, too many connections
    asyncpg.PostgresSystemError,  # a disk that cannot be read or written
    asyncpg.TransactionRollbackError,  # a deadlock, a serialisation failure
    asyncpg.ObjectNotInPrerequisiteStateError,  # a lock not had in time, no connections taken now
    asyncpg.InvalidTransactionStateError,  # read-only after a failover, idle for too long
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    TimeoutError,
    OSError,
)
"""Postgres does not answer, or not in time, or takes nothing in: asking again may help. Other errors of its
are ours."""

LATE = (
    TimeoutError,
    asyncpg.QueryCanceledError,  # by statement_timeout
    asyncpg.LockNotAvailableError,
)
"""Those of them that say that it takes too long: the server may be well, and this machine busy."""

REFUSED_VALUES = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.ProgramLimitExceededError,
)
"""Those of them that say nothing of the database, but of what it was to keep."""
