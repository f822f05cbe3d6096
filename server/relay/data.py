"""Data packets for the participants of a room: between them read and stamped with their sender; fanned out.

LiveKit's `DataPacket` (livekit_models.proto). They stay in this process, and no longer than `replay.py` says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from google.protobuf.message import DecodeError, EncodeError
from livekit.protocol import models

from server.control.messages import DataMember, Heard
from server.relay.replay import Kept, Replay, is_among

LARGEST: Final = 64_000
"""Bytes of one packet, as SDKs bound it."""
LARGEST_STAMPED: Final = 65_536
"""Bytes of a packet with what was written into it, as a data channel carries it."""

DELIVERIES_PER_SECOND: Final = 5_000.0
"""One sender's share of this process: each packet costs one, and one for everybody who gets it."""
DELIVERIES_AT_ONCE: Final = 20_000.0

REFUSED_EVERY: Final = 5.0
"""Seconds between two words about data that a member sends in the clear where it must not."""

UNENCRYPTED: Final = models.Encryption.Type.NONE

SERVER_ONLY: Final = frozenset(("speaker", "transcription", "metrics"))
"""What only a server or an agent may say; from a participant it is dropped."""


@dataclass(slots=True)
class _Sender:
    """A transport that data comes from, and what its participant may still send."""

    member: DataMember
    allowance: float = DELIVERIES_AT_ONCE
    counted_at: float = 0.0
    refused_at: float = -REFUSED_EVERY
    last: int = 0  # number of its last reliable packet

    def refill(self, now: float) -> None:
        earned = (now - self.counted_at) * DELIVERIES_PER_SECOND
        self.allowance = min(DELIVERIES_AT_ONCE, self.allowance + earned)
        self.counted_at = now


class DataRooms:
    """Who is in which room, and the fan-out. `deliver(transports, reliable, message)` and `refuse(member)`,
    of somebody who sends in the clear where only what is encrypted end to end is taken, must not raise.

    Packets of one sender leave in the order in which they came. `now` is in seconds, of any clock that
    does not go back. Reliable packets are kept for `keep_seconds`, for who was away.
    """

    def __init__(
        self,
        deliver: Callable[[list[int], bool, bytes], None],
        refuse: Callable[[int], None],
        keep_seconds: float = 0.0,
    ) -> None:
        self._deliver = deliver
        self._replay = Replay(keep_seconds)
        self._since: dict[int, float] = {}  # when each member was there first
        self._refuse = refuse
        self._members: dict[int, DataMember] = {}
        self._rooms: dict[int, dict[int, DataMember]] = {}
        self._senders: dict[int, _Sender] = {}

    def put(self, now: float, member: DataMember) -> None:
        """Adds or replaces a member; a sender that stays keeps its account."""
        before = self._senders.get(member.send_transport)
        known, since = self._members.get(member.member), self._since.get(member.member, now)
        self.remove(member.member)
        self._since[member.member] = since if known is not None and known.room == member.room else now
        self._members[member.member] = member
        self._rooms.setdefault(member.room, {})[member.member] = member
        if member.send_transport:
            sender = _Sender(member)
            if before is not None:
                sender.allowance, sender.counted_at = before.allowance, before.counted_at
                sender.last = before.last
            self._senders[member.send_transport] = sender

    def remove(self, member: int) -> None:
        """Idempotent."""
        known = self._members.pop(member, None)
        if known is None:
            return
        del self._since[member]
        room = self._rooms[known.room]
        del room[member]
        if not room:
            del self._rooms[known.room]
            self._replay.forget(known.room)
        sender = self._senders.get(known.send_transport)
        if sender is not None and sender.member is known:
            del self._senders[known.send_transport]

    def received(self, now: float, transport: int, reliable: bool, message: bytes) -> None:
        """A packet from a participant. What is not a packet, not allowed, or too much is dropped."""
        account = self._senders.get(transport)
        if account is None or not account.member.may_publish or len(message) > LARGEST:
            return
        account.refill(now)
        if account.allowance < 1:
            return
        account.allowance -= 1
        sender = account.member
        try:
            packet = models.DataPacket.FromString(message)
            if packet.WhichOneof("value") in SERVER_ONLY:
                return
            if sender.encrypted_only and not is_declared_encrypted(packet):
                self._refuse_sender(now, account)
                return
            identities, sids = stamp(packet, sender, reliable)
            stamped = packet.SerializeToString()
        except (DecodeError, EncodeError, ValueError):
            return
        if len(stamped) > LARGEST_STAMPED:
            return
        if reliable and packet.sequence:
            if packet.sequence <= account.last:  # sent again by a client that has come back
                return
            account.last = packet.sequence
            kept = Kept(now, sender.sid, packet.sequence, frozenset(identities), frozenset(sids), stamped)
            self._replay.keep(sender.room, kept)
        addressed = self._addressed(sender.room, identities, sids)
        receivers = [member.receive_transport for member in addressed if member is not sender]
        account.allowance -= len(receivers)
        self._deliver(receivers, reliable, stamped)

    def replay(self, member: int, heard: Iterable[Heard]) -> None:
        """To somebody who was away: what is kept of those it has heard, beyond what it has got of each."""
        known = self._members.get(member)
        if known is None or not known.receive_transport:
            return
        last = {one.sid: one.sequence for one in heard}
        for packet in self._replay.after(known.room, self._since[member], last):
            if packet.is_for(known.identity, known.sid):
                self._deliver([known.receive_transport], True, packet.message)

    def expire(self, now: float) -> float | None:
        """Forgets what was kept for long enough; seconds until the next is, None: nothing is kept."""
        return self._replay.expire(now)

    def say(self, room: int, reliable: bool, message: bytes) -> None:
        """A packet of the server API, from nobody in the room: it goes as it is to whom it names, or to all.
        Who takes only what is declared encrypted end to end does not get it otherwise."""
        try:
            packet = models.DataPacket.FromString(message)
        except DecodeError:
            return
        identities = {*packet.destination_identities, *packet.user.destination_identities}
        sids = set(packet.user.destination_sids)
        encrypted = is_declared_encrypted(packet)
        addressed = self._addressed(room, identities, sids)
        receivers = [each.receive_transport for each in addressed if encrypted or not each.encrypted_only]
        self._deliver(receivers, reliable, message)

    def _addressed(self, room: int, identities: set[str], sids: set[str]) -> Iterable[DataMember]:
        """Who can receive of those that a packet names, or of all where it names nobody."""
        for member in self._rooms.get(room, {}).values():
            if member.receive_transport and is_among(member.identity, member.sid, identities, sids):
                yield member

    def _refuse_sender(self, now: float, account: _Sender) -> None:
        if now >= account.refused_at + REFUSED_EVERY:
            account.refused_at = now
            self._refuse(account.member.member)


