"""ICE candidates as clients describe them (RFC 8839 section 5.1): an address, a port and a kind, and no more.

They are of use for one thing only, to tell by which kind of candidate a client is reached. So what cannot be
read is left out and is no fault, and what was read is handed on to the relay and kept nowhere.
"""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Final

import msgspec

from server.control.messages import CandidateKind, RemoteCandidate

MAX_LINE: Final = 1024  # characters of a candidate, extensions included
MAX_TRICKLE: Final = 4096  # bytes of JSON around one

_LINE = re.compile(
    r"(?:a=)?candidate:[0-9A-Za-z+/]{1,32} 1 [Uu][Dd][Pp] [0-9]{1,10}"
    r" ([0-9A-Za-z.:%_-]{1,255}) ([0-9]{1,5}) typ (host|srflx|prflx|relay)(?: .*)?"
)
_KINDS: Final = {
    "host": CandidateKind.HOST,
    "srflx": CandidateKind.SERVER_REFLEXIVE,
    "prflx": CandidateKind.PEER_REFLEXIVE,
    "relay": CandidateKind.RELAYED,
}


class _Trickled(msgspec.Struct):
    """`RTCIceCandidateInit`, as far as it matters."""

    candidate: str = ""


_decoder = msgspec.json.Decoder(_Trickled)


def read_candidate(line: str) -> RemoteCandidate | None:
    """A UDP candidate of the first component; None for every other, and for what cannot be read.

    Where the address is a name, as with mDNS, it is left empty: names are not looked up.
    """
    found = _LINE.fullmatch(line) if len(line) <= MAX_LINE else None
    if found is None or int(found[2]) > 0xFFFF:
        return None
    try:
        address = ip_address(found[1]).packed
    except ValueError:
        address = b""
    return RemoteCandidate(address, int(found[2]), _KINDS[found[3]])


def read_trickled(text: str) -> RemoteCandidate | None:
    """The same out of a trickle message (JSON)."""
    if len(text) > MAX_TRICKLE:
        return None
    try:
        return read_candidate(_decoder.decode(text.encode("utf-8", "surrogatepass")).candidate)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
