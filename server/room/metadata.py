"""What clients see as a room's metadata: the app's own text, and what the server has to tell everybody. PURE.

Where there is nothing to tell, it is the app's text as it is. Else it is a JSON object with one member of
ours, `offrecord`:

    {"topic": "tulips", "offrecord": {"policy": {"version": "…", "url": "…", "revised": "2026-01-01"},
                                      "moderation": {"locked": true, "screen_share": "moderators"}}}

An app's text that is a JSON object keeps its members; any other text is `offrecord.metadata`.
"""

from __future__ import annotations

import msgspec

from server.room.rules import NO_RULES, Rules

MEMBER = "offrecord"

_decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])


class PolicyNotice(msgspec.Struct, frozen=True):
    """Which privacy policy is served. `url` is absolute, or relative to the address of the server."""

    version: str
    url: str
    revised: str


class _Told(msgspec.Struct, frozen=True, omit_defaults=True):
    policy: PolicyNotice | None = None
    moderation: Rules = NO_RULES
    metadata: str = ""


class RoomMetadata:
    """`own` is the app's text, `told` what clients see, `told_outside` what those see who wait to be let in:
    the app's text is none of it."""

    def __init__(self, policy: PolicyNotice | None = None, rules: Rules | None = None) -> None:
        self._policy = policy
        self._rules = rules or NO_RULES
        self._begun = False
        self.set("")

    def begin(self, own: str) -> None:
        """Of who opens the room; what those say who come later counts for nothing."""
        if not self._begun:
            self._begun = True
            self.set(own)

    def serve(self, policy: PolicyNotice | None) -> None:
        """Another policy is served from now on."""
        self._policy = policy
        self.set(self.own)

    def lay_down(self, rules: Rules) -> None:
        """Other rules hold from now on."""
        self._rules = rules
        self.set(self.own)

    def set(self, own: str) -> None:
        self.own = own
        self.told, self.told_outside = self._with_notice(own), self._with_notice("")

    def _with_notice(self, own: str) -> str:
        if self._policy is None and self._rules == NO_RULES:
            return own
        return _with_notice(own, self._policy, self._rules)


def _with_notice(own: str, policy: PolicyNotice | None, rules: Rules) -> str:
    members = _members(own)
    told = _Told(policy, rules, "" if members is not None else own)
    return msgspec.json.encode({**(members or {}), MEMBER: told}).decode()


def _members(text: str) -> dict[str, msgspec.Raw] | None:
    """As they were written; None where the text is no JSON object."""
    try:
        return _decoder.decode(text)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
