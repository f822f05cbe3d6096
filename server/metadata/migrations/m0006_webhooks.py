"""How far each receiver of webhooks was told."""

from server.metadata.migrations.step import Migration

MIGRATION = Migration(
    ("CREATE TABLE webhooks (receiver VARCHAR(64) NOT NULL PRIMARY KEY, told BIGINT NOT NULL)",)
)
