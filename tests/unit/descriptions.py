"""Session descriptions of real engines, as captured, and what the tests of `server.sdp` share.

`chromium_*`: Chromium 156. `firefox_*`: Firefox 153 without its H.264 plug-in. `native_*`: the PyPI livekit
SDK 1.2.1. `aiortc_offer`: aiortc 1.16.
"""

from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, settings

from server.sdp.model import Candidate, Codec, Description, LocalTransport, Section
from server.sdp.parse import parse

FIXTURES = Path(__file__).parent / "fixtures"
NAMES = sorted(path.stem for path in FIXTURES.glob("*.sdp"))
OFFERS = [name for name in NAMES if not name.endswith("_answer")]
EVERY_CODEC = {"opus", "red", "vp8", "h264", "vp9", "av1"}
LOCAL = LocalTransport(
    ice_ufrag="abcdefgh",
    ice_pwd="p" * 32,
    fingerprint=bytes(range(32)),
    candidates=(Candidate("127.0.0.1", 7882), Candidate("::1", 7882)),
)
# A loaded machine must not fail a property: no deadline, no complaint about slow generation.
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def read(name: str) -> str:
    """A captured description, line ends as they were on the wire."""
    return (FIXTURES / f"{name}.sdp").read_bytes().decode()


def offer(name: str) -> Description:
    return parse(read(name))


def section_of(description: Description, kind: str, *, sending: bool = True) -> Section:
    """The first section of a kind that sends, or does not."""
    return next(
        section
        for section in description.sections
        if section.kind == kind and (section.direction in ("sendonly", "sendrecv")) is sending
    )


def block(text: str, mid: str) -> list[str]:
    """The lines of one section of a written description."""
    for part in text.split("\r\nm=")[1:]:
        lines = ("m=" + part).removesuffix("\r\n").split("\r\n")
        if f"a=mid:{mid}" in lines:
            return lines
    raise AssertionError(f"no section {mid}")


def video_codecs(*extra: Codec) -> tuple[Codec, ...]:
    """What a browser's camera track may send."""
    return (
        Codec(96, "vp8", 90_000),
        Codec(102, "h264", 90_000, 1, "packetization-mode=1;profile-level-id=42e01f"),
        *extra,
    )


def audio_codecs(opus: int = 111, red: int = 63) -> tuple[Codec, ...]:
    """What a browser's microphone track may send, by payload type."""
    return (
        Codec(red, "red", 48_000, 2, f"{opus}/{opus}"),
        Codec(opus, "opus", 48_000, 2, "minptime=10;useinbandfec=1"),
    )
