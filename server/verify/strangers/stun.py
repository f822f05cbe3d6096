"""A binding request as a participant begins it (RFC 8489); what the kernel cannot check is left out."""

from __future__ import annotations

import os
import struct

_BINDING_REQUEST, _COOKIE, _USERNAME = 0x0001, 0x2112A442, 0x0006


def binding_request(username: str, *before: tuple[int, bytes]) -> bytes:
    """Without integrity and fingerprint. `before` are attributes that come first."""
    attributes = b""
    for kind, value in (*before, (_USERNAME, username.encode())):
        attributes += struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)
    header = struct.pack("!HHI", _BINDING_REQUEST, len(attributes), _COOKIE)
    return header + os.urandom(12) + attributes
