"""What kind of client this is, in a few closed words.

A user agent string is close to a fingerprint. It is reduced here to a family, a major version and a
system, and is never stored or logged itself.
"""

from __future__ import annotations

import re
from typing import TypeVar

import msgspec
from ua_parser import parse_os, parse_user_agent

from server.metadata.words import Browser, Sdk, System

_LONGEST_TEXT = 512  # characters looked at; real user agents are shorter

# Families as ua-parser and as the SDKs' ClientInfo name them, lower case; the first that is contained wins.
_BROWSERS = (
    ("edge", Browser.EDGE),
    ("opera", Browser.OPERA),
    ("samsung", Browser.SAMSUNG),
    ("firefox", Browser.FIREFOX),
    ("chrome", Browser.CHROME),
    ("chromium", Browser.CHROME),
    ("safari", Browser.SAFARI),
)
_SYSTEMS = (
    ("windows", System.WINDOWS),
    ("chrome os", System.CHROMEOS),
    ("chromeos", System.CHROMEOS),
    ("android", System.ANDROID),
    ("ios", System.IOS),
    ("ipados", System.IOS),
    ("mac", System.MACOS),
    ("darwin", System.MACOS),
    ("linux", System.LINUX),
    ("ubuntu", System.LINUX),
    ("debian", System.LINUX),
    ("fedora", System.LINUX),
)
_VERSION = re.compile(r"[0-9]{1,4}(?:\.[0-9]{1,4}){0,2}(?![0-9])")
_MAJOR = re.compile(r"[0-9]{1,4}(?![0-9])")
_PAGE_SDKS = frozenset({Sdk.JS, Sdk.REACT_NATIVE, Sdk.FLUTTER, Sdk.UNITY_WEB, Sdk.UNKNOWN})


Word = TypeVar("Word", Browser, System)


class ClientKind(msgspec.Struct, frozen=True):
    """Fields of `ParticipantJoined`, ready to be spread into it with `msgspec.structs.asdict`."""

    sdk: Sdk = Sdk.UNKNOWN
    sdk_version: str = ""
    browser: Browser = Browser.NONE
    browser_version: int = 0
    system: System = System.UNKNOWN


def describe(
    user_agent: str = "", sdk: str = "", sdk_version: str = "", browser: str = "", system: str = ""
) -> ClientKind:
    """The closed words for a client; anything odd becomes unknown, other, or nothing. Never raises.

    `user_agent` is the HTTP header; the rest are fields of LiveKit's ClientInfo, or the query parameters
    `sdk`, `version`, `browser` and `os`; `sdk` may be the enumeration's name in any case.
    """
    named_sdk = _sdk(sdk)
    agent = user_agent[:_LONGEST_TEXT]
    family, major, seen_system = "", "", ""
    if agent:
        seen = parse_user_agent(agent)
        if seen is not None:
            family, major = seen.family, seen.major or ""
        seen_os = parse_os(agent)
        seen_system = seen_os.family if seen_os is not None else ""
    kind = _first(_BROWSERS, family, Browser.NONE)
    if kind is Browser.NONE and (browser or (family and named_sdk in _PAGE_SDKS and "Mozilla/" in agent)):
        kind = _first(_BROWSERS, browser, Browser.OTHER)
        major = ""
    return ClientKind(
        sdk=named_sdk,
        sdk_version=_leading(_VERSION, sdk_version),
        browser=kind,
        browser_version=int(_leading(_MAJOR, major) or 0) if kind is not Browser.NONE else 0,
        system=_system(seen_system, system),
    )


def _sdk(name: str) -> Sdk:
    try:
        return Sdk(name[:_LONGEST_TEXT].lower().replace("-", "_"))
    except ValueError:
        return {"reactnative": Sdk.REACT_NATIVE, "unityweb": Sdk.UNITY_WEB}.get(name.lower(), Sdk.UNKNOWN)


def _system(*names: str) -> System:
    """The first name that says something."""
    for name in names:
        found = _first(_SYSTEMS, name, System.UNKNOWN)
        if found is not System.UNKNOWN:
            return found
    return System.OTHER if any(name and name.lower() != "other" for name in names) else System.UNKNOWN


def _first(table: tuple[tuple[str, Word], ...], name: str, otherwise: Word) -> Word:
    lower = name[:_LONGEST_TEXT].lower()
    return next((word for part, word in table if part in lower), otherwise)


def _leading(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.match(text[:_LONGEST_TEXT])
    return found.group() if found else ""


# The patterns take a quarter of a second to load: now, rather than while somebody joins.
parse_user_agent("Mozilla/5.0")
parse_os("Mozilla/5.0")
