"""What each cause of a failure means, and what to do about it: for operators, in one place. PURE.

The console and the documentation show this; a test holds them equal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from server.metadata.outcome import AttemptCause, Stage


@dataclass(frozen=True, slots=True)
class Advice:
    """Sentences."""

    means: str
    do: str


ADVICE: Final[dict[AttemptCause, Advice]] = {
    AttemptCause.NONE: Advice("It did not fail.", "Nothing."),
    AttemptCause.MISSING: Advice(
        "The request had no access token.",
        "The app does not hand its token on: look at how it connects.",
    ),
    AttemptCause.MALFORMED: Advice(
        "The token is none, or its signature is not that of its key.",
        "Compare the secret of the key in [keys] with the one that the app's back end signs with. Many from "
        "one site may be guessing.",
    ),
    AttemptCause.UNKNOWN_KEY: Advice(
        "The token is signed with a key that this server does not have.",
        "Add the key to [keys], or have the back end use one that is there. Was a key removed?",
    ),
    AttemptCause.EXPIRED: Advice(
        "The token was too old.",
        "Compare the clocks of the server and of the back end (NTP); have the app ask for a fresh token "
        "before it connects.",
    ),
    AttemptCause.NOT_YET_VALID: Advice(
        "The token is not valid yet.",
        "Compare the clocks of the server and of the back end (NTP).",
    ),
    AttemptCause.UNUSABLE: Advice(
        "The token names no room or nobody, or does not grant to join.",
        "Have the back end set identity, room and roomJoin.",
    ),
    AttemptCause.NEVER_GRANTED: Advice(
        "The token asks to record or to be hidden, which this server never grants.",
        "Have the back end leave recorder, hidden and roomRecord out. Who asks for that?",
    ),
    AttemptCause.ROOM_MISSING: Advice(
        "The room does not exist, and rooms are not made by joining.",
        "Make the room first, or set rooms.auto_create.",
    ),
    AttemptCause.ROOM_FULL: Advice(
        "The room has as many participants as it may have.",
        "Raise rooms.max_participants if the relay can take it, or use several rooms.",
    ),
    AttemptCause.ROOM_UNENCRYPTED: Advice(
        "The token requires end-to-end encryption, and the room was begun without.",
        "Have everybody's token require it, or let the room end first.",
    ),
    AttemptCause.ROOM_LOCKED: Advice(
        "A moderator has locked the room, and the person had not been in it before.",
        "Nothing: a moderator unlocks it, or the app has its back end do so.",
    ),
    AttemptCause.BANNED: Advice(
        "A moderator has banned the person from the room until it ends.",
        "Nothing, unless it was a mistake: a moderator lifts the ban.",
    ),
    AttemptCause.NO_RELAY: Advice(
        "No relay was ready to take the room.",
        "Look at the guarantee of the relays and at the log; `offrecord doctor` says what the host lacks.",
    ),
    AttemptCause.RELAYS_FULL: Advice(
        "Every relay had as much to do as it may have, so that no new room began.",
        "A machine with more cores, or a second server. relay.full_percent says when a relay is full.",
    ),
    AttemptCause.STOPPING: Advice(
        "The server was stopping.",
        "Nothing: clients come back. Stop it when fewer people meet.",
    ),
    AttemptCause.BAD_REQUEST: Advice(
        "The request was not one of an SDK that is spoken here.",
        "Which client, which version? Many from one site may be a probe.",
    ),
    AttemptCause.CLIENT_LEFT: Advice(
        "The person left before media could flow.",
        "If joining took long, look at how far it came. Else nothing.",
    ),
    AttemptCause.DUPLICATE_IDENTITY: Advice(
        "The same identity joined again, and took the place of the first.",
        "Have the back end give each device an identity of its own, unless people reloaded the page.",
    ),
    AttemptCause.REMOVED: Advice("Somebody removed the person.", "Nothing: it was wanted."),
    AttemptCause.NOT_ADMITTED: Advice(
        "The person waited to be let in, and a moderator refused, or nobody answered for an hour.",
        "Nothing, unless no moderator was there: tokens with roomAdmin make one.",
    ),
    AttemptCause.ROOM_CLOSED: Advice("The room was closed.", "Nothing: it was wanted."),
    AttemptCause.SERVER_SHUTDOWN: Advice(
        "The server was stopped in order.", "Nothing: clients come back when it runs again."
    ),
    AttemptCause.SERVER_CRASH: Advice(
        "The server was killed or died; the end was written at the next start.",
        "Look at why: memory (journalctl -k, oom-kill), the log's last lines, the machine.",
    ),
    AttemptCause.CONNECTION_LOST: Advice(
        "The signaling connection or the media path broke, and nobody came back on it.",
        "One person: their network. Many of one site: the way from there. Everybody at once: the server's "
        "network or a proxy with a short time-out for WebSocket.",
    ),
    AttemptCause.NEVER_READY: Advice(
        "The person was let in, and no media path came to be within a minute.",
        "Stage negotiation or before: neither UDP nor TCP arrives. Open the ports of the relays, set "
        "relay.advertise to the public addresses; a network that lets only TLS out needs a TURN server "
        "([turn]). Stage ice: a middlebox disturbs DTLS. Stage dtls: one of two transports failed; look at "
        "the client's version.",
    ),
    AttemptCause.RELAY_LOST: Advice(
        "The relay died or was ended; everybody on it was told to come back.",
        "Look at the guarantee page and the server's log for why. A tripwire or drift may be an attack: keep "
        "the machine as it is.",
    ),
    AttemptCause.STATE_MISMATCH: Advice(
        "Client and server disagreed on what was negotiated, and the client was told to begin anew.",
        "Which client, which version? If one kind has it often, report it with the support code.",
    ),
    AttemptCause.PROTOCOL_ERROR: Advice(
        "The client sent something that the protocol does not allow.",
        "Which client, which version? Many from one site may be an attack.",
    ),
    AttemptCause.SLOW_READER: Advice(
        "The client did not take what it was sent, and its queue was full.",
        "An overloaded device or a very slow network. Many at once: a proxy that buffers.",
    ),
    AttemptCause.OTHER: Advice("Some other reason of the protocol.", "Look at the session's timeline."),
}

STAGES: Final = {
    Stage.NONE: "nothing was done: not even the token held",
    Stage.TOKEN: "the token held",
    Stage.WEBSOCKET: "the WebSocket was open and the client was welcomed",
    Stage.NEGOTIATION: "a description of the client was accepted",
    Stage.ICE: "the client's first packet reached the relay",
    Stage.DTLS: "media was keyed on one of two transports",
    Stage.READY: "media could flow",
    Stage.MEDIA: "the first packet of something that it sends was there",
}
"""How far a join came."""
