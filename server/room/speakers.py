"""Who speaks: from loudness by track, as the relay tells it, to what changed since clients were last told."""

from __future__ import annotations

from dataclasses import dataclass

LOUDEST_STEP = 7  # steps of loudness as in SpeakerLevel; 0 is silence
SPACING_SECONDS = 0.3  # between two messages, except where a voice ends because its track does


@dataclass(frozen=True, slots=True)
class Voice:
    """A participant's loudest track. `level` from 0 to 1; 0: it has stopped speaking."""

    sid: str
    track: str
    level: float

    @property
    def active(self) -> bool:
        """Whether it speaks."""
        return self.level > 0


class Speakers:
    """Voices of one room. Participants and tracks are known by their sids."""

    def __init__(self) -> None:
        self._steps: dict[str, dict[str, int]] = {}  # by participant and track; nothing silent
        self._told: dict[str, Voice] = {}
        self._next = 0.0

    def hear(self, sid: str, track: str, step: int) -> None:
        """A track became louder, fainter or silent."""
        if step > 0:
            self._steps.setdefault(sid, {})[track] = step
            return
        tracks = self._steps.get(sid, {})
        tracks.pop(track, None)
        if not tracks:
            self._steps.pop(sid, None)

    def leave(self, sid: str) -> None:
        """A participant is gone."""
        self._steps.pop(sid, None)

    def voices(self) -> list[Voice]:
        """Everybody who speaks, loudest first."""
        loudest = [(sid, max(tracks, key=tracks.__getitem__)) for sid, tracks in self._steps.items()]
        voices = [Voice(sid, track, self._steps[sid][track] / LOUDEST_STEP) for sid, track in loudest]
        return sorted(voices, key=lambda voice: -voice.level)

    def told(self) -> list[Voice]:
        """Who speaks as clients were told last, loudest first: who comes is told that, then the changes."""
        return sorted(self._told.values(), key=lambda voice: -voice.level)

    def changes(self, now: float) -> list[Voice]:
        """What clients must be told now: louder or fainter, loudest first, then those who have stopped."""
        voices = self.voices()
        speaking = {voice.sid: voice for voice in voices}
        changed = [voice for voice in voices if self._level_told(voice.sid) != voice.level]
        changed += [Voice(sid, old.track, 0.0) for sid, old in self._told.items() if sid not in speaking]
        self._told = speaking
        if changed:
            self._next = now + SPACING_SECONDS
        return changed

    def next_timeout(self) -> float | None:
        """When there is something to tell: None if clients know everything."""
        levels = {voice.sid: voice.level for voice in self.voices()}
        return None if levels == {sid: voice.level for sid, voice in self._told.items()} else self._next

    def _level_told(self, sid: str) -> float:
        return self._told[sid].level if sid in self._told else 0.0
