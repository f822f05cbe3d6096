"""Empty stand-ins for what aiortc imports and a relay must not have.

aiortc's DTLS and SCTP modules name a codec library for an annotation, an SRTP library for sessions that
are never made, and an ICE library for another annotation. With stand-ins in their place the process has
no FFmpeg, no libsrtp and no ICE client mapped: there is no decoder and no muxer to misuse.

Where aiortc is imported already (a test process with a whole aiortc as peer) nothing is replaced.
"""

from __future__ import annotations

import importlib.machinery
import sys
from types import ModuleType


class _Absent:
    """Stands where a class is named; refuses to be made."""

    def __init__(self, *_: object, **__: object) -> None:
        raise RuntimeError("this library is kept out of a relay")


class _Policy:
    """aiortc makes one per profile at import to ask whether the SRTP library knows the profile."""

    SRTP_PROFILE_AES128_CM_SHA1_80 = 1
    SRTP_PROFILE_AEAD_AES_128_GCM = 7
    SRTP_PROFILE_AEAD_AES_256_GCM = 8

    def __init__(self, srtp_profile: int) -> None:
        pass


def _module(name: str, **members: object) -> ModuleType:
    module = ModuleType(name, "Stand-in: kept out of a relay.")
    for member, value in members.items():
        setattr(module, member, value)
    sys.modules[name] = module
    return module


def keep_out() -> None:
    """Puts the stand-ins in place; call before the first import of an aiortc module."""
    if "aiortc" in sys.modules:
        return
    spec = importlib.machinery.PathFinder.find_spec("aiortc")
    if spec is None or spec.submodule_search_locations is None:
        raise ImportError("aiortc is not installed")
    # A package without its __init__, which would import everything.
    package = _module("aiortc", __path__=list(spec.submodule_search_locations), __spec__=spec)
    package.__package__ = "aiortc"
    _module("av", AudioFrame=_Absent)
    _module("pylibsrtp", Error=RuntimeError, Policy=_Policy, Session=_Absent)
    _module("aiortc.rtcicetransport", RTCIceTransport=_Absent)
