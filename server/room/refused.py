"""Why the server API does not do something to a room, in closed words; `api/twirp/wire.py` has the codes."""

from __future__ import annotations

from enum import Enum, auto

from server.errors import ClientError


class Fault(Enum):
    """What is wrong with what was asked."""

    NOT_FOUND = auto()
    BAD_ARGUMENT = auto()
    NOT_AS_IT_IS = auto()  # the state of the room does not allow it
    TOO_MUCH = auto()
    NEVER = auto()  # this server has no such thing; `feature` is which
    STOPPING = auto()


class AdminRefused(ClientError):
    """The message says why, and holds nothing of what was asked."""

    def __init__(self, fault: Fault, message: str, feature: str = "") -> None:
        super().__init__(message)
        self.fault = fault
        self.feature = feature
