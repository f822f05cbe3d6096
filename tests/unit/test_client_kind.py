"""A user agent is reduced to closed words, whatever it says."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.metadata.client import ClientKind, describe
from server.metadata.event import encode
from server.metadata.rows.sessions import ParticipantJoined
from server.metadata.words import Browser, Sdk, System

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) {}/142.0.0.0 Safari/537.36"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) {} Mobile/15E148 Safari/604.1"
)
EDGE = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/130.0.0.0 Safari/537.36 Edg/130.0.0.0"
)
MAC = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.1 Safari/605.1.15"
)
ANDROID = (
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/130.0.0.0 Mobile Safari/537.36"
)
CHROMEBOOK = (
    "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/130.0.0.0 Safari/537.36"
)


@pytest.mark.parametrize(
    ("agent", "browser", "version", "system"),
    [
        (CHROME.format("Chrome"), Browser.CHROME, 142, System.LINUX),
        (CHROME.format("HeadlessChrome"), Browser.CHROME, 142, System.LINUX),
        (FIREFOX, Browser.FIREFOX, 140, System.WINDOWS),
        (IPHONE.format("Version/18.0"), Browser.SAFARI, 18, System.IOS),
        (IPHONE.format("CriOS/130.0.1"), Browser.CHROME, 130, System.IOS),
        (EDGE, Browser.EDGE, 130, System.WINDOWS),
        (MAC, Browser.SAFARI, 18, System.MACOS),
        (ANDROID, Browser.CHROME, 130, System.ANDROID),
        (CHROMEBOOK, Browser.CHROME, 130, System.CHROMEOS),
        ("", Browser.NONE, 0, System.UNKNOWN),
        ("203.0.113.7", Browser.NONE, 0, System.UNKNOWN),
    ],
)
def test_browsers(agent: str, browser: Browser, version: int, system: System) -> None:
    found = describe(agent, sdk="js", sdk_version="2.23.0")
    assert found == ClientKind(
        sdk=Sdk.JS, sdk_version="2.23.0", browser=browser, browser_version=version, system=system
    )


def test_desktop_programs() -> None:
    found = describe("", sdk="PYTHON", sdk_version="1.2.1", system="linux")
    assert found == ClientKind(sdk=Sdk.PYTHON, sdk_version="1.2.1", system=System.LINUX)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("1.2.1", "1.2.1"),
        ("2.23.0-rc.1+build", "2.23.0"),
        ("203.0.113.7", "203.0.113"),
        ("garden", ""),
        ("99999.1", ""),
        ("1." * 1000, "1.1.1"),
    ],
)
def test_versions_are_three_numbers(said: str, kept: str) -> None:
    assert describe(sdk_version=said).sdk_version == kept


@pytest.mark.parametrize("said", ["reactnative", "react-native", "REACT_NATIVE"])
def test_sdk_names_in_every_spelling(said: str) -> None:
    assert describe(sdk=said).sdk is Sdk.REACT_NATIVE


def test_an_unknown_sdk_is_unknown() -> None:
    assert describe(sdk="mine").sdk is Sdk.UNKNOWN


def test_a_rare_browser_does_not_single_anybody_out() -> None:
    found = describe("Mozilla/5.0 (X11; Haiku) Gecko/20100101 Netsurf/3.10 MyOwn/1.0", sdk="js")
    assert found.browser in {Browser.OTHER, Browser.NONE}
    assert found.browser_version in {0, 3}


@given(st.text(), st.text(), st.text(), st.text(), st.text())
def test_whatever_is_said_can_be_kept(agent: str, sdk: str, version: str, browser: str, system: str) -> None:
    kind = describe(f"Mozilla/5.0 {agent}", sdk, version, browser, system)
    event = ParticipantJoined(room="r", identity="i", participant="PA_abcdefgh")
    encode(msgspec.structs.replace(event, **msgspec.structs.asdict(kind)))
