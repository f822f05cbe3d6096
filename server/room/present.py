"""Who is in a room now, as far as operators may see it: how somebody is connected, not what they say of
themselves."""

from __future__ import annotations

from dataclasses import dataclass

from server.control.messages import MediaKind, Quality
from server.protocol import translate
from server.room.attempt import Stage
from server.room.participant import Participant


@dataclass(frozen=True, slots=True)
class Sent:
    """A track that the others know of. `source` is `camera`, `microphone`, …, or `unknown`."""

    sid: str
    kind: MediaKind
    source: str
    muted: bool
    since: float  # seconds since the epoch


@dataclass(frozen=True, slots=True)
class Present:
    """`joined_at` in seconds since the epoch; `stage` is how far its join has come, `code` its support code,
    `site` where it came from, "" where that is no site; `quality` is None while it is on the way."""

    sid: str
    identity: str
    joined_at: float
    stage: Stage
    code: str
    site: str
    quality: Quality | None
    sent: tuple[Sent, ...]
    waits: bool = False  # to be let in


def present(participant: Participant, quality: Quality | None) -> Present:
    return Present(
        sid=participant.sid,
        identity=participant.identity,
        joined_at=participant.joined_at,
        stage=participant.attempt.stage,
        code=participant.attempt.code,
        site=participant.attempt.site,
        quality=quality,
        sent=tuple(
            Sent(
                track.sid,
                track.kind,
                translate.source_name(track.info.source),
                track.info.muted,
                track.announced_at or participant.joined_at,
            )
            for track in participant.published()
        ),
        waits=participant.waits,
    )
