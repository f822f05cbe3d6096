"""Rows that have to stay beyond their time, and sessions of whose details nothing more is written."""

from server.metadata.migrations.step import Migration

MIGRATION = Migration(
    (
        """
        CREATE TABLE holds (
            id {numbered},
            room TEXT,
            identity TEXT,
            since {moment},
            until {moment},
            reason VARCHAR(16) NOT NULL,
            placed_at {moment} NOT NULL,
            ends_at {moment} NOT NULL,
            lifted INTEGER NOT NULL
        )
        """,
        "CREATE TABLE objections (participant VARCHAR(40) NOT NULL PRIMARY KEY)",
    ),
    # Statistics hold samples of values, and would remember a name that is deleted.
    postgresql=(
        "ALTER TABLE holds ALTER COLUMN room SET STATISTICS 0",
        "ALTER TABLE holds ALTER COLUMN identity SET STATISTICS 0",
        "ALTER TABLE objections ALTER COLUMN participant SET STATISTICS 0",
    ),
)
