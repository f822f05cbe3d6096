"""All that began has an end in the ledger: after a normal stop, after a relay's death, after a crash."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import Counter

import pytest
from livekit import rtc

from tests.e2e.browser import eventually
from tests.e2e.desktop import desktop
from tests.e2e.serving import Server
from tests.e2e.test_how_a_call_went import Row, is_over, kept


def unbalanced(rows: list[Row]) -> Counter[str]:
    """What began and has no end, or ended and did not begin."""
    left: Counter[str] = Counter()
    for row in rows:
        match row["event"]:
            case "participant_joined":
                left["session"] += 1
                left["transport"] += row["transports"]
            case "participant_left":
                left["session"] -= 1
            case "transport_ended":
                left["transport"] -= 1
            case "track_published":
                left[row["track"]] += 1
            case "track_unpublished":
                left[row["track"]] -= 1
    return Counter({name: count for name, count in left.items() if count})


@pytest.mark.parametrize("how", ["stop", "relay", "crash"])
async def test_all_that_began_has_ended(server: Server, how: str) -> None:
    two = rtc.RoomOptions(single_peer_connection=False)
    async with (
        desktop(server.ws_url, server.token("garden", "desk")) as desk,
        desktop(server.ws_url, server.token("garden", "lap"), two) as lap,
    ):
        await asyncio.gather(desk.publish(), lap.publish())
        await eventually(lambda: _received(desk, lap), bool, 40.0)
        during = await kept(server)
        playing = [row["track"] for row in during if row["event"] == "track_published"]
        assert len(playing) == 4
        assert unbalanced(during) == Counter({"session": 2, "transport": 3, **dict.fromkeys(playing, 1)})
        match how:
            case "stop":
                await server.stop()
                after = await kept(server)
            case "relay":
                os.kill(await server.relay_of_the_call(), signal.SIGKILL)
                after = await eventually(lambda: kept(server), lambda rows: is_over(_first(rows), 2), 40.0)
                after = _first(after)
            case _:
                await server.crash_and_return()
                after = _first(await kept(server))
    assert unbalanced(after) == Counter()
    ends = {row["end"] for row in after if row["event"] == "transport_ended"}
    told = {row["numbers"] for row in after if row["event"] in {"transport_ended", "track_unpublished"}}
    assert (ends, told) == {
        "stop": ({"closed"}, {"told"}),
        "relay": ({"relay_lost"}, {"unknown"}),
        "crash": ({"server_crash"}, {"unknown"}),
    }[how]


def _first(rows: list[Row]) -> list[Row]:
    """Of the sessions that were there before: everybody comes back by itself."""
    sids = list(dict.fromkeys(row["participant"] for row in rows if row["event"] == "participant_joined"))[:2]
    return [row for row in rows if row.get("participant") in sids]


async def _received(*people: object) -> bool:
    return all(getattr(one, "frames", None) for one in people)
