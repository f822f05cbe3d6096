"""The microphone and the speakers of this machine, by the audio device module that libwebrtc has inside: with
echo cancellation, and everything received is played without more ado."""

from __future__ import annotations

from livekit import rtc

from client_demo.desktop.media.interface import DeviceError

NO_SOUND = "No microphone and no speakers were found. You can still watch and write."
NO_MICROPHONE = "No microphone was found. You can still watch, listen and write."


class DeviceSound:
    """What the system offers first. Speakers play from the moment this exists."""

    def __init__(self) -> None:
        self._source: rtc.PlatformAudioSource | None = None
        try:
            self._audio: rtc.PlatformAudio | None = rtc.PlatformAudio()
        except rtc.PlatformAudioError:
            self._audio = None

    def microphone(self) -> rtc.PlatformAudioSource:
        """As the interface says."""
        if self._audio is None:
            raise DeviceError(NO_SOUND)
        try:
            if not self._audio.recording_devices():
                raise DeviceError(NO_MICROPHONE)
            self._source = self._audio.create_audio_source()
        except rtc.PlatformAudioError:
            raise DeviceError(NO_MICROPHONE) from None
        return self._source

    def close(self) -> None:
        """The source first, as the SDK demands."""
        if self._source is not None:
            self._source.close()
        if self._audio is not None:
            self._audio.close()
