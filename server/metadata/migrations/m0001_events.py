"""Events, and when the server was last known to run."""

from server.metadata.migrations.step import Migration

MIGRATION = Migration(
    (
        """
        CREATE TABLE events (
            id {counting},
            at {moment} NOT NULL,
            expires_at {moment} NOT NULL,
            event VARCHAR(32) NOT NULL,
            room TEXT,
            identity TEXT,
            participant VARCHAR(40),
            body TEXT NOT NULL
        )
        """,
        "CREATE INDEX events_by_expiry ON events (expires_at)",
        "CREATE INDEX events_by_time ON events (event, at)",
        "CREATE INDEX events_by_participant ON events (participant, event)",
        "CREATE INDEX events_by_room ON events (room, at)",
        "CREATE INDEX events_by_identity ON events (identity, at)",
        "CREATE TABLE alive (id INTEGER NOT NULL PRIMARY KEY, at {moment} NOT NULL)",
    ),
    # Statistics hold samples of values, and would remember a name that is deleted.
    postgresql=tuple(
        f"ALTER TABLE events ALTER COLUMN {column} SET STATISTICS 0"
        for column in ("room", "identity", "participant", "body")
    ),
)
