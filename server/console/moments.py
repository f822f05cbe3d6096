"""Moments as people read them: in a time zone that is named, and how long ago. PURE."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from server.console.words import roughly


@dataclass(frozen=True, slots=True)
class Moments:
    """`zone` is the name of a time zone (IANA), "" for this machine's; `now` in seconds since the epoch."""

    zone: str
    now: float

    def date(self, seconds: float) -> str:
        """`2026-11-22`."""
        return f"{self._at(seconds):%Y-%m-%d}"

    def full(self, seconds: float) -> str:
        """`2026-11-22 09:30:12 CET`; where a zone has no letters, its offset."""
        at = self._at(seconds)
        return f"{at:%Y-%m-%d %H:%M:%S} {_zone_name(at)}"

    def clock(self, seconds: float) -> str:
        """`09:30:12`."""
        return f"{self._at(seconds):%H:%M:%S}"

    def precise(self, seconds: float) -> str:
        """`09:30:12.345`."""
        return f"{self._at(seconds):%H:%M:%S.%f}"[:-3]

    def ago(self, seconds: float) -> str:
        """`just now`, `5 min ago`; `in 3 days` for what is to come."""
        passed = self.now - seconds
        if -1 < passed < 60:
            return "just now"
        return f"{roughly(passed)} ago" if passed >= 0 else f"in {roughly(-passed)}"

    @property
    def name(self) -> str:
        """Of the zone, as it is now: `Europe/Berlin (CET)`, `UTC`."""
        letters = _zone_name(self._at(self.now))
        return letters if self.zone in {"", letters} else f"{self.zone} ({letters})"

    @property
    def zone_info(self) -> tzinfo:
        """For what is typed without one."""
        return _zone(self.zone)

    def _at(self, seconds: float) -> datetime:
        return datetime.fromtimestamp(seconds, _zone(self.zone))


def utc(seconds: float) -> str:
    """RFC 3339 in UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def known_zone(name: str) -> str:
    """The same if it is a zone that this machine knows, else ""."""
    return name if name in _zones() else ""


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


@cache
def _zone(name: str) -> tzinfo:
    return ZoneInfo(name) if name else (datetime.now().astimezone().tzinfo or UTC)


def _zone_name(at: datetime) -> str:
    letters = at.tzname() or ""
    return letters if letters.isalpha() else f"{at:%z}"[:3] + ":" + f"{at:%z}"[3:5]
