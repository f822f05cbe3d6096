"""A real relay sends a participant that was away again what it has not heard, and forgets it in time."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from livekit.protocol import models

from server.control.messages import DataMember, Heard, ReplayData
from tests.relay.conftest import Relay
from tests.relay.crossing import PUBLISHER, SUBSCRIBER, connected
from tests.relay.peer import Peer, on_loopback


@pytest.fixture
async def call(relay: Relay, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Peer, Peer]]:
    on_loopback(monkeypatch)
    publisher, subscriber = Peer(relay, PUBLISHER), Peer(relay, SUBSCRIBER)
    yield publisher, subscriber
    await publisher.close()
    await subscriber.close()


def texts(peer: Peer) -> list[bytes]:
    return [models.DataPacket.FromString(message).user.payload for _, message in peer.messages]


async def test_what_was_missed_comes_again(relay: Relay, call: tuple[Peer, Peer]) -> None:
    publisher, subscriber = call
    for member, name, send, receive_on in ((1, "ann", PUBLISHER, 0), (2, "bob", 0, SUBSCRIBER)):
        relay.send(DataMember(member, 1, name, f"PA_{name}", send, receive_on, may_publish=True))
    publisher.keep(publisher.connection.createDataChannel("_reliable"))
    await publisher.publish()
    await subscriber.subscribe([])
    await connected(relay, PUBLISHER)
    await connected(relay, SUBSCRIBER)
    await publisher.until_open()
    for sequence in (1, 2, 3, 3):  # the last is what a client sends again when it has come back
        packet = models.DataPacket(user=models.UserPacket(payload=b"%d" % sequence), sequence=sequence)
        publisher.channels["_reliable"].send(packet.SerializeToString())
    await subscriber.until(lambda: len(subscriber.messages) == 3)
    relay.send(ReplayData(2, [Heard("PA_ann", 1)]))
    await subscriber.until(lambda: len(subscriber.messages) == 5)
    assert texts(subscriber) == [b"1", b"2", b"3", b"2", b"3"]
