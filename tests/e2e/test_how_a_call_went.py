"""How well somebody was connected stands in the ledger afterwards, near to what the network did to it."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
from typing import Any, NamedTuple

from livekit import rtc
from playwright.async_api import Browser

from tests.e2e.bad_network import bad_network
from tests.e2e.browser import Participant, eventually, join
from tests.e2e.desktop import desktop
from tests.e2e.netem import Conditions
from tests.e2e.serving import COMMAND, WHO, Server

LOSS = 0.06
DELAY_MS = 25.0
"""Each way."""
TWO = rtc.RoomOptions(single_peer_connection=False)
PACKETS = 1_200
"""Enough for a share of losses to be near the truth."""
STEADY_FRAMES = 30
"""A layer that sent so many was not begun and given up again at once."""
SENT = """
async () => {
  const streams = [];
  for (const peer of window.peersOfThisPage) {
    for (const entry of (await peer.getStats()).values()) {
      if (entry.type !== 'outbound-rtp' || !entry.packetsSent) continue;
      streams.push([entry.kind, entry.rid ?? '', entry.packetsSent, entry.framesSent ?? 0]);
    }
  }
  return streams;
}
"""

Row = dict[str, Any]


async def kept(server: Server, room: str = "garden") -> list[Row]:
    """Every row of the room, oldest first."""
    words = [str(COMMAND), "logs", *WHO, "--room", room, "--events", "--json"]
    listing = await asyncio.to_thread(
        subprocess.run, words, cwd=server.directory, capture_output=True, text=True, check=True
    )
    return [json.loads(line) for line in listing.stdout.splitlines()]


class Sent(NamedTuple):
    """A stream that a page sends. Padding that measures the uplink counts as packets, of layers without
    frames, too."""

    kind: str
    rid: str
    packets: int
    frames: int


async def sent(person: Participant) -> list[Sent]:
    return [Sent(*stream) for stream in await person.page.evaluate(SENT)]


def ended(rows: list[Row], identity: str) -> dict[str, Row]:
    """Transports by direction: the one of a page, and both of a desktop app that wants two."""
    found = [row for row in rows if row["event"] == "transport_ended" and row["identity"] == identity]
    directions = sorted(row["direction"] for row in found)
    assert directions == (["publisher", "subscriber"] if identity == "desk" else ["both"])
    return {row["direction"]: row for row in found}


def is_over(rows: list[Row], people: int) -> bool:
    return [row["event"] for row in rows].count("participant_left") == people


async def test_loss_round_trip_and_layers_of_a_browser_and_a_desktop(
    server: Server, browser: Browser
) -> None:
    lossy = Conditions(loss=LOSS, delay_ms=DELAY_MS)
    async with bad_network(server.url, server.udp_ports) as network:
        bad = await network.access("bad", lossy, lossy)
        far = await network.access("far", Conditions(delay_ms=DELAY_MS), Conditions(delay_ms=DELAY_MS))
        ada = await join(browser, bad.url, "Ada", "garden")
        async with desktop(far.ws_url, server.token("garden", "desk"), TWO) as desk:
            await desk.publish()
            await ada.sees(1)
            await ada.hears(1)
            streams = await eventually(
                lambda: sent(ada), lambda seen: sum(one.packets for one in seen) >= PACKETS, 60.0
            )
            await eventually(
                bad.statistics, lambda seen: seen["down"]["delivered"]["packets"] >= PACKETS, 60.0
            )
        at_the_end = await sent(ada)
        await ada.leave()
        rows = await eventually(lambda: kept(server), lambda seen: is_over(seen, 2))

    identity = next(row["identity"] for row in rows if row.get("sdk") == "js")
    near, distant = ended(rows, identity), ended(rows, "desk")
    for row in (*near.values(), *distant.values()):
        assert row["numbers"] == "told"
        assert (row["protocol"], row["family"]) == ("udp", "ipv4")
        assert row["candidate"] == "peer_reflexive", "the relay sees where the emulator sends from"
        assert (row["dtls"], row["srtp"]) == ("dtls_1_2", "aead_aes_128_gcm")
        assert row["cipher"] == "ecdhe_ecdsa_aes128_gcm_sha256"
        # A relay without processor time notices both late, and then at once; never early.
        assert DELAY_MS <= row["ice_milliseconds"] <= row["dtls_milliseconds"]
        assert 3 * DELAY_MS <= row["dtls_milliseconds"] < row["milliseconds"]
        assert 2 * DELAY_MS * 0.9 <= row["round_trip_last"] <= row["round_trip_worst"] < 2_000
    # A browser measures its uplink with padding, which is received, and not missed where it is lost.
    both = near["both"]
    assert min(both["packets_received"], both["packets_sent"]) >= PACKETS // 2
    lost = both["packets_lost"] / (both["packets_received"] + both["packets_sent"])
    assert 0.35 * LOSS < lost < 1.6 * LOSS
    assert both["packets_resent"] > 0
    for row in distant.values():
        assert row["packets_lost"] < 0.01 * (row["packets_sent"] + row["packets_received"]), row

    sources = {row["track"]: row for row in rows if row["event"] == "track_published"}
    over = {row["track"]: row for row in rows if row["event"] == "track_unpublished"}
    assert sources.keys() == over.keys()
    cameras = [over[track] for track, row in sources.items() if row["source"] == "camera"]
    for camera in cameras:
        assert camera["numbers"] == "told"
        assert camera["key_frames"] >= 1
        assert camera["key_frames_asked"] >= 1
        assert camera["packets_lost"] < LOSS / 2 * camera["packets"], "what was sent again is not lost"
    (hers,) = (camera for camera in cameras if camera["identity"] == identity)
    steady = [one for one in streams if one.frames >= STEADY_FRAMES]
    begun = [one for one in at_the_end if one.kind == "video"]
    assert 1 <= len(steady) <= hers["layers"] <= len(begun)
    assert hers["packets"] >= 0.8 * sum(one.packets for one in steady)
    assert hers["packets_resent"] > 0
    steps = [row["quality"] for row in rows if row["event"] == "quality_changed"]
    assert steps, "a twentieth of loss is not excellent"
    assert set(steps) <= {"good", "poor"}
    joined = [row for row in rows if row["event"] == "participant_joined"]
    assert all(row["relay"] == 1 and row["generation"] >= 1 for row in joined)
    assert {row["identity"]: row["transports"] for row in joined} == {identity: 1, "desk": 2}
    for who in (identity, "desk"):
        of_session = [row["event"] for row in rows if row.get("identity") == who]
        assert of_session[-1] == "participant_left", of_session


async def test_the_kind_of_candidate_is_known_where_nothing_is_between_and_no_address_is_kept(
    server: Server, browser: Browser
) -> None:
    ada = await join(browser, server.url, "Ada", "garden")
    async with desktop(server.ws_url, server.token("garden", "desk"), TWO) as desk:
        await desk.publish()
        await asyncio.gather(ada.sees(1), ada.hears(1))
    await ada.leave()
    rows = await eventually(lambda: kept(server), lambda seen: is_over(seen, 2))
    for row in ended(rows, "desk").values():
        assert row["candidate"] == "host", row
        assert row["end"] in {"closed", "client_closed"}, "whichever word of it comes first"
    identity = next(row["identity"] for row in rows if row.get("sdk") == "js")
    assert {row["candidate"] for row in ended(rows, identity).values()} == {"host"}
    await server.stop()
    for file in server.directory.glob("offrecord.db*"):
        assert not re.search(rb"[0-9]{1,3}(\.[0-9]{1,3}){3}", file.read_bytes())
