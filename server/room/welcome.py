"""The first message of a session."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from livekit.protocol import models
from livekit.protocol.rtc import ICEServer, JoinResponse, ReconnectResponse, SignalResponse

from server.protocol import translate
from server.room.participant import Participant

# 17 and not 18: with 18, desktop SDKs expect pre-negotiated data channels.
PROTOCOL = 17
# SDKs parse this strictly as x.y.z and switch features by it: RPC needs 1.8.0, and above 1.13.6 browsers
# send VP9 and AV1 as several streams.
VERSION = "1.9.0"
PING_INTERVAL_SECONDS = 5  # 0 makes native clients panic
PING_TIMEOUT_SECONDS = 15
# Which reliable data packet arrived last is the relay's to know, and it says nothing of data: clients that
# come back send again what they still hold after this one, and the relay drops what it has had.
FIRST_SEQUENCE = 1


def join_response(
    room: models.Room,
    participant: Participant,
    others: list[models.ParticipantInfo],
    ice_servers: Sequence[ICEServer],
    *,
    resumable: bool,
) -> SignalResponse:
    """Everything a client needs to begin. `others` are complete snapshots; `resumable`: the session goes on
    where its WebSocket is lost."""
    return SignalResponse(
        join=JoinResponse(
            room=room,
            participant=participant.own_info(changed=True),
            other_participants=others,
            server_version=VERSION,
            server_info=server_info(),
            ice_servers=ice_servers,
            subscriber_primary=participant.subscriber_is_primary,
            fast_publish=participant.grants.can_publish,
            ping_interval=PING_INTERVAL_SECONDS,
            ping_timeout=PING_TIMEOUT_SECONDS,
            client_configuration=_client_configuration(resumable=resumable),
            # Marks frames that a server makes up. None are made here, but clients warn when it is empty.
            sif_trailer=secrets.token_bytes(16),
            enabled_publish_codecs=translate.enabled_publish_codecs(),
        )
    )


def reconnect_response(ice_servers: Sequence[ICEServer]) -> ReconnectResponse:
    """The first message to a client whose session goes on."""
    return ReconnectResponse(
        ice_servers=ice_servers,
        client_configuration=_client_configuration(resumable=True),
        server_info=server_info(),
        last_message_seq=FIRST_SEQUENCE,
    )


def _client_configuration(*, resumable: bool) -> models.ClientConfiguration:
    setting = models.ClientConfigSetting
    return models.ClientConfiguration(resume_connection=setting.ENABLED if resumable else setting.DISABLED)


def server_info() -> models.ServerInfo:
    """What SDKs adapt to."""
    return models.ServerInfo(edition=models.ServerInfo.Edition.Standard, version=VERSION, protocol=PROTOCOL)
