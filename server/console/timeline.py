"""One connection as a line of moments, out of its rows. PURE.

A row is read by the names of its fields, so that every row of a connection has its place here, also one of a
kind that has no words of its own yet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from server.console.words import duration, size, spaced
from server.metadata.outcome import QualityStep, Stage

Fields = Mapping[str, Any]
_WHOSE: Final = frozenset({"event", "room", "identity", "participant"})
_QUALITIES: Final = (QualityStep.POOR, QualityStep.GOOD, QualityStep.EXCELLENT)
_SAYS_NOTHING: Final = ("", None, "unknown", "none")


@dataclass(frozen=True, slots=True)
class Row:
    """What an operator may see of a row. `at` in seconds since the epoch."""

    at: float
    expires_at: float
    fields: Fields

    @property
    def kind(self) -> str:
        return str(self.fields["event"])


@dataclass(frozen=True, slots=True)
class Moment:
    """`since` in seconds from asking to join; `details` are names and values in words."""

    at: float
    since: float
    title: str
    tone: str
    details: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Band:
    """Something that lasted, in seconds since the epoch. `strength` of 1 is a full bar."""

    start: float
    end: float
    label: str
    tone: str
    strength: float = 1.0


@dataclass(slots=True)
class Track:
    """Something that was sent. `end` is None while it is."""

    sid: str
    label: str
    start: float
    end: float | None
    fields: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Timeline:
    """`asked_at` and `until` bound it, in seconds since the epoch: the end is now for one that goes on.

    `joined` and `attempt` are the fields of those rows, empty where there is none.
    """

    asked_at: float
    until: float
    joined: Fields
    attempt: Fields
    active_at: float | None
    left_at: float | None
    expires_at: float
    moments: tuple[Moment, ...]
    quality: tuple[Band, ...]
    tracks: tuple[Track, ...]
    transports: tuple[Fields, ...]


def timeline(rows: Sequence[Row], now: float) -> Timeline:
    """`rows` of one connection, oldest first; there is one at least."""
    by_kind = {row.kind: row for row in reversed(rows)}
    active, left = by_kind.get("participant_active"), by_kind.get("participant_left")
    asked_at = _asked_at(by_kind, rows[0].at)
    left_at = None if left is None else left.at
    refused = "participant_joined" not in by_kind
    until = left_at if left_at is not None else (rows[-1].at if refused else max(now, rows[-1].at))
    tracks = _tracks(rows)
    return Timeline(
        asked_at=asked_at,
        until=max(until, rows[-1].at, asked_at),
        joined=_fields(by_kind, "participant_joined"),
        attempt=_fields(by_kind, "attempt_ended") or _fields(by_kind, "attempts_refused"),
        active_at=None if active is None else active.at,
        left_at=left_at,
        expires_at=max(row.expires_at for row in rows),
        moments=(
            Moment(asked_at, 0.0, "Asked to join", "plain"),
            *(_moment(row, asked_at, tracks) for row in rows),
        ),
        quality=_quality(rows, None if active is None else active.at, until),
        tracks=tuple(tracks.values()),
        transports=tuple(row.fields for row in rows if row.kind == "transport_ended"),
    )


def _fields(by_kind: Mapping[str, Row], kind: str) -> Fields:
    row = by_kind.get(kind)
    return {} if row is None else row.fields


def _asked_at(by_kind: Mapping[str, Row], first: float) -> float:
    """An attempt counts from the first request until media could flow, or until it failed."""
    attempt, active = by_kind.get("attempt_ended"), by_kind.get("participant_active")
    if attempt is None:
        return first
    failed = attempt.fields.get("cause") != "none"
    decided_at = attempt.at if failed or active is None else active.at
    return min(first, decided_at - int(attempt.fields.get("milliseconds", 0)) / 1000)


def _tracks(rows: Sequence[Row]) -> dict[str, Track]:
    found: dict[str, Track] = {}
    for row in rows:
        sid = str(row.fields.get("track", ""))
        if row.kind == "track_published":
            source = row.fields.get("source", "unknown")
            label = row.fields.get("kind", "track") if source == "unknown" else source
            found[sid] = Track(sid, spaced(label).capitalize(), row.at, None, {**row.fields})
        elif row.kind == "track_unpublished" and sid in found:
            found[sid].end = row.at
            found[sid].fields.update(row.fields)
    return found


def _quality(rows: Sequence[Row], active_at: float | None, until: float) -> tuple[Band, ...]:
    """It begins excellent, which no row says; nothing is known before media could flow."""
    if active_at is None:
        return ()
    steps = [(active_at, QualityStep.EXCELLENT)]
    steps += [
        (max(row.at, active_at), QualityStep(row.fields["quality"]))
        for row in rows
        if row.kind == "quality_changed"
    ]
    ends = [at for at, _ in steps[1:]] + [until]
    return tuple(
        Band(start, max(start, end), step.value, tone_of(step.value), _strength(step))
        for (start, step), end in zip(steps, ends, strict=True)
    )


def _strength(step: QualityStep) -> float:
    return (_QUALITIES.index(step) + 1) / len(_QUALITIES) if step in _QUALITIES else 0.0


def tone_of(quality: str) -> str:
    return {"excellent": "calm", "good": "calm", "poor": "alarm"}.get(quality, "plain")


def _moment(row: Row, asked_at: float, tracks: Mapping[str, Track]) -> Moment:
    title, tone, told = _title(row, tracks)
    details = tuple(
        (spaced(name), in_words(name, value))
        for name, value in row.fields.items()
        if name not in _WHOSE | told
        and value not in _SAYS_NOTHING
        and (name, value) != ("browser_version", 0)
    )
    return Moment(row.at, row.at - asked_at, title, tone, details)


def _title(row: Row, tracks: Mapping[str, Track]) -> tuple[str, str, frozenset[str]]:
    """In words, its tone, and the fields that it has told."""
    fields = row.fields
    match row.kind:
        case "participant_joined":
            return "Let in", "plain", frozenset()
        case "participant_active":
            return "Media can flow", "calm", frozenset()
        case "participant_resumed":
            return "Signaling lost and back, media went on", "plain", frozenset()
        case "attempt_ended":
            stage = Stage(fields["stage"]).value
            if fields["cause"] == "none":
                return f"Joining is decided: it came to {stage}", "calm", frozenset({"stage", "cause"})
            words = f"Joining failed: {spaced(fields['cause'])}, after {stage}"
            return words, "alarm", frozenset({"stage", "cause"})
        case "attempts_refused":
            return f"Refused: {spaced(fields['cause'])}", "alarm", frozenset({"cause"})
        case "participant_left":
            return f"Left: {spaced(fields['reason'])}", "plain", frozenset({"reason"})
        case "track_published" | "track_unpublished" as kind:
            track = tracks.get(str(fields.get("track")))
            label = "A track" if track is None else track.label
            return f"{label} {'on' if kind == 'track_published' else 'off'}", "plain", frozenset({"source"})
        case "participant_administered":
            return f"Through the API: {spaced(fields['act'])}", "plain", frozenset({"act"})
        case "quality_changed":
            quality = str(fields["quality"])
            return f"Connection {quality}", tone_of(quality), frozenset({"quality"})
        case "transport_ended":
            way = WAYS.get(str(fields["direction"]), "A")
            tone = "plain" if fields["end"] in {"closed", "client_closed"} else "alarm"
            return f"{way} transport over: {spaced(fields['end'])}", tone, frozenset({"direction", "end"})
        case other:
            return spaced(other).capitalize(), "plain", frozenset()


def in_words(name: str, value: Any) -> str:
    """A value by the name of its field: `milliseconds` are a time, `bytes` a size."""
    if name in _CRYPTOGRAPHY and isinstance(value, str):
        return value.upper().replace("DTLS_1_", "DTLS 1.").replace("_", "-")
    if isinstance(value, bool) or not isinstance(value, int | float):
        return spaced(value) if isinstance(value, str) and name not in _AS_THEY_ARE else str(value)
    if name.endswith("milliseconds"):
        return f"{value} ms" if value < 10_000 else duration(value / 1000)
    if name.startswith("round_trip") or name == "jitter":
        return f"{value} ms"
    if name.startswith("bytes"):
        return size(value)
    if name.endswith("percent"):
        return f"{value} %"
    return f"{value:,}".replace(",", "\N{NO-BREAK SPACE}")


WAYS: Final = {"publisher": "Sending", "subscriber": "Receiving", "both": "The only"}
"""Transports by their direction."""

_CRYPTOGRAPHY: Final = frozenset({"dtls", "cipher", "srtp"})
_AS_THEY_ARE: Final = frozenset({"code", "track", "sdk_version", "site", "network", "address"})


def lost_percent(transport: Fields) -> str:
    """Of the media one way, or both, how much never came or was asked for again."""
    lost = int(transport.get("packets_lost", 0))
    received, sent = (int(transport.get(name, 0)) for name in ("packets_received", "packets_sent"))
    total = {"publisher": received + lost, "subscriber": sent}.get(
        str(transport.get("direction")), received + sent
    )
    if transport.get("numbers") != "told" or not total:
        return "not known"
    return f"{100 * lost / total:.1f} %"
