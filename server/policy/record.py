"""The record of processing activities (Regulation (EU) 2016/679, article 30(1)) of one server. PURE.

What is kept, why, on what ground, for how long and for whom comes from the declaration of the ledger and the
configuration; who answers for it from the privacy policy; the security measures from what the running server
guarantees. What only the controller knows is asked for at the end, not made up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

import msgspec

from server.config import Config, replay_seconds
from server.metadata.declared import GROUNDS, Purpose
from server.metadata.described import RowDescription, rows
from server.metadata.rows.holds import LONGEST_DAYS
from server.metadata.words import HoldReason
from server.policy.document import Policy

PARTICIPANTS = "people who join rooms, guests included"
OPERATORS = "operators of this server"
NOBODY = "nobody: it is about the server"
NOT_KEPT = "not kept by this configuration"
_LAWFUL_CARRYING = "performance of a contract, art. 6(1)(b), or legitimate interest, art. 6(1)(f)"
# What the controller has to add: a server knows nothing of it.
TO_COMPLETE = (
    "joint controllers, the representative and the data protection officer, where there are any",
    "who runs the machine, the network, a proxy or a TURN server for you (processors), and their own logs",
    "where these stand: a machine in a third country makes a transfer",
    "where your own system gives out access tokens, what it keeps about people",
    "copies of the ledger: where they are, and for how many days",
    "the balance of interests behind each legitimate interest",
)


class Data(msgspec.Struct, frozen=True):
    """`fields` is what each field holds, by its name; `kept` says for how long. `setting` is the key of the
    configuration that decides, "" for none; `days` is None where nothing is kept, or not by days."""

    where: str
    fields: dict[str, str]
    kept: str
    setting: str
    days: int | None
    seen_by: list[str]


class Activity(msgspec.Struct, frozen=True):
    """One purpose."""

    purpose: str
    legal_ground: str
    people: list[str]
    data: list[Data]


class Record(msgspec.Struct, frozen=True):
    """What `offrecord policy record --json` prints."""

    controller: str
    contact: str
    policy_version: str
    activities: list[Activity]
    recipients: list[str]
    transfers: str
    security: list[str]
    to_complete: list[str]


def record(
    policy: Policy,
    config: Config,
    *,
    days: Mapping[str, int],
    ledger: str,
    guaranteed: Sequence[str],
) -> Record:
    """`days` is how long each kind of row is kept, by its name, 0 for one that is not; `ledger` is where,
    without anything secret; `guaranteed` is what the server says of itself right now."""
    return Record(
        controller=policy.controller,
        contact=policy.contact,
        policy_version=policy.version,
        activities=[_carrying(config), *_of_ledger(days, ledger), _holds_by_law(ledger), _operators(config)],
        recipients=_recipients(config, ledger),
        transfers=_transfers(config, ledger),
        security=[*guaranteed, *_measures(config)],
        to_complete=list(TO_COMPLETE),
    )


def _carrying(config: Config) -> Activity:
    """What passes through memory and is not kept: it is processed all the same."""
    ring = config.relay.ring_milliseconds
    room = ["the other participants of the room"]
    return Activity(
        purpose="to carry sound, video, screens and messages between the participants of a room",
        legal_ground=_LAWFUL_CARRYING,
        people=[PARTICIPANTS],
        data=[
            Data(
                "memory of the relays",
                {"media": "sound, video and screens"},
                f"in memory only, for at most {ring} milliseconds, to be sent again",
                "relay.ring_milliseconds",
                None,
                room,
            ),
            Data(
                "memory of the relays",
                {"messages": "chat and data between participants"},
                _messages_kept(replay_seconds(config)),
                "relay.replay_seconds",
                None,
                room,
            ),
            Data(
                "memory of the server",
                {
                    "address": "the network address of a connection; others of the room are not told it",
                    "name": "the display name, with the metadata and attributes that token or app gave",
                },
                "in memory only, until the connection ends",
                "",
                None,
                room,
            ),
        ],
    )


def _messages_kept(seconds: int) -> str:
    if not seconds:
        return "in memory only, until they are passed on"
    return f"in memory only, for at most {seconds} seconds, for those who lost the connection for a moment"


def _of_ledger(days: Mapping[str, int], ledger: str) -> list[Activity]:
    """One activity for each purpose that a field declares."""
    found = []
    for purpose in Purpose:
        data = [one for row in rows() for one in _fields(row, purpose, days[row.name], ledger)]
        if data:
            about = [row for row in rows() if any(one.declared.purpose is purpose for one in row.fields)]
            found.append(Activity(purpose.value, GROUNDS[purpose].value, _people(about), data))
    return found


def _fields(row: RowDescription, purpose: Purpose, days: int, ledger: str) -> list[Data]:
    """The fields of a row that serve a purpose, apart by who may see them."""
    wanted = [field for field in row.fields if field.declared.purpose is purpose]
    setting = f"metadata.{row.expiry.value}"
    who = [PARTICIPANTS + ", about themselves"] if row.is_about_people else []
    found = []
    for audience in dict.fromkeys(field.declared.audience for field in wanted):
        fields = {
            one.name: _holds(one.holds, one.words) for one in wanted if one.declared.audience is audience
        }
        kept = f"{days} days" if days else NOT_KEPT
        place = f"{ledger}, rows {row.name}"
        found.append(Data(place, fields, kept, setting, days or None, [*who, audience.value]))
    return found


def _holds(holds: str, words: Sequence[str]) -> str:
    return f"{holds}: {', '.join(words)}" if words else holds


def _people(about: Sequence[RowDescription]) -> list[str]:
    if any(row.is_about_people for row in about):
        return [PARTICIPANTS]
    return [PARTICIPANTS + ", without their names"] if _is_personal(about) else [NOBODY]


def _is_personal(about: Sequence[RowDescription]) -> bool:
    return any(one.declared.purpose is not Purpose.OPERATION for row in about for one in row.fields)


def _holds_by_law(ledger: str) -> Activity:
    """What stays beyond its time, where a privacy officer has said so."""
    return Activity(
        purpose="to keep rows beyond their time while a legal order, a claim or an investigation needs them",
        legal_ground=(
            f"{GROUNDS[Purpose.ACCOUNTABILITY].value}; for a claim: {GROUNDS[Purpose.ACCOUNT].value}"
        ),
        people=[PARTICIPANTS],
        data=[
            Data(
                f"{ledger}, table holds",
                {
                    "room, identity, since, until": "what a hold is about",
                    "reason": f"a word: {', '.join(HoldReason)}",
                },
                f"until the hold ends, {LONGEST_DAYS} days at most unless it is renewed",
                "",
                None,
                ["privacy officers only"],
            ),
            Data(
                "the rows that a hold is about",
                {"every field": "as above"},
                "until the hold ends; past their own time they are shown in nothing but the hold",
                "",
                None,
                ["privacy officers only"],
            ),
        ],
    )


def _operators(config: Config) -> Activity:
    """Who may look, and who looked."""
    days = config.metadata.access_days
    return Activity(
        purpose="to let named operators look at the ledger, and to be able to show who looked, when and why",
        legal_ground=GROUNDS[Purpose.ACCOUNTABILITY].value,
        people=[OPERATORS, PARTICIPANTS + ", under pseudonyms"],
        data=[
            Data(
                "the access log",
                {
                    "operator": "name, and the number of the account of this machine",
                    "asked": "when, what for and after what; how many rows were shown",
                    "room, identity": "pseudonyms, whose key is destroyed with the month's last entry",
                },
                f"{days} days",
                "metadata.access_days",
                days,
                ["who can run the commands on this machine", "privacy officers and admins, in the console"],
            ),
            Data(
                "the book of operators",
                {"operator": "name, role, and the Argon2id hash of the password"},
                "until the operator is removed",
                "console.operators",
                None,
                ["who can run the commands on this machine"],
            ),
        ],
    )


def _recipients(config: Config, ledger: str) -> list[str]:
    found = [
        "the other participants of a room: names, and what is sent there",
        "named operators: what each field says, each look noted in the access log",
    ]
    if _is_database(config):
        found.append(f"whoever runs the database: {ledger}")
    if config.metrics.port:
        found.append("whoever reads the metrics: numbers that name nobody")
    found += [
        f"the application that is told by webhooks, at {urlsplit(url).hostname}: who was in which room, "
        "when, and what they sent, as far as the ledger keeps it"
        for url in config.webhooks.urls
    ]
    if config.console.oidc_issuer:
        found.append(f"the provider through which operators sign in: {config.console.oidc_issuer}")
    return [*found, "authorities, where a law obliges the controller"]


def _transfers(config: Config, ledger: str) -> str:
    places = [
        *([f"its database ({ledger})"] if _is_database(config) else []),
        *(f"the application told by webhooks ({urlsplit(url).hostname})" for url in config.webhooks.urls),
    ]
    if places:
        return f"none by this server but to {' and '.join(places)}; participants may be anywhere"
    return "none by this server: it sends what it keeps to no other machine; participants may be anywhere"


def _is_database(config: Config) -> bool:
    return not config.metadata.url.startswith("sqlite:")


def _measures(config: Config) -> list[str]:
    """What the configuration and the code add to what is guaranteed."""
    demanded = (
        f"The server does not start, and relays are ended, below the guarantee level "
        f"{config.guarantee.minimum_level!r}."
    )
    transport = (
        "Pages and signaling go over TLS, which this server terminates."
        if config.http.tls_certificate
        else "TLS for pages and signaling is terminated in front of this server, or is missing."
    )
    rooms = ", ".join(config.rooms.require_encryption)
    encrypted = f"End-to-end encryption is required of rooms named {rooms}." if rooms else ""
    firewall = config.guarantee.host_firewall
    lines = (
        demanded,
        "Media is encrypted between participant and relay (DTLS, SRTP); packets are wiped from memory.",
        transport,
        encrypted,
        f"The host firewall for relays is configured: {firewall!r}." if firewall != "off" else "",
        "Ledger, access log, operators and keys can be read by the server's own user only.",
        "What expires is deleted hourly and overwritten.",
        "Whoever looks at the ledger is named with a reason in a chained, signed access log.",
        "The server's own log names nobody, and has no address, token or key.",
    )
    return [line for line in lines if line]
