"""What a session that a crash cut off had begun and not ended: its tracks and transports, as rows tell."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.metadata.database import events
from server.metadata.event import Event, decode, name_of
from server.metadata.rows.administration import ParticipantAdministered
from server.metadata.rows.sessions import ParticipantJoined
from server.metadata.rows.tracks import TrackPublished, TrackUnpublished
from server.metadata.rows.transports import TransportEnded
from server.metadata.transport_words import Direction, TransportEnd
from server.metadata.words import ParticipantAct

_KINDS = (ParticipantJoined, ParticipantAdministered, TrackPublished, TrackUnpublished, TransportEnded)
_MADE = (Direction.PUBLISHER, Direction.SUBSCRIBER)
"""In the order in which they are made: who has one has the first."""


async def unfinished(connection: AsyncConnection, participant: str, ended_at: float) -> list[Event]:
    """The ends that are missing, of a crash at `ended_at` (seconds since the epoch): tracks, then transports.

    Nobody lived to tell numbers. Raises EventError, SQLAlchemyError.
    """
    rows = await connection.execute(
        select(events.c.at, events.c.body)
        .where(events.c.participant == participant, events.c.event.in_([name_of(kind) for kind in _KINDS]))
        .order_by(events.c.id)
    )
    tracks: dict[str, tuple[float, TrackPublished]] = {}
    transports: dict[Direction, tuple[float, ParticipantJoined | ParticipantAdministered]] = {}
    for at, body in rows:
        match decode(body):
            case ParticipantJoined() as joined:
                transports = dict.fromkeys(_MADE[: joined.transports], (at, joined))
            case ParticipantAdministered(act=ParticipantAct.RECEPTION_OPENED) as opened:
                transports[Direction.SUBSCRIBER] = (at, opened)
            case TrackPublished() as track:
                tracks[track.track] = (at, track)
            case TrackUnpublished() as track:
                tracks.pop(track.track, None)
            case TransportEnded() as transport:
                is_only = transport.direction is Direction.BOTH
                transports.pop(Direction.PUBLISHER if is_only else transport.direction, None)
            case _:
                pass  # no other is asked for
    return [
        *(
            TrackUnpublished(
                room=track.room,
                identity=track.identity,
                participant=participant,
                track=track.track,
                milliseconds=_between(at, ended_at),
            )
            for at, track in tracks.values()
        ),
        *(
            TransportEnded(
                room=begun.room,
                identity=begun.identity,
                participant=participant,
                direction=direction,
                end=TransportEnd.SERVER_CRASH,
                milliseconds=_between(at, ended_at),
            )
            for direction, (at, begun) in transports.items()
        ),
    ]


def _between(since: float, until: float) -> int:
    return max(0, round((until - since) * 1000))
