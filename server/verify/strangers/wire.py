"""What is said of one attempt: a JSON value a line."""

from __future__ import annotations

import msgspec

from server.verify.wire import Outcome


class Attempted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One attempt of a locked process, without the host measure and with it. `what` is for people; `skipped`
    says why it was not made, and then nothing else means anything."""

    attempt: str
    what: str
    control: Outcome = Outcome(False, "not tried")
    guarded: Outcome = Outcome(False, "not tried")
    participant_reached: bool = False  # in both runs: a firewall that stops everything proves nothing
    skipped: str = ""
