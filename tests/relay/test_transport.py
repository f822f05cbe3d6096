"""One transport: handshakes that succeed, fail and never come, and what is told of them."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator

import pytest

from server.control.budget import plausible_state
from server.control.messages import (
    CipherSuite,
    DtlsVersion,
    Fingerprint,
    FingerprintAlgorithm,
    SrtpProfile,
    TransportPhase,
)
from server.relay import ortc, transport
from server.relay.turns import AT_ONCE
from tests.relay.pair import Pair

REACHABLE, CONNECTED = TransportPhase.REACHABLE, TransportPhase.CONNECTED
CHANGE_CIPHER_SPEC = 20
FAILED, LOST, LEFT = TransportPhase.FAILED, TransportPhase.LOST, TransportPhase.LEFT


@pytest.fixture
async def pair() -> AsyncIterator[Pair]:
    made = Pair()
    yield made
    await made.close()


async def test_both_sides_derive_the_same_keys(pair: Pair) -> None:
    await pair.handshake()
    ours, theirs = pair.told.keys, pair.dtls.keys
    assert pair.told.phases == [REACHABLE, CONNECTED]
    assert ours is not None
    assert theirs is not None
    assert ours.profile == theirs.profile == SrtpProfile.AEAD_AES_128_GCM
    assert (ours.rx_key, ours.rx_salt) == (theirs.tx_key, theirs.tx_salt)
    assert (ours.tx_key, ours.tx_salt) == (theirs.rx_key, theirs.rx_salt)
    assert (len(ours.rx_key), len(ours.rx_salt)) == (16, 12)
    assert ours.rx_key != ours.tx_key


async def test_keys_do_not_print(pair: Pair) -> None:
    await pair.handshake()
    assert pair.dtls.keys is not None
    assert pair.dtls.keys.rx_key.hex() not in repr(pair.dtls.keys)
    assert "rx_key" not in repr(pair.dtls.keys)


async def test_the_keys_do_not_stay_behind(pair: Pair) -> None:
    await pair.handshake()
    assert pair.transport._dtls is not None
    assert pair.transport._dtls.keys is None


async def test_the_handshake_does_not_stay_behind_once_it_is_over(pair: Pair) -> None:
    """What OpenSSL has of it, the master secret above all, is let go of with the first word that comes."""
    await pair.handshake()
    assert pair.transport._dtls is not None
    assert pair.transport._dtls._ssl is not None
    connection = weakref.ref(pair.transport._dtls._ssl)
    await pair.associate()
    assert pair.transport._dtls._ssl is None
    gc.collect()
    assert connection() is None


async def is_refused(pair: Pair) -> None:
    """After what signaling says: the peer's handshake comes to nothing."""
    fingerprint = Fingerprint(FingerprintAlgorithm.SHA_256, pair.certificate.sha256())
    await pair.dtls.start(ortc.peer_parameters([fingerprint]))
    await pair.told.until(lambda: FAILED in pair.told.phases)
    assert pair.told.keys is None


async def test_another_certificate_than_signalled_fails(pair: Pair) -> None:
    pair.connect(digest=bytes(32))
    await is_refused(pair)


async def test_a_peer_that_never_speaks_fails_in_time(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "HANDSHAKE_TIMEOUT", 0.05)
    pair.connect()
    await pair.told.until(lambda: FAILED in pair.told.phases)
    assert pair.told.phases == [REACHABLE, FAILED]


def lose(pair: Pair, number: int) -> list[bytes]:
    """One of the relay's datagrams does not arrive, counted from 1; all that it sends from now on."""
    sent: list[bytes] = []

    def is_lost(datagram: bytes) -> bool:
        sent.append(datagram)
        return len(sent) == number

    pair.told.drop = is_lost
    return sent


async def test_a_lost_datagram_is_sent_again(pair: Pair) -> None:
    lose(pair, 1)
    await pair.handshake()
    assert CONNECTED in pair.told.phases


async def test_a_lost_last_flight_is_sent_again(pair: Pair) -> None:
    """The relay has its keys by then: the peer's repetition is still the handshake's."""
    sent = lose(pair, 2)
    await pair.handshake()
    assert sent[1][0] == CHANGE_CIPHER_SPEC
    assert len(sent) > 2
    await pair.associate()


async def test_a_peer_that_likes_another_cipher_better_takes_that_of_all(pair: Pair) -> None:
    context = pair.peer_certificate._create_ssl_context(pair.dtls._srtp_profiles)
    context.set_cipher_list(b"ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES128-GCM-SHA256")
    await pair.associate()


async def test_a_peer_without_the_cipher_of_all_fails(pair: Pair) -> None:
    context = pair.peer_certificate._create_ssl_context(pair.dtls._srtp_profiles)
    context.set_cipher_list(b"ECDHE-ECDSA-CHACHA20-POLY1305")
    pair.connect()
    await is_refused(pair)


