"""What the badge says, from the last reading and the time. PURE, so that every case is tested."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from client_demo.desktop.durations import age_in_words
from client_demo.desktop.guarantee.evidence import is_held, shown_level
from client_demo.desktop.guarantee.signed import Checked, Verdict
from client_demo.desktop.guarantee.statement import Incident, Level, Relay, Source, Statement, age_seconds

STALE_AFTER_SECONDS = 30.0
"""Three questions went unanswered, or the machine slept: no longer evidence of now."""


class Tone(StrEnum):
    """How much there is to worry about."""

    WAITING = "waiting"
    CALM = "calm"
    WARNING = "warning"
    ALARM = "alarm"


class Failure(StrEnum):
    """Why a question has no answer that counts."""

    UNREACHABLE = "unreachable"
    UNREADABLE = "unreadable"
    FORGED = "forged"
    REPLAYED = "replayed"
    DATED = "dated"
    OTHER_KEY = "other-key"


FAILURES = {
    Verdict.MALFORMED: Failure.UNREADABLE,
    Verdict.WRONG_VERSION: Failure.UNREADABLE,
    Verdict.WRONG_ALGORITHM: Failure.FORGED,
    Verdict.WRONG_TYPE: Failure.FORGED,
    Verdict.UNKNOWN_KEY: Failure.FORGED,
    Verdict.BAD_SIGNATURE: Failure.FORGED,
    Verdict.WRONG_NONCE: Failure.REPLAYED,
    Verdict.TOO_LONG: Failure.DATED,
    Verdict.EXPIRED: Failure.DATED,
    Verdict.NOT_YET_VALID: Failure.DATED,
}
"""What each broken rule is told as."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A statement whose signature is good. `placed`: it names the relay of the call, or there is no call.
    `at` is of the clock that `view_of` is asked with, in seconds."""

    statement: Statement
    kid: str
    placed: bool
    at: float


@dataclass(frozen=True, slots=True)
class Failed:
    """No answer that counts."""

    reason: Failure
    at: float


Reading = Answered | Failed | None
"""None while the first question is on its way."""


@dataclass(frozen=True, slots=True)
class Words:
    """`label` is on the badge, `title` the first line of what it opens, `meaning` the plain words below
    it."""

    tone: Tone
    label: str
    title: str
    meaning: str


def reading_of(checked: Checked, *, pinned: str, in_call: bool, at: float) -> Answered | Failed:
    """`pinned` is the key that was seen first, "" before: another one later is another signer."""
    if checked.verdict is not Verdict.VALID or checked.statement is None:
        return Failed(FAILURES.get(checked.verdict, Failure.UNREADABLE), at)
    if pinned and checked.kid != pinned:
        return Failed(Failure.OTHER_KEY, at)
    room = checked.statement.room
    placed = not in_call or (room is not None and room.relay is not None)
    return Answered(checked.statement, checked.kid, placed, at)


def is_sound(reading: Reading) -> bool:
    """Whether there is nothing to ask again soon for."""
    return isinstance(reading, Answered) and reading.placed and shown_level(reading.statement) != "none"


def view_of(reading: Reading, now: float) -> Words:
    """What to show."""
    if reading is None:
        return _WAITING
    if isinstance(reading, Failed):
        return _FAILED[reading.reason]
    level = shown_level(reading.statement)
    if now - reading.at > STALE_AFTER_SECONDS:
        return _OUT_OF_DATE
    if level != "none" and not reading.placed:
        return _ELSEWHERE
    return _LEVELS[level]


def age_of(reading: Reading, now: float) -> str:
    """When the server was asked last; "" before."""
    if reading is None:
        return ""
    return f"{'Tried' if isinstance(reading, Failed) else 'Checked'} {age_in_words(now - reading.at)}."


def evidence_of(reading: Reading) -> list[tuple[str, list[str]]]:
    """Headings, and sentences below each, for who wants to know more."""
    if not isinstance(reading, Answered):
        return []
    told = reading.statement
    sections = [
        ("What the server says", told.says),
        ("Why it is not more", list(dict.fromkeys(reason.says for reason in told.reasons))[:30]),
        ("In the last day", [_incident(incident, told.iat) for incident in told.incidents]),
        ("What this does not prove", told.does_not_prove),
        ("The statement", [f"{name}: {value}" for name, value in _facts(reading)]),
        *((_relay(relay, told.iat), _checks(relay, told.iat)) for relay in told.relays),
    ]
    return [(heading, sentences) for heading, sentences in sections if sentences]


def _facts(reading: Answered) -> list[tuple[str, str]]:
    told = reading.statement
    facts = [("Signature", "Ed25519, checked by this application"), ("Key", reading.kid)]
    if told.room is not None and told.room.relay is not None:
        facts.append(("This call", f"runs on relay {told.room.relay}"))
    return [
        *facts,
        ("Server", f"version {told.server.version}, by its own word"),
        ("Code", told.software.code),
    ]


def _incident(incident: Incident, issued_at: int) -> str:
    sentence = incident.says[:1].upper() + incident.says[1:]
    age = age_seconds(incident.at, issued_at)
    return sentence if age is None else f"{sentence}, {age_in_words(age)}"


_SOURCES: dict[Source, str] = {
    "kernel": "read from the kernel",
    "inspected": "inspected from outside",
    "self-reported": "the process’s own word",
}


def _relay(relay: Relay, issued_at: int) -> str:
    held = sum(is_held(check, issued_at) for check in relay.checks)
    return f"Relay {relay.relay}: {held} of {len(relay.checks)} checks held"


def _checks(relay: Relay, issued_at: int) -> list[str]:
    return [
        f"{check.name.replace('_', ' ')}: {'held' if is_held(check, issued_at) else 'NOT held'} "
        f"({_SOURCES[check.source]})"
        for check in relay.checks
    ]


_WAITING = Words(
    Tone.WAITING,
    "Checking the server",
    "Checking what this server guarantees",
    "The server has been asked for its evidence and has not answered yet.",
)
_CAUTION = "Missing evidence counts as not held: treat this call as one the server could record."


def _no_evidence(why: str) -> Words:
    title = "This server shows no evidence right now"
    return Words(Tone.ALARM, "No evidence right now", title, f"{why} {_CAUTION}")


_FAILED = {
    Failure.UNREACHABLE: _no_evidence("The server did not answer the question about its guarantee."),
    Failure.UNREADABLE: _no_evidence("The server answered with something that is not a guarantee statement."),
    Failure.REPLAYED: _no_evidence(
        "The server answered with a statement that was made for another question."
    ),
    Failure.DATED: _no_evidence(
        "The server answered with a statement that is not of now, or the clock of this device is wrong by "
        "more than an hour."
    ),
    Failure.FORGED: Words(
        Tone.ALARM,
        "Signature is wrong",
        "The evidence does not carry this server’s signature",
        f"Somebody on the way may have changed it, or the server is set up wrongly. {_CAUTION}",
    ),
    Failure.OTHER_KEY: Words(
        Tone.ALARM,
        "Signed by another key",
        "The evidence is signed by another key than before in this call",
        "That happens when the operator replaces the key, and when another server answers in its place. This "
        "application cannot tell which. Ask the operator, or treat this call as one the server could record.",
    ),
}
_OUT_OF_DATE = Words(
    Tone.WARNING,
    "Evidence is out of date",
    "The last evidence is out of date",
    "This application is asking the server again.",
)
_ELSEWHERE = Words(
    Tone.WARNING,
    "This call is not shown",
    "The evidence does not name the process that carries this call",
    "The server shows evidence, but does not say on which of its processes this call runs. That is so for a "
    "moment after a process was replaced. Participants can still record on their own devices.",
)
_LEVELS: dict[Level, Words] = {
    "full": Words(
        Tone.CALM,
        "Recording is blocked here",
        "Recording is blocked on this server",
        "The processes that carry sound and video here are locked by the operating system: they can open or "
        "write no file, start no program and open no connection of their own. Participants can still record "
        "on their own devices.",
    ),
    "reduced": Words(
        Tone.WARNING,
        "Blocked by fewer locks",
        "Recording is blocked on this server by fewer locks than usual",
        "One of the locks that keep this server from recording is not available on its machine; the others "
        "hold. Participants can still record on their own devices.",
    ),
    "none": Words(
        Tone.ALARM,
        "Recording is not blocked",
        "Recording is not blocked on this server",
        "This server does not show that its locks hold, as on a development machine without them. Treat "
        "this call as one the server could record. Participants can record on their own devices too.",
    ),
}
