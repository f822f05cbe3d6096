"""Indexes with which a ledger of a million sessions is read in order of time and joined by session."""

from server.metadata.migrations.step import Migration

MIGRATION = Migration(
    (
        "CREATE INDEX events_by_moment ON events (at)",
        "DROP INDEX events_by_participant",
        "CREATE INDEX events_by_participant ON events (participant, event, at)",
    )
)