def is_declared_encrypted(packet: models.DataPacket) -> bool:
    """By the packet's own word: nobody but its receivers can open it to see. Browsers' SDK leaves the kind of
    encryption out; what it is opened with is there."""
    sealed = packet.encrypted_packet
    return packet.HasField("encrypted_packet") and (sealed.encryption_type != UNENCRYPTED or bool(sealed.iv))


def stamp(packet: models.DataPacket, sender: DataMember, reliable: bool) -> tuple[set[str], set[str]]:
    """Writes who sent it and how, whatever the packet said; returns whom it is for (empty: everybody).

    Fields unknown to our schema are kept by protobuf. Streams, RPC and encrypted packets say nothing of their
    sender themselves; whom they are for stands in the packet. An encrypted packet without a kind gets the one
    that browsers' SDK uses: by that, it tells its app what came encrypted and what did not.
    """
    packet.kind = models.DataPacket.RELIABLE if reliable else models.DataPacket.LOSSY
    packet.participant_identity = sender.identity
    packet.participant_sid = sender.sid
    identities = set(packet.destination_identities)
    sids: set[str] = set()
    if packet.encrypted_packet.iv and packet.encrypted_packet.encryption_type == UNENCRYPTED:
        packet.encrypted_packet.encryption_type = models.Encryption.Type.GCM
    if packet.HasField("user"):
        user = packet.user
        user.participant_identity = sender.identity
        user.participant_sid = sender.sid
        identities.update(user.destination_identities)
        sids.update(user.destination_sids)
        # Old and new clients read the destinations in different places.
        del packet.destination_identities[:]
        del user.destination_identities[:]
        packet.destination_identities.extend(sorted(identities))
        user.destination_identities.extend(sorted(identities))
    return identities, sids
