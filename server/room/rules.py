"""What moderators lay down for a room: who comes in at once, and who may share a screen. PURE."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec


class Sharing(StrEnum):
    """Who may share a screen."""

    EVERYBODY = "everybody"
    MODERATORS = "moderators"


class Rules(msgspec.Struct, frozen=True, omit_defaults=True):
    """`locked`: nobody new comes in. `lobby`: who is new waits for a moderator. As clients are told them."""

    locked: bool = False
    lobby: bool = False
    screen_share: Sharing = Sharing.EVERYBODY


NO_RULES: Final = Rules()
