"""Reads a session description of a stranger (RFC 8866 grammar, RFC 8829 use).

A parser of its own, of only the lines that matter here: descriptions are hostile input, every size is
bounded before it costs anything, and whatever is echoed later has been held against a closed alphabet,
so that no value can smuggle a line into what this server writes. Existing parsers either drop what
simulcast needs (`a=rid`, `a=simulcast`) or raise a zoo of exceptions on odd lines.
Unknown lines are skipped; a known line that cannot be read makes the description unusable.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from server.control.messages import MOST_CANDIDATES, RemoteCandidate
from server.sdp.candidates import read_candidate
from server.sdp.model import Codec, Description, Direction, Extension, Fingerprint, SdpError, Section, Setup

MAX_TEXT = 256 * 1024  # characters of a description with few sections
MAX_TEXT_PER_SECTION = 8 * 1024  # where more than a few are expected
MAX_SECTIONS = 512  # SDKs add one with every track and take none back: a hundred shares and cameras fit
MAX_LINE = 4096
MAX_LINES_PER_SECTION = 2048
MAX_SSRCS = 32
MAX_LAYERS = 4
MAX_FINGERPRINTS = 4
MAX_FEEDBACK = 16
MAX_EXTENSIONS = 64
EVERY = -1  # feedback for `*`: all payload types of the section
DIGEST_SIZES = {"sha-256": 32, "sha-384": 48, "sha-512": 64}

_WORD = r"[!#$%&'*+\-.0-9A-Z^_`a-z{|}~]"  # a token character of RFC 8866
_MEDIA = re.compile(
    rf"({_WORD}{{1,32}}) ([0-9]{{1,5}})(?:/[0-9]{{1,5}})? ([!-~]{{1,64}}(?: [!-~]{{1,32}}){{1,256}}) ?"
)
_MID = re.compile(rf"{_WORD}{{1,16}}")
_MSID = re.compile(rf"({_WORD}{{1,256}})(?: ({_WORD}{{1,256}}))?(?: .*)?")
_ICE = re.compile(r"[0-9A-Za-z+/]{4,256}")  # the shorter bound; passwords are held to 22 below
_FINGERPRINT = re.compile(rf"({_WORD}{{1,16}}) ([0-9A-Fa-f]{{2}}(?::[0-9A-Fa-f]{{2}}){{0,63}}) ?")
_RTPMAP = re.compile(rf"([0-9]{{1,3}}) ({_WORD}{{1,32}})/([0-9]{{1,9}})(?:/([0-9]{{1,2}}))? ?")
_FMTP = re.compile(r"([0-9]{1,3}) ([ -~]{1,4000})")
_FEEDBACK = re.compile(r"([0-9]{1,3}|\*) ([!-~]{1,32}(?: [!-~]{1,32}){0,3}) ?")
_EXTMAP = re.compile(r"([0-9]{1,5})(?:/(sendrecv|sendonly|recvonly|inactive))? ([!-~]{1,256})(?: .*)?")
_SSRC = re.compile(r"([0-9]{1,10})(?: .*)?")
_SSRC_GROUP = re.compile(r"([!-~]{1,16})((?: [0-9]{1,10}){1,32}) ?")
_RID = re.compile(r"([0-9A-Za-z_-]{1,255}) (send|recv)(?: .*)?")
_LAYERS = r"[0-9A-Za-z_~,;-]{1,1024}"
_SIMULCAST = re.compile(rf"(send|recv) ({_LAYERS})(?: (?:send|recv) ({_LAYERS}))? ?")
_DIGITS = re.compile(r"[0-9]{1,18}")


def parse(text: str, max_sections: int = MAX_SECTIONS) -> Description:
    """Reads an offer or an answer. Raises SdpError, which names the kind of line but never repeats it.

    `max_sections` is the number of m-lines accepted; for an answer, the number that was offered.
    """
    if len(text) > max(MAX_TEXT, MAX_TEXT_PER_SECTION * max_sections):
        raise SdpError("the description is too long")
    session = _Session()
    drafts: list[_Draft] = []
    lines = _lines(text)
    if next(lines, None) != ("v", "0"):
        raise SdpError("the description does not begin with v=0")
    for kind, value in lines:
        if kind == "m":
            if len(drafts) == max_sections:
                raise SdpError(f"the description has more than {max_sections} sections")
            drafts.append(_draft(value))
        elif kind == "a":
            name, _, rest = value.partition(":")
            target = drafts[-1] if drafts else session
            target.take(name, rest)
    mids = [draft.mid for draft in drafts if draft.mid]
    if len(set(mids)) != len(mids):
        raise SdpError("two sections have the same mid")
    bundle = tuple(mid for mid in session.bundle if mid in mids)
    tagged = next((draft for draft in drafts if bundle and draft.mid == bundle[0]), None)
    sections = tuple(
        _section(draft, session, tagged if tagged and draft.mid in bundle else draft) for draft in drafts
    )
    candidates = dict.fromkeys(one for part in (session, *drafts) for one in part.candidates)
    return Description(sections, bundle, session.extmap_allow_mixed, tuple(candidates)[:MOST_CANDIDATES])


@dataclass(slots=True)
class _Attributes:
    """What may stand at session level or in a section."""

    direction: Direction | None = None
    setup: Setup | None = None
    ice_ufrag: str = ""
    ice_pwd: str = ""
    fingerprints: list[Fingerprint] = field(default_factory=list)
    extensions: dict[int, Extension] = field(default_factory=dict)
    candidates: list[RemoteCandidate] = field(default_factory=list)
    lines: int = 0

    def take(self, name: str, value: str) -> None:
        """Applies one attribute line. Raises SdpError."""
        self.lines += 1
        if self.lines > MAX_LINES_PER_SECTION:
            raise SdpError("a section has too many lines")
        reader = _READERS.get(name)
        if reader is not None:
            reader(self, name, value)


@dataclass(slots=True)
class _Session(_Attributes):
    bundle: tuple[str, ...] = ()
    extmap_allow_mixed: bool = False


@dataclass(slots=True)
class _Draft(_Attributes):
    """A section while its lines are read."""

    kind: str = ""
    port: int = 0
    raw_format: str = ""
    payload_types: tuple[int, ...] = ()
    mid: str = ""
    bundle_only: bool = False
    msid: tuple[str, str] | None = None
    rtpmaps: dict[int, tuple[str, int, int]] = field(default_factory=dict)
    fmtps: dict[int, str] = field(default_factory=dict)
    feedback: dict[int, list[str]] = field(default_factory=dict)
    ssrcs: dict[int, None] = field(default_factory=dict)  # a set that keeps its order
    secondary: set[int] = field(default_factory=set)
    rtx: list[tuple[int, int]] = field(default_factory=list)
    sim: tuple[int, ...] = ()
    rids: dict[str, None] = field(default_factory=dict)
    simulcast: tuple[str, ...] = ()
    sctp_port: int = 0
    max_message_size: int = 0


def _lines(text: str) -> Iterator[tuple[str, str]]:
    """`(letter, value)` of each line; CRLF as the grammar wants, or LF alone."""
    text = text.replace("\r\n", "\n")
    if "\r" in text or "\0" in text:
        raise SdpError("the description has a stray control character")
    for line in text.split("\n"):
        if len(line) > MAX_LINE:
            raise SdpError("the description has a line that is too long")
        if line:
            letter, equals, value = line.partition("=")
            if len(letter) != 1 or not equals:
                raise SdpError("the description has a line that is not <letter>=<value>")
            yield letter, value


def _match(pattern: re.Pattern[str], name: str, value: str) -> re.Match[str]:
    found = pattern.fullmatch(value)
    if found is None:
        raise SdpError(f"the description has an a={name} line that cannot be read")
    return found


def _number(name: str, digits: str | None, high: int, low: int = 0) -> int:
    """Digits already matched by a pattern, held between bounds."""
    number = int(digits or "0")
    if not low <= number <= high:
        raise SdpError(f"the description has an a={name} line with a number out of bounds")
    return number


def _draft(value: str) -> _Draft:
    found = _MEDIA.fullmatch(value)
    if found is None:
        raise SdpError("the description has an m= line that cannot be read")
    kind, port, raw_format = found[1], int(found[2]), found[3]
    payload_types: tuple[int, ...] = ()
    if kind in ("audio", "video"):
        words = raw_format.split(" ")[1:]
        if not all(word.isdecimal() and word.isascii() and int(word) < 128 for word in words):
            raise SdpError("the description has an m= line with a format that is no payload type")
        payload_types = tuple(dict.fromkeys(int(word) for word in words))
    return _Draft(kind=kind, port=port, raw_format=raw_format, payload_types=payload_types)


# --- one reader per attribute ---------------------------------------------------------------------


def _read_direction(to: _Attributes, name: str, value: str) -> None:
    to.direction = Direction(name)


def _read_setup(to: _Attributes, name: str, value: str) -> None:
    try:
        to.setup = Setup(value.strip(" "))
    except ValueError:
        raise SdpError("the description has an a=setup line that is not served") from None


def _read_ice_ufrag(to: _Attributes, name: str, value: str) -> None:
    to.ice_ufrag = _match(_ICE, name, value.strip(" "))[0]


def _read_ice_pwd(to: _Attributes, name: str, value: str) -> None:
    password = _match(_ICE, name, value.strip(" "))[0]
    if len(password) < 22:
        raise SdpError("the description has an ICE password that is too short")
    to.ice_pwd = password


def _read_fingerprint(to: _Attributes, name: str, value: str) -> None:
    """Digests of other hashes (SHA-1 among them) are not evidence of anything and are skipped."""
    found = _match(_FINGERPRINT, name, value)
    algorithm, digest = found[1].lower(), bytes.fromhex(found[2].replace(":", ""))
    if algorithm not in DIGEST_SIZES:
        return
    if len(digest) != DIGEST_SIZES[algorithm]:
        raise SdpError("the description has a fingerprint of the wrong length")
    fingerprint = Fingerprint(algorithm, digest)
    if fingerprint not in to.fingerprints:
        to.fingerprints.append(fingerprint)
    if len(to.fingerprints) > MAX_FINGERPRINTS:
        raise SdpError("the description has too many fingerprints")


def _read_extmap(to: _Attributes, name: str, value: str) -> None:
    """Identifiers from 4096 on are ways to offer more than there is room for; they are skipped (RFC 8285)."""
    found = _match(_EXTMAP, name, value)
    number = _number(name, found[1], 65535, 1)
    if number > 255:
        return
    to.extensions[number] = Extension(number, found[3], Direction(found[2] or "sendrecv"))
    if len(to.extensions) > MAX_EXTENSIONS:
        raise SdpError("the description has too many header extensions")


def _read_candidate(to: _Attributes, name: str, value: str) -> None:
    """One that cannot be read is skipped: nothing depends on it."""
    candidate = read_candidate(f"{name}:{value}")
    if candidate is not None and len(to.candidates) < MOST_CANDIDATES:
        to.candidates.append(candidate)


def _read_group(to: _Attributes, name: str, value: str) -> None:
    words = value.split()
    if isinstance(to, _Session) and words[:1] == ["BUNDLE"] and not to.bundle:
        to.bundle = tuple(dict.fromkeys(words[1:]))


def _read_allow_mixed(to: _Attributes, name: str, value: str) -> None:
    if isinstance(to, _Session):
        to.extmap_allow_mixed = True


def _read_mid(to: _Attributes, name: str, value: str) -> None:
    if isinstance(to, _Draft):
        to.mid = _match(_MID, name, value.strip(" "))[0]


def _read_bundle_only(to: _Attributes, name: str, value: str) -> None:
    if isinstance(to, _Draft):
        to.bundle_only = True


def _read_msid(to: _Attributes, name: str, value: str) -> None:
    """Only the first counts: a track in several streams names itself the same in each (RFC 8830)."""
    if isinstance(to, _Draft) and to.msid is None:
        found = _match(_MSID, name, value)
        to.msid = (found[1], found[2]) if found[2] else ("", found[1])


def _read_rtpmap(to: _Attributes, name: str, value: str) -> None:
    if isinstance(to, _Draft):
        found = _match(_RTPMAP, name, value)
        payload_type = _number(name, found[1], 127)
        rate = _number(name, found[3], 0xFFFF_FFFF, 1)
        to.rtpmaps[payload_type] = (found[2].lower(), rate, _number(name, found[4] or "1", 24, 1))


def _read_fmtp(to: _Attributes, name: str, value: str) -> None:
    if isinstance(to, _Draft) and to.kind in ("audio", "video"):
        found = _match(_FMTP, name, value)
        to.fmtps[_number(name, found[1], 127)] = found[2].strip(" ")


def _read_feedback(to: _Attributes, name: str, value: str) -> None:
    if isinstance(to, _Draft):
        found = _match(_FEEDBACK, name, value)
        payload_type = EVERY if found[1] == "*" else _number(name, found[1], 127)
        of_codec = to.feedback.setdefault(payload_type, [])
        if len(of_codec) < MAX_FEEDBACK and found[2] not in of_codec:
            of_codec.append(found[2])


def _read_ssrc(to: _Attributes, name: str, value: str) -> None:
    if isinstance(to, _Draft):
        to.ssrcs[_number(name, _match(_SSRC, name, value)[1], 0xFFFF_FFFF, 1)] = None
        if len(to.ssrcs) > MAX_SSRCS:
            raise SdpError("a section has too many SSRCs")


def _read_ssrc_group(to: _Attributes, name: str, value: str) -> None:
    """FID pairs a retransmission with its media (RFC 5576); FEC-FR its repair; SIM orders layers."""
    if isinstance(to, _Draft):
        found = _match(_SSRC_GROUP, name, value)
        ssrcs = tuple(_number(name, digits, 0xFFFF_FFFF, 1) for digits in found[2].split())
        if found[1] == "SIM":
            to.sim = ssrcs
        elif found[1] in ("FID", "FEC-FR") and len(ssrcs) == 2:
            to.secondary.add(ssrcs[1])
            if found[1] == "FID" and len(to.rtx) < MAX_SSRCS:
                to.rtx.append((ssrcs[0], ssrcs[1]))


def _read_rid(to: _Attributes, name: str, value: str) -> None:
    if isinstance(to, _Draft):
        found = _match(_RID, name, value)
        if found[2] == "send":
            to.rids[found[1]] = None


def _read_simulcast(to: _Attributes, name: str, value: str) -> None:
    """Of alternatives for one layer (`a,b`) the first is what will be sent (RFC 8853)."""
    if isinstance(to, _Draft):
        found = _match(_SIMULCAST, name, value)
        words = value.split()
        if "send" in words[::2]:
            sent = found[2] if found[1] == "send" else found[3]
            layers = [layer.split(",")[0].removeprefix("~") for layer in sent.split(";")]
            to.simulcast = tuple(dict.fromkeys(layer for layer in layers if layer))


def _read_sctp_port(to: _Attributes, name: str, value: str) -> None:
    if isinstance(to, _Draft):
        to.sctp_port = _number(name, _match(_DIGITS, name, value)[0], 65535, 1)


def _read_max_message_size(to: _Attributes, name: str, value: str) -> None:
    if isinstance(to, _Draft):
        to.max_message_size = int(_match(_DIGITS, name, value)[0])


_READERS: dict[str, Callable[[_Attributes, str, str], None]] = {
    "sendrecv": _read_direction,
    "sendonly": _read_direction,
    "recvonly": _read_direction,
    "inactive": _read_direction,
    "setup": _read_setup,
    "ice-ufrag": _read_ice_ufrag,
    "ice-pwd": _read_ice_pwd,
    "fingerprint": _read_fingerprint,
    "extmap": _read_extmap,
    "candidate": _read_candidate,
    "group": _read_group,
    "extmap-allow-mixed": _read_allow_mixed,
    "mid": _read_mid,
    "bundle-only": _read_bundle_only,
    "msid": _read_msid,
    "rtpmap": _read_rtpmap,
    "fmtp": _read_fmtp,
    "rtcp-fb": _read_feedback,
    "ssrc": _read_ssrc,
    "ssrc-group": _read_ssrc_group,
    "rid": _read_rid,
    "simulcast": _read_simulcast,
    "sctp-port": _read_sctp_port,
    "max-message-size": _read_max_message_size,
}


# --- from drafts to sections ----------------------------------------------------------------------


def _section(draft: _Draft, session: _Session, tagged: _Draft) -> Section:
    """Bundled sections may leave out what the tagged one says of the transport (RFC 8843 section 7.1.3)."""
    rejected = draft.port == 0 and not draft.bundle_only
    if not draft.mid and not rejected:
        raise SdpError("a section has no mid")
    return Section(
        kind=draft.kind,
        mid=draft.mid,
        rejected=rejected,
        direction=draft.direction or session.direction or Direction.SENDRECV,
        setup=draft.setup or tagged.setup or session.setup or Setup.ACTIVE,  # the default of RFC 4145
        ice_ufrag=draft.ice_ufrag or tagged.ice_ufrag or session.ice_ufrag,
        ice_pwd=draft.ice_pwd or tagged.ice_pwd or session.ice_pwd,
        fingerprints=tuple(draft.fingerprints or tagged.fingerprints or session.fingerprints),
        codecs=tuple(_codec(draft, pt) for pt in draft.payload_types if pt in draft.rtpmaps),
        extensions=tuple((session.extensions | draft.extensions).values()),
        msid=draft.msid,
        ssrcs=_media_ssrcs(draft),
        rtx_ssrcs=tuple(draft.rtx),
        send_rids=_send_rids(draft),
        sctp_port=draft.sctp_port,
        max_message_size=draft.max_message_size,
        raw_format=draft.raw_format,
    )


def _codec(draft: _Draft, payload_type: int) -> Codec:
    name, rate, channels = draft.rtpmaps[payload_type]
    feedback = dict.fromkeys(draft.feedback.get(EVERY, []) + draft.feedback.get(payload_type, []))
    return Codec(payload_type, name, rate, channels, draft.fmtps.get(payload_type, ""), tuple(feedback))


def _media_ssrcs(draft: _Draft) -> tuple[int, ...]:
    """In the order of a SIM group where there is one, else as written."""
    known = [ssrc for ssrc in draft.sim if ssrc in draft.ssrcs] or list(draft.ssrcs)
    return tuple(dict.fromkeys(ssrc for ssrc in known if ssrc not in draft.secondary))


def _send_rids(draft: _Draft) -> tuple[str, ...]:
    """Layers that both `a=simulcast` and `a=rid` name; a lone `a=rid` is one layer (RFC 8851)."""
    rids = tuple(rid for rid in draft.simulcast if rid in draft.rids) or tuple(draft.rids)[:1]
    if len(rids) > MAX_LAYERS:
        raise SdpError(f"a section sends more than {MAX_LAYERS} layers")
    if any(len(rid) > 16 for rid in rids):
        raise SdpError("a rid is longer than 16 characters, more than its header extension carries")
    return rids
