"""Personal data, media and secrets to throw at a server, and how to find them again in whatever it keeps.

Each value has traces: parts that occur nowhere by chance. They are looked for as they are, and as what
programs make of text: in other case, percent-encoded, escaped, in base64 and in hexadecimal.
"""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import quote

_LETTERS = "bcdfghjklmnpqrstvwxz"
_GRAM = 8  # bytes: every form of a trace is longer
_SAFE = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"


@dataclass(frozen=True)
class Personal:
    """`text` is what is sent where a text is wanted, `raw` where bytes are. It is never printed whole."""

    kind: str
    text: str
    raw: bytes
    traces: tuple[bytes, ...]

    @property
    def header(self) -> str:
        """The same, as a header or the line of a request can hold it."""
        plain = "".join(letter for letter in self.text if letter.isascii() and letter.isprintable())
        return plain.strip() or self.raw.hex()


def _text(kind: str, text: str, *traces: str) -> Personal:
    return Personal(kind, text, text.encode(), tuple(trace.encode() for trace in traces or (text,)))


def _media(kind: str, raw: bytes) -> Personal:
    """Of media the payload is looked for, not the head that every packet has."""
    return Personal(kind, raw.decode("latin-1"), raw, (raw[-24:-12], raw[-12:]))


def _word(draw: random.Random) -> str:
    return "".join(draw.choices(_LETTERS, k=11))


def _name(draw: random.Random) -> Personal:
    first, last = _word(draw).title(), _word(draw).title()
    return _text("name", f"{first} {last}ová", first, last)


def _mail(draw: random.Random) -> Personal:
    local, domain = _word(draw), _word(draw)
    return _text("e-mail address", f"{local}.{domain}@{domain}.example", local, domain)


def _phone(draw: random.Random) -> Personal:
    groups = ["".join(draw.choices("0123456789", k=3)) for _ in range(4)]
    return _text("phone number", "+420 " + " ".join(groups), " ".join(groups), "".join(groups))


def _ipv4(draw: random.Random) -> Personal:
    first, last = (int(IPv4Address(text)) for text in ("198.18.16.16", "198.19.255.255"))
    return _text("IPv4 address", str(IPv4Address(draw.randrange(first, last))))


def _ipv6(draw: random.Random) -> Personal:
    address = IPv6Address((0x20010DB8 << 96) | draw.getrandbits(96))
    return _text("IPv6 address", str(address), str(address), address.exploded)


def _agent(draw: random.Random) -> Personal:
    device = _word(draw).title()
    return _text(
        "user agent",
        f"Mozilla/5.0 (Linux; Android 14; {device}) AppleWebKit/537.36 Chrome/140.0.7339.51",
        device,
    )


def _token(draw: random.Random) -> Personal:
    claims, signature = (base64.urlsafe_b64encode(draw.randbytes(24)).decode().rstrip("=") for _ in range(2))
    return _text("access token", f"eyJhbGciOiJIUzI1NiJ9.{claims}.{signature}", claims, signature)


def _key(draw: random.Random) -> Personal:
    text = base64.b64encode(draw.randbytes(32)).decode()
    return _text("secret of a key", text, text[:20], text[20:40])


def _passcode(draw: random.Random) -> Personal:
    return _text("passcode", "".join(draw.choices(_SAFE, k=14)))


def _fingerprint(draw: random.Random) -> Personal:
    digest = draw.randbytes(32)
    pairs = digest.hex(":").upper()
    return Personal("DTLS fingerprint", f"sha-256 {pairs}", digest, (pairs[:47].encode(), digest[:16]))


def _ice_password(draw: random.Random) -> Personal:
    text = "".join(draw.choices(_SAFE, k=24))
    return _text("ICE password", text, text[:12], text[12:])


def _rtp(draw: random.Random) -> Personal:
    head = b"\x80\x6f" + draw.randbytes(2) + draw.randbytes(4) + draw.randbytes(4)
    return _media("RTP packet", head + draw.randbytes(60))


def _opus(draw: random.Random) -> Personal:
    return _media("Opus frame", b"\x78" + draw.randbytes(80))


def _vp8(draw: random.Random) -> Personal:
    return _media("VP8 key frame", b"\x90\x80\x10\x50\x00\x9d\x01\x2a\x40\x01\xf0\x00" + draw.randbytes(120))


def _encoded_media(draw: random.Random) -> Personal:
    text = base64.b64encode(_rtp(draw).raw).decode()
    return _text("media in base64", text, text[24:48], text[48:72])


KINDS: dict[str, Callable[[random.Random], Personal]] = {
    "name": _name,
    "mail": _mail,
    "phone": _phone,
    "ipv4": _ipv4,
    "ipv6": _ipv6,
    "agent": _agent,
    "token": _token,
    "key": _key,
    "passcode": _passcode,
    "fingerprint": _fingerprint,
    "ice": _ice_password,
    "rtp": _rtp,
    "opus": _opus,
    "vp8": _vp8,
    "encoded": _encoded_media,
}


class Personals:
    """Draws values, and remembers each with where it was thrown. `only`: of this kind alone."""

    def __init__(self, seed: int, only: str | None = None) -> None:
        self.draw = random.Random(seed)
        self._only = only
        self.thrown: dict[str, Personal] = {}

    def at(self, place: str, kind: str | None = None) -> Personal:
        """A value for a place; the same if it is asked for again."""
        if place not in self.thrown:
            made = KINDS[kind or self._only or self.draw.choice(list(KINDS))](self.draw)
            self.thrown[place] = made
        return self.thrown[place]

    def found_in(self, kept: Mapping[str, bytes]) -> list[str]:
        """Where something that was thrown is found again: what kind, thrown at what, found in what."""
        whole = b"\n".join(content for one in kept.values() for content in (one, one.lower()))
        beginnings = {whole[place : place + _GRAM] for place in range(len(whole) - _GRAM + 1)}
        return [
            f"{personal.kind} thrown at {place} is in {name}"
            for place, personal in self.thrown.items()
            for form in _forms_of(personal)
            if form[:_GRAM] in beginnings and form in whole
            for name, content in kept.items()
            if form in content or form in content.lower()
        ]


def _forms_of(personal: Personal) -> set[bytes]:
    return {form for trace in personal.traces for form in (*_forms(trace), trace.lower())}


def _forms(trace: bytes) -> Iterable[bytes]:
    """What programs make of a text or of bytes."""
    text = trace.decode("latin-1")
    yield trace
    yield trace.hex().encode()
    yield text.encode()
    yield quote(text).encode()
    yield quote(text, safe="").encode()
    yield json.dumps(text)[1:-1].encode()
    yield json.dumps(text, ensure_ascii=False)[1:-1].encode()
    yield repr(trace)[2:-1].encode()
    for before in range(3):  # where in a text in base64 it begins
        encoded = base64.b64encode(bytes(before) + trace)
        inside = encoded[(before * 8 + 5) // 6 : len(trace + bytes(before)) * 8 // 6]
        yield inside
        yield inside.translate(bytes.maketrans(b"+/", b"-_"))