async def test_noise_after_the_handshake_does_not_matter(pair: Pair) -> None:
    await pair.associate()
    for noise in (
        b"\x17",
        b"\x15\xfe\xfd" + bytes(40),
        b"\x17" * 1400,
        b"\x14\xfe\xff" + b"\xff" * 20,
        b"\x16",
    ):
        pair.transport.received(noise)
    assert pair.transport.phase is transport.Phase.CONNECTED
    await pair.dtls.stop()
    await pair.told.until(lambda: LEFT in pair.told.phases)


async def test_noise_before_and_during_the_handshake_does_not_matter(pair: Pair) -> None:
    for noise in (b"\x16", b"\x16\xfe\xfd" + bytes(40), b"\x17" * 1400, b"\x14\xfe\xff" + b"\xff" * 20):
        pair.transport.received(noise)
    # What is cut inside a record takes the next datagram with it; the peer's repetition gets through.
    await pair.handshake()
    assert CONNECTED in pair.told.phases


async def test_a_flood_is_not_looked_at(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[bytes] = []
    monkeypatch.setattr(pair.transport._path, "push", looked_at.append)
    for _ in range(10 * transport.MOST_DATAGRAMS):
        pair.transport.received(b"\x17")
    assert len(looked_at) < 2 * transport.MOST_DATAGRAMS
    async with asyncio.timeout(5):
        while looked_at[-1] != b"later":
            await asyncio.sleep(0.01)
            pair.transport.received(b"later")


async def test_goodbye_is_told_once(pair: Pair) -> None:
    await pair.handshake()
    await pair.dtls.stop()
    await pair.told.until(lambda: LEFT in pair.told.phases)
    pair.transport.expired()
    assert pair.told.phases == [REACHABLE, CONNECTED, LEFT]


async def test_what_was_agreed_on_is_told_in_closed_words(pair: Pair) -> None:
    await pair.handshake()
    reachable, connected = pair.told.states
    assert (reachable.srtp_profile, reachable.dtls_version, reachable.cipher_suite) == (0, 0, 0)
    assert connected.srtp_profile is SrtpProfile.AEAD_AES_128_GCM
    assert connected.dtls_version is DtlsVersion.DTLS_1_2
    assert connected.cipher_suite is CipherSuite.ECDHE_ECDSA_AES128_GCM_SHA256
    assert plausible_state(reachable)
    assert plausible_state(connected)


async def test_expired_consent_is_told_once(pair: Pair) -> None:
    await pair.handshake()
    pair.transport.expired()
    pair.transport.expired()
    await asyncio.sleep(0)
    assert pair.told.phases == [REACHABLE, CONNECTED, LOST]


async def test_nothing_is_told_after_close(pair: Pair) -> None:
    await pair.handshake()
    await pair.transport.close()
    pair.transport.expired()
    pair.transport.became_reachable()
    pair.transport.received(b"\x16" * 20)
    await asyncio.sleep(0)
    assert pair.told.phases == [REACHABLE, CONNECTED]


async def test_reliable_messages_wait_for_the_channel_within_bounds() -> None:
    pair = Pair(opens_data_channels=True)
    early = [bytes([number]) * 1000 for number in range(200)]
    for message in early:
        pair.transport.send_data(True, message)
        pair.transport.send_data(False, message)
    received: list[bytes] = []
    pair.association.on("datachannel", lambda channel: channel.on("message", received.append))
    await pair.associate()
    fitting = transport.MOST_HELD // 1000
    async with asyncio.timeout(10):
        while len(received) < fitting:
            await asyncio.sleep(0.01)
    assert received == early[:fitting]
    await pair.close()


@pytest.mark.parametrize("sizes", [[], [100], [1100, 50, 50], [600, 600, 600], [1700], [200, 1700, 300]])
def test_flights_are_cut_at_records(sizes: list[int]) -> None:
    records = [b"\x16\xfe\xfd" + bytes(8) + size.to_bytes(2, "big") + bytes(size) for size in sizes]
    datagrams = ortc.split_flight(b"".join(records))
    assert b"".join(datagrams) == b"".join(records)
    borders = {0}
    for record in records:
        borders.add(max(borders) + len(record))
    position = 0
    for datagram in datagrams:
        position += len(datagram)
        assert position in borders
        assert len(datagram) <= ortc.LARGEST_FLIGHT or datagram in records


async def test_who_waits_for_a_turn_connects_when_it_comes(pair: Pair) -> None:
    """However many wait before it; its time to answer begins with its turn."""
    turns = pair.transport._turns
    ahead = 10 * AT_ONCE
    ran = 0

    def step() -> None:
        nonlocal ran
        ran += 1

    for _ in range(ahead):
        turns.begin(step)
    handshake = asyncio.create_task(pair.handshake())
    await pair.told.until(lambda: REACHABLE in pair.told.phases)
    assert pair.transport._task is None
    await handshake
    assert ran == ahead
    assert pair.told.phases == [REACHABLE, CONNECTED]


async def test_who_leaves_before_its_turn_begins_nothing(pair: Pair) -> None:
    pair.connect()
    await pair.transport.close()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert pair.transport._dtls is None
    assert pair.told.phases == [REACHABLE]
