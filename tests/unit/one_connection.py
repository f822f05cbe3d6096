"""Clients with one peer connection, on a `stage`."""

from __future__ import annotations

from typing import Any

from tests.unit.stage import Sending, Stage

MIC = Sending("audio", "0", "mic")
CAMERA = Sending("video", "0", "cam")


def receiving(audios: int = 1, videos: int = 1) -> list[Sending]:
    """Sections in which a client only receives."""
    sections = [Sending("audio", f"a{number}", "", direction="recvonly") for number in range(audios)]
    return sections + [Sending("video", f"v{number}", "", direction="recvonly") for number in range(videos)]


def enter(stage: Stage, identity: str, audios: int = 1, videos: int = 1, **grants: Any) -> str:
    sid = stage.join(identity, single=True, **grants)
    stage.offer(sid, *receiving(audios, videos))
    stage.connect(sid)
    return sid


def required(stage: Stage, sid: str) -> list[tuple[int, int]]:
    asked = [one.media_sections_requirement for one in stage.sent(sid, "media_sections_requirement")]
    return [(one.num_audios, one.num_videos) for one in asked]
