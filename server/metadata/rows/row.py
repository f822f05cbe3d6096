"""What every row of the ledger is, and the fields that several kinds of rows have."""

from __future__ import annotations

from typing import Annotated, ClassVar

import msgspec
from msgspec import Meta

from server.metadata.declared import ACCOUNT, TROUBLE, Expiry

NAME = 256  # characters; the access token is the only source of these names
DAY_MS = 86_400_000
YEARS_MS = 3650 * DAY_MS
SITE = r"[^\W\d_](?:[\w '()&/+-]{0,38}[\w)])?"
"""The name of a site: a letter, and up to 39 letters, digits, spaces and few signs. Never an IP address."""

RoomName = Annotated[str, Meta(min_length=1, max_length=NAME, extra=ACCOUNT)]
Identity = Annotated[str, Meta(min_length=1, max_length=NAME, extra=ACCOUNT)]
ParticipantSid = Annotated[str, Meta(pattern=r"\APA_[0-9A-Za-z]{6,32}\Z", extra=ACCOUNT)]
SupportCode = Annotated[
    str,
    Meta(pattern=r"\A([0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4})?\Z", max_length=9, extra=TROUBLE),
]
# As the operator named it in the configuration; empty where none matches.
SiteName = Annotated[str, Meta(pattern=rf"\A(?:{SITE})?\Z", max_length=40, extra=TROUBLE)]
Duration = Annotated[int, Meta(ge=0, le=YEARS_MS, extra=ACCOUNT)]


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="event"):
    """Base of all events. When it happened is stamped by the ledger. A row expires as a whole."""

    kept_for: ClassVar[Expiry]
