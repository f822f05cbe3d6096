"""One call: the SDK's room, told to a window by signals of Qt. Nothing here is drawn."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from typing import Any

from livekit import rtc
from livekit.rtc.participant import PublishTrackError
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from client_demo.desktop.call import words
from client_demo.desktop.call.chat import LONGEST, MOST_OPEN, TOPIC, read_bounded, tidy
from client_demo.desktop.call.roster import Person, name_of, people_of, requires_encryption, waits
from client_demo.desktop.call.sending import Voice, camera_of, screen_of
from client_demo.desktop.call.summary import Summary
from client_demo.desktop.media.interface import DeviceError, Devices
from client_demo.desktop.media.picture import to_image

CONNECT_SECONDS = 30.0
LEAVE_SECONDS = 5.0


class JoinError(Exception):
    """There is no call; the message says why, to the person."""


def room_options(key: str) -> rtc.RoomOptions:
    """`key` as `Call` is given it."""
    options = rtc.RoomOptions(auto_subscribe=True, dynacast=True)
    if key:
        # Nobody's key is ratcheted here. To find that out by itself, the SDK would derive as many keys as the
        # window is wide for each frame of whoever has another key: more work than all the rest of a call.
        provider = rtc.KeyProviderOptions(shared_key=key.encode(), ratchet_window_size=0)
        options.encryption = rtc.E2EEOptions(key_provider_options=provider)  # of messages, too
    return options


class Call(QObject):
    """`changed`: somebody came, left, or sends something else. `picture`: the sid of a track, and what it
    shows now. `written`: who wrote what. `problem`: something to tell the person. `ended`: there is nothing
    more to come."""

    changed = Signal()
    picture = Signal(str, QImage)
    written = Signal(str, str)
    problem = Signal(str)
    ended = Signal(Summary)

    def __init__(self, devices: Devices, key: str = "") -> None:
        """`key` is that of a call that is encrypted end to end, "" in others. It goes to the SDK, and no
        further."""
        super().__init__()
        self._key = key
        self.room = rtc.Room()
        self.interrupted = False
        self._sound = devices.sound()
        self.voice = Voice(self.room, self._sound)
        self.camera = camera_of(self.room, devices, self.picture.emit, self._lost_camera)
        self.screen = screen_of(self.room, devices, self.picture.emit, self._lost_screen)
        self._speaking: set[str] = set()
        self._met: set[str] = set()
        self._open_streams: dict[str, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._began = time.monotonic()
        self.is_over = False
        self._leaving: asyncio.Future[None] | None = None

    async def join(self, url: str, token: str) -> None:
        """Raises JoinError."""
        self._listen()
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await self.room.connect(url, token, room_options(self._key))
        except (rtc.ConnectError, TimeoutError) as error:
            self.is_over = True
            self._sound.close()
            raise JoinError(words.join_failure(str(error))) from None
        self._began = time.monotonic()
        self._meet()
        self._told(self.room.local_participant)

    @property
    def encryption(self) -> str:
        """Of the call as a whole, in words; "" where nobody asked for it."""
        return words.encryption(any(one.in_clear for one in self.people)) if self._key else ""

    @property
    def people(self) -> list[Person]:
        """In the order of the list."""
        return people_of(self.room, self._speaking)

    @property
    def code(self) -> str:
        """What to name to the operator if something is wrong; "" if there is none."""
        return words.support_code(self.room.local_participant.attributes)

    @property
    def is_waiting(self) -> bool:
        """At the door of the room, to be let in."""
        return waits(self.room.local_participant)

    def do(self, work: Coroutine[Any, Any, None]) -> None:
        """Runs it for as long as the call lasts; what goes wrong with a device is told."""

        async def told() -> None:
            try:
                await work
            except DeviceError as error:
                self.problem.emit(str(error))
            except PublishTrackError:
                self.problem.emit("The server takes nothing of that kind from you now.")
            if not self.is_over:
                self.changed.emit()

        task = asyncio.ensure_future(told())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def write(self, text: str) -> bool:
        """False where it could not be sent, which is told."""
        if not self._key and requires_encryption(self.room.local_participant):
            self.problem.emit(words.NEEDS_ENCRYPTION)
            return False
        try:
            await self.room.local_participant.send_text(text, topic=TOPIC)
        except Exception:  # the SDK names no class for this, and what was written must not be lost
            self.problem.emit(words.NOT_SENT)
            return False
        self.written.emit("You", text)
        return True

    def leave_soon(self) -> None:
        """Ends in `ended`, whatever the server does."""
        self._leaving = asyncio.ensure_future(self._leave())

    async def _leave(self) -> None:
        try:
            async with asyncio.timeout(LEAVE_SECONDS):
                await self.room.disconnect()
        except TimeoutError:
            pass
        self._end(rtc.DisconnectReason.CLIENT_INITIATED)

    def _listen(self) -> None:
        room = self.room
        for event in (
            "participant_disconnected", "track_published", "track_unpublished", "track_muted",
            "track_unmuted", "local_track_published", "local_track_unpublished", "participant_name_changed",
            "connection_quality_changed",
        ):  # fmt: skip
            room.on(event, lambda *_: self.changed.emit())
        room.on("participant_connected", self._meet)
        room.on("participant_attributes_changed", lambda _, person: self._told(person))
        room.on("active_speakers_changed", self._hear)
        room.on("track_subscribed", self._receive)
        room.on("reconnecting", lambda: self._interrupt(True))
        room.on("reconnected", lambda: self._interrupt(False))
        room.on("disconnected", self._end)
        room.register_text_stream_handler(TOPIC, self._read)

    def _meet(self, *_: object) -> None:
        self._met |= {one.identity for one in self.room.remote_participants.values() if not waits(one)}
        self.changed.emit()

    def _told(self, person: rtc.Participant) -> None:
        if not self._key and person is self.room.local_participant and requires_encryption(person):
            self.problem.emit(words.NEEDS_ENCRYPTION)
        self._meet()

    def _hear(self, speakers: list[rtc.Participant]) -> None:
        self._speaking = {one.identity for one in speakers}
        self.changed.emit()

    def _interrupt(self, interrupted: bool) -> None:
        self.interrupted = interrupted
        self.changed.emit()

    def _receive(
        self, track: rtc.Track, publication: rtc.RemoteTrackPublication, sender: rtc.RemoteParticipant
    ) -> None:
        if not self._key and publication.encryption_type != rtc.EncryptionType.NONE:
            # Without the key it would be noise, and the speakers would play it.
            publication.set_subscribed(False)
            self.problem.emit(words.is_encrypted(name_of(sender)))
            return
        if isinstance(track, rtc.RemoteVideoTrack):
            self.do(self._show(track))

    async def _show(self, track: rtc.RemoteVideoTrack) -> None:
        # One frame is held: what is not drawn in time is not worth drawing.
        stream = rtc.VideoStream(track, capacity=1, format=rtc.VideoBufferType.RGBA)
        try:
            async for event in stream:
                self.picture.emit(track.sid, to_image(event.frame))
        finally:
            await stream.aclose()

    def _read(self, reader: rtc.TextStreamReader, identity: str) -> None:
        self.do(self._take_in(reader, identity))

    async def _take_in(self, reader: rtc.TextStreamReader, identity: str) -> None:
        others = self._open_streams.get(identity, 0)
        self._open_streams[identity] = others + 1
        try:
            text = tidy(await read_bounded(reader, LONGEST if others < MOST_OPEN else 0))
        except rtc.StreamError:
            return  # the sender left in the middle: there is no message
        finally:
            self._open_streams[identity] -= 1
        sender = self.room.remote_participants.get(identity)
        if text and sender is not None and others < MOST_OPEN:
            self.written.emit(name_of(sender), text)

    def _lost_camera(self, why: str) -> None:
        self.problem.emit(why)
        self.do(self.camera.switch(False))

    def _lost_screen(self, why: str) -> None:
        self.problem.emit(why)
        self.do(self.screen.switch(False))

    def _end(self, reason: int) -> None:
        if self.is_over:
            return
        self.is_over = True
        self.camera.close()
        self.screen.close()
        self._sound.close()
        for task in list(self._tasks):
            task.cancel()
        seconds = time.monotonic() - self._began
        me = self.room.local_participant
        self.ended.emit(
            Summary(self.room.name, seconds, len(self._met), words.end_of(reason), self.code, me.sid)
        )
