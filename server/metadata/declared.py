"""What a field of the ledger declares: why it is kept, on what legal ground, how long, and who may see it.

Each field says so once, where it stands (`rows/`); how long, its row says for all of them. The store, the
retention, the documentation, the record of processing activities, receipts and what operators are shown are
made from that.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final


class Purpose(StrEnum):
    """Why a field is kept. A field that serves none of these is not collected."""

    ACCOUNT = "to tell participants and operators who was connected, when and for how long"
    CAPACITY = "to plan capacity and see whether joining is fast"
    COMPATIBILITY = "to see which kinds of client connect and which have trouble"
    TROUBLE = "to find out why joining or a connection failed, also when somebody names a support code"
    OPERATION = "to see when the server ran and whether its relays stayed locked"
    ACCOUNTABILITY = "to show that what people asked for, and what operators did, was done, and when"


class LegalGround(StrEnum):
    """What allows it (Regulation (EU) 2016/679, article 6(1)); the operator may have a better one."""

    LEGITIMATE_INTEREST = "legitimate interest, art. 6(1)(f)"
    LEGAL_OBLIGATION = "legal obligation, art. 6(1)(c)"
    NOT_PERSONAL = "none needed: it concerns nobody"


class Expiry(StrEnum):
    """When a field is gone; the configuration says how many days each class lasts."""

    SESSION = "session_days"
    DETAIL = "detail_days"  # what somebody did or went through, moment by moment; can be switched off
    OPERATION = "operation_days"


class Audience(StrEnum):
    """Who may see a field, besides the person it is about."""

    OPERATORS = "every named operator"
    PRIVACY_OFFICERS = "privacy officers only"


GROUNDS: Final = {
    Purpose.ACCOUNT: LegalGround.LEGITIMATE_INTEREST,
    Purpose.CAPACITY: LegalGround.LEGITIMATE_INTEREST,
    Purpose.COMPATIBILITY: LegalGround.LEGITIMATE_INTEREST,
    Purpose.TROUBLE: LegalGround.LEGITIMATE_INTEREST,
    Purpose.OPERATION: LegalGround.NOT_PERSONAL,
    Purpose.ACCOUNTABILITY: LegalGround.LEGAL_OBLIGATION,
}


@dataclass(frozen=True, slots=True)
class Declaration:
    """Of one field. `expiry` is that of its row: what has to go sooner has a row of its own."""

    purpose: Purpose
    audience: Audience
    expiry: Expiry

    @property
    def ground(self) -> LegalGround:
        """That of its purpose."""
        return GROUNDS[self.purpose]


def kept(purpose: Purpose, audience: Audience = Audience.OPERATORS) -> dict[str, Any]:
    """The `extra` of a field's `msgspec.Meta`."""
    return {"purpose": purpose, "audience": audience}


ACCOUNT: Final = kept(Purpose.ACCOUNT)
CAPACITY: Final = kept(Purpose.CAPACITY)
COMPATIBILITY: Final = kept(Purpose.COMPATIBILITY)
TROUBLE: Final = kept(Purpose.TROUBLE)
OPERATION: Final = kept(Purpose.OPERATION)
ACCOUNTABILITY: Final = kept(Purpose.ACCOUNTABILITY)
