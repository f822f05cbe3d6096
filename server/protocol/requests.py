"""Every member of SignalRequest (livekit_rtc.proto): what it does here, or why it does nothing.

docs/protocol.md is written from here, and a test holds it equal to the generated descriptor.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Handled:
    """Worked in."""

    does: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Answered with RequestResponse NOT_ALLOWED and the reason: promises of SDKs wait for a word."""

    why: str


@dataclass(frozen=True, slots=True)
class Ignored:
    """Nothing happens, and no client waits for an answer."""

    why: str


Member = Handled | Refused | Ignored

_NO_DATA_TRACKS: Final = Refused("there are no data tracks here: data goes by messages and streams")
_NO_BLOBS: Final = Refused("nothing is kept for anybody here, blobs of data neither")

MEMBERS: Final[dict[str, Member]] = {
    "offer": Handled("answered, with the id of the offer"),
    "answer": Handled("of the second connection, where there are two; one that answers nothing is dropped"),
    "trickle": Handled("read for the candidate's kind, never to send anything there"),
    "add_track": Handled("TrackPublishedResponse at once, or RequestResponse with the reason"),
    "mute": Handled("everybody is told"),
    "subscription": Handled("tracks are received, or not any more; those that come later too"),
    "track_setting": Handled("chooses layers and frame rate, pauses, says what is sent first"),
    "leave": Handled("the session ends (CLIENT_INITIATED)"),
    "update_layers": Ignored("old clients say so what layers they send: packets show it"),
    "subscription_permission": Handled("who may receive one's tracks, from now on"),
    "sync_state": Handled("after a session was resumed: what the client still has is taken up, once"),
    "simulate": Handled(
        "with `rooms.simulate`, as with `--dev`: `node_failure`, `migration`, `server_leave` and "
        "`leave_request_full_reconnect` happen to the client's own session"
    ),
    "ping": Handled("`pong`, in milliseconds"),
    "update_metadata": Handled("with `canUpdateOwnMetadata`; RequestResponse has the same `request_id`"),
    "ping_req": Handled("`pong_resp`"),
    "update_audio_track": Handled("features of a track are shown to everybody"),
    "update_video_track": Handled("the size of a track is shown to everybody"),
    "publish_data_track_request": _NO_DATA_TRACKS,
    "unpublish_data_track_request": _NO_DATA_TRACKS,
    "update_data_subscription": Ignored("there are no data tracks here to subscribe to"),
    "store_data_blob_request": _NO_BLOBS,
    "get_data_blob_request": _NO_BLOBS,
}
"""By the member's name."""
