"""How a ledger came to have the tables it has: numbered steps, each run once, in order, never changed.

The list is ours rather than Alembic's: a ledger has a few tables and only ever goes forward, so what is
needed is a number in the database and one transaction, under the claim of the server that starts.
"""

from server.metadata.migrations import (
    m0001_events,
    m0002_upkeep,
    m0003_at_a_million,
    m0004_connections,
    m0005_holds,
    m0006_webhooks,
)

MIGRATIONS = (
    m0001_events.MIGRATION,
    m0002_upkeep.MIGRATION,
    m0003_at_a_million.MIGRATION,
    m0004_connections.MIGRATION,
    m0005_holds.MIGRATION,
    m0006_webhooks.MIGRATION,
)
"""The version of a ledger is how many of these it has seen."""
