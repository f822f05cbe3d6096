"""A line for each attempt to join, told from the events that are there.

What the lines are: `server.metadata.projection`. This is what it was when this step was written.
"""

from __future__ import annotations

from collections.abc import Callable

from server.metadata.migrations.step import Migration

_TABLE = """
    CREATE TABLE connections (
        number {numbered},
        room TEXT,
        identity TEXT,
        participant VARCHAR(40),
        code VARCHAR(9) NOT NULL,
        site TEXT NOT NULL,
        joined_at {moment} NOT NULL,
        active_at {moment},
        left_at {moment},
        stage VARCHAR(16),
        outcome VARCHAR(32),
        failed BOOLEAN NOT NULL,
        attempts INTEGER NOT NULL,
        milliseconds BIGINT,
        join_milliseconds INTEGER,
        sdk VARCHAR(16) NOT NULL,
        sdk_version VARCHAR(14) NOT NULL,
        browser VARCHAR(16) NOT NULL,
        browser_version INTEGER NOT NULL,
        system VARCHAR(16) NOT NULL,
        usual_quality VARCHAR(16) NOT NULL,
        worst_quality VARCHAR(16) NOT NULL,
        expires_at {moment} NOT NULL
    )
"""
_COLUMNS = (
    "room, identity, participant, code, site, joined_at, active_at, left_at, stage, outcome, failed, "
    "attempts, milliseconds, join_milliseconds, sdk, sdk_version, browser, browser_version, system, "
    "usual_quality, worst_quality, expires_at"
)
_UNWANTED = (
    "'connection_lost', 'never_ready', 'relay_lost', 'state_mismatch', 'protocol_error', 'slow_reader', "
    "'server_crash'"
)


def _fill(of: Callable[[str], str]) -> tuple[str, str]:
    """Sessions, then what was refused. `of` says a field of an event's body, given as `alias.field`."""
    sessions = f"""
        INSERT INTO connections ({_COLUMNS})
        SELECT b.room, b.identity, b.participant, coalesce({of("b.code")}, ''), coalesce({of("b.site")}, ''),
            b.at, a.at, l.at, {of("t.stage")}, {of("l.reason")},
            coalesce({of("t.cause")}, 'none') <> 'none' OR coalesce({of("l.reason")}, '') IN ({_UNWANTED}),
            1, CAST({of("l.milliseconds")} AS BIGINT), CAST({of("a.join_milliseconds")} AS BIGINT),
            coalesce({of("b.sdk")}, 'unknown'), coalesce({of("b.sdk_version")}, ''),
            coalesce({of("b.browser")}, 'none'), coalesce(CAST({of("b.browser_version")} AS BIGINT), 0),
            coalesce({of("b.system")}, 'unknown'),
            coalesce({of("l.usual_quality")}, 'unknown'), coalesce({of("l.worst_quality")}, 'unknown'),
            b.expires_at
        FROM events b
        LEFT JOIN events a ON a.participant = b.participant AND a.event = 'participant_active'
        LEFT JOIN events t ON t.participant = b.participant AND t.event = 'attempt_ended'
        LEFT JOIN events l ON l.participant = b.participant AND l.event = 'participant_left'
        WHERE b.event = 'participant_joined'
        ORDER BY b.id
    """  # noqa: S608 - words of this file
    refused = f"""
        INSERT INTO connections ({_COLUMNS})
        SELECT b.room, b.identity, NULL, {of("b.code")}, coalesce({of("b.site")}, ''),
            b.at - coalesce(CAST({of("b.milliseconds")} AS DOUBLE PRECISION), 0) / 1000, NULL, b.at,
            {of("b.stage")}, {of("b.cause")}, TRUE, coalesce(CAST({of("b.count")} AS BIGINT), 1),
            CAST({of("b.milliseconds")} AS BIGINT), NULL, 'unknown', '', 'none', 0, 'unknown',
            'unknown', 'unknown', b.expires_at
        FROM events b
        WHERE b.event = 'attempts_refused' OR (b.event = 'attempt_ended' AND b.participant = '')
        ORDER BY b.id
    """  # noqa: S608 - words of this file
    return sessions, refused


def _indexes(failed: str) -> tuple[str, ...]:
    """Made when the lines are there: that is faster."""
    return (
        "CREATE INDEX connections_by_time ON connections (joined_at, number)",
        "CREATE INDEX connections_by_room ON connections (room, joined_at, number)",
        "CREATE INDEX connections_by_identity ON connections (identity, joined_at, number)",
        "CREATE INDEX connections_by_participant ON connections (participant)",
        "CREATE INDEX connections_by_code ON connections (code, joined_at, number)",
        "CREATE INDEX connections_by_end ON connections (left_at, joined_at)",
        "CREATE INDEX connections_by_expiry ON connections (expires_at)",
        "CREATE INDEX connections_by_site ON connections (site, joined_at, number) WHERE site <> ''",
        "CREATE INDEX connections_by_sdk ON connections (sdk, joined_at, number) WHERE sdk <> 'js'",
        "CREATE INDEX connections_by_browser ON connections (browser, joined_at, number) "
        "WHERE browser <> 'none'",
        "CREATE INDEX connections_by_stage ON connections (stage, joined_at, number) WHERE stage <> 'media'",
        "CREATE INDEX connections_by_outcome ON connections (outcome, joined_at, number) "
        "WHERE outcome <> 'client_left'",
        f"CREATE INDEX connections_failed ON connections (joined_at, number) WHERE {failed}",
        f"CREATE INDEX connections_failed_by_end ON connections (left_at) WHERE {failed}",
    )


def _in_sqlite(field: str) -> str:
    alias, _, name = field.partition(".")
    return f"json_extract({alias}.body, '$.{name}')"


def _in_postgresql(field: str) -> str:
    alias, _, name = field.partition(".")
    return f"(CAST({alias}.body AS JSON) ->> '{name}')"


MIGRATION = Migration(
    (_TABLE,),
    sqlite=(*_fill(_in_sqlite), *_indexes("failed = 1")),
    # Statistics hold samples of values, and would remember a name that is deleted.
    postgresql=(
        *_fill(_in_postgresql),
        *_indexes("failed"),
        *(
            f"ALTER TABLE connections ALTER COLUMN {column} SET STATISTICS 0"
            for column in ("room", "identity", "participant", "code", "site")
        ),
    ),
)
