"""Sentences that privacy policies often have and that would be false of this server. PURE."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Falsehood:
    """A kind of sentence, and why it is not true here."""

    pattern: re.Pattern[str]
    why: str


def _of(words: str, why: str) -> Falsehood:
    return Falsehood(re.compile(words, re.IGNORECASE | re.DOTALL), why)


_NO = r"\b(?:do(?:es)? not|don't|never|no|nothing|without|neither|nor|not)\b"
_TRACES = "cookie|web beacon|clear gif|pixel tag"


def _said(words: str, why: str) -> Falsehood:
    """False unless it is denied: a sentence may say that there is no such thing."""
    return _of(rf"^(?!.*{_NO}.{{0,80}}(?:{words})).*(?:{words})", why)


FALSEHOODS = (
    _of(
        r"(?:statistical|anonymous|aggregate)\w*\b.{0,80}\b(?:not|never)\b.{0,20}\bidentif",
        "a ledger of who was in which room identifies people",
    ),
    _of(
        r"\b(?:do|does|did) not\b.{0,30}\bpersonal information\b.{0,30}\bautomatically",
        "who connected, and when, is kept automatically, and it is personal information",
    ),
    _of(
        r"\b(?:cannot|can not|impossible|unable)\b.{0,40}\brecord",
        "participants can record on their devices, and who changes the server can make it record",
    ),
    _of(
        rf"^(?!.*{_NO}.{{0,60}}(?:{_TRACES})).*\b(?:{_TRACES})s?\b",
        "this server sets no cookies and has no beacons",
    ),
    _of(r"\bflash\b.{0,20}\b(?:cookie|player|object)", "nothing here uses Flash"),
    _of(
        r"\brecogni[sz]e you\b.{0,30}\breturn",
        "nothing recognises somebody who returns",
    ),
    _of(
        r"\b(?:unable to access|inaccessible)\b",
        "nothing here needs a cookie or a setting of the browser",
    ),
    _said(
        r"\b(?:postal address|e-?mail address|telephone number|employer|industry)",
        "no page asks for it, and the ledger has no field for it",
    ),
    _of(
        r"\b(?:at the time of|when you) (?:registering|registration|register|subscrib)",
        "nobody registers here",
    ),
    _said(r"\bfrom (?:third parties|other sources|our business partners)\b", "nothing comes from others"),
    _said(
        r"\b(?:blogs?|message boards?|(?:support |discussion )forums?|surveys?|search quer(?:y|ies))\b",
        "there is none here, and nothing of the kind is kept",
    ),
    _of(r"\bspeed up your search", "there is no search here"),
    _said(
        r"\b(?:location data|browsing actions|details of your visits|resources that you access)\b",
        "what is looked at is not logged, and a place is kept only where the operator has named it",
    ),
    _of(
        r"\b(?:individual interests|your preferences|personali[sz]ed)\b",
        "nothing about anybody's taste is kept",
    ),
    _said(r"\bbilling\b", "billing is none of the purposes for which a field is kept"),
    _of(
        r"\bany other (?:purpose|way)\b",
        "each field of the ledger is kept for one purpose, which is declared",
    ),
    _of(
        r"\b(?:contact you about|may be of interest to you|third.part(?:y|ies)'? goods)",
        "no way to contact anybody is kept",
    ),
    _of(r"\ball information you provide\b.{0,40}\bstored", "most of what is provided is not stored at all"),
    _of(
        r"\b(?:continued use|using our \w+ after)\b.{0,80}\b(?:accept|deemed)",
        "guests are asked again where the policy has changed",
    ),
    _of(
        r"\byou are responsible\b.{0,120}\b(?:e-?mail address|periodically|check)",
        "nobody's address is known, and guests are told where the policy has changed",
    ),
    _of(r"\bend-to-end encrypted\b(?!.{0,40}\b(?:if|where|when|can|may)\b)", "only rooms that demand it are"),
)

_KEEP = r"\b(?:collect|keep|kept|store|log|record)\w*\b"
_KEPT = rf"(?!.*{_NO}.{{0,60}}IP address).*{_KEEP}.{{0,80}}\bIP address"
_NOT_KEPT = rf".*{_NO}.{{0,60}}{_KEEP}.{{0,80}}\bIP address"
_AS_PSEUDONYM = "pseudonym|encrypt|whole"
_IN_PART = "part of|truncat|shorten|whole"

# By what the configuration keeps of IP addresses (`metadata.addresses`).
OF_ADDRESSES = {
    "drop": (_of(rf"^{_KEPT}", "IP addresses are not kept"),),
    "pseudonym": (
        _of(rf"^(?!.*(?:{_AS_PSEUDONYM})){_KEPT}", "IP addresses are kept as pseudonyms only"),
        _of(rf"^(?!.*(?:{_AS_PSEUDONYM})){_NOT_KEPT}", "a pseudonym of each IP address is kept"),
        _of(
            r"\bpseudonym\w*.{0,80}\banonym|\banonym\w*.{0,80}\bpseudonym",
            "a pseudonym is not anonymous as long as its key exists",
        ),
    ),
    "truncate": (
        _of(rf"^(?!.*(?:{_IN_PART})){_KEPT}", "only the first part of IP addresses is kept"),
        _of(rf"^(?!.*(?:{_IN_PART})){_NOT_KEPT}", "the first part of each IP address is kept"),
        _of(
            r"\bIP address.{0,80}\banonym|\banonym\w*.{0,80}\bIP address",
            "the first part of an IP address is still about a person",
        ),
    ),
}


def untrue(text: str, addresses: str = "drop") -> str:
    """Why the text is false here; empty if no known falsehood is in it. `addresses` as configured."""
    known = (*FALSEHOODS, *OF_ADDRESSES[addresses])
    sentences = re.split(r"(?<=[.!?;])\s+", text)
    return next((one.why for sentence in sentences for one in known if one.pattern.search(sentence)), "")
