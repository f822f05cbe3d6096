"""Rows about what operators did with the server: not by whom, which the access log knows."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta

from server.metadata.declared import ACCOUNTABILITY, Expiry
from server.metadata.rows.row import Row
from server.metadata.words import Action

WhatWasDone = Annotated[Action, Meta(extra=ACCOUNTABILITY)]
# As `policy.document` makes it: the date, and a digest of the text. Empty where it is about something else.
PolicyVersion = Annotated[
    str,
    Meta(pattern=r"\A([0-9]{4}-[0-9]{2}-[0-9]{2}-[0-9a-f]{8})?\Z", max_length=19, extra=ACCOUNTABILITY),
]


class OperatorAction(Row, frozen=True, tag="operator_action"):
    """Something was done that concerns what is kept, or who may see it."""

    kept_for: ClassVar[Expiry] = Expiry.OPERATION

    action: WhatWasDone
    policy_version: PolicyVersion = ""
