"""That the file is to be rewritten, and which batch came last, as rows that both databases can hold."""

from server.metadata.migrations.step import Migration

MIGRATION = Migration(
    (
        """
        CREATE TABLE upkeep (
            id INTEGER NOT NULL PRIMARY KEY,
            rewrite_due INTEGER NOT NULL,
            batch VARCHAR(40) NOT NULL
        )
        """,
        "INSERT INTO upkeep (id, rewrite_due, batch) VALUES (1, 0, '')",
    ),
    # Where SQLite had it before.
    sqlite=(
        "UPDATE upkeep SET rewrite_due = (SELECT user_version FROM pragma_user_version)",
        "PRAGMA user_version = 0",
    ),
)
