"""Who sends on an association: the native lane while all is as it always is, aiortc otherwise.

A message to a room is hundreds of small ones, each numbered, sealed, sent and acknowledged. While nothing of
an association is lost and nothing waits, `server._native.DataSession` does that, which is lent what aiortc
would number its chunks by. For everything else it is taken back, with what is under way.
"""

# ruff: noqa: E402 - the stand-ins come before aiortc

from __future__ import annotations

import time

from server._native import DataSession
from server.relay.stand_ins import keep_out

keep_out()

from aiortc import rtcdatachannel  # first: it and rtcsctptransport import each other
from aiortc import rtcsctptransport as sctp


class Message(sctp.DataChunk):
    """A whole binary message that was sent (RFC 9260 section 3.3.1), as aiortc's queue of such has it."""

    _abandoned = _acked = _in_flight = _retransmit = False
    _expiry = None
    _misses = 0
    _sent_count = 1

    def __init__(
        self,
        tsn: int,
        sequence: int,
        message: bytes,
        sent_time: float,
        *,
        stream: int,
        ordered: bool,
        most_retransmits: int | None,
    ) -> None:
        super().__init__(sctp.SCTP_DATA_FIRST_FRAG | sctp.SCTP_DATA_LAST_FRAG)
        if not ordered:
            self.flags |= sctp.SCTP_DATA_UNORDERED
        self.tsn, self.stream_id, self.stream_seq = tsn, stream, sequence
        self.protocol, self.user_data = sctp.WEBRTC_BINARY, message
        self._book_size = len(message)
        self._max_retransmits = most_retransmits
        self._sent_time = sent_time


class Lane:
    """Lends `association` to `session`. Nothing here raises."""

    def __init__(self, association: sctp.RTCSctpTransport, session: DataSession) -> None:
        self._association = association
        self._session = session
        self._channels: dict[bool, rtcdatachannel.RTCDataChannel] = {}
        self._is_lent = False

    def add(self, channel: rtcdatachannel.RTCDataChannel, reliable: bool) -> None:
        """What reliable messages go out on, or the others. Only what has no time limit can be lent."""
        if not channel.maxPacketLifeTime:
            self._channels[reliable] = channel

    def lend(self) -> None:
        """If nothing is under way or waits."""
        lossy, reliable = self._terms(False), self._terms(True)
        if self._is_lent or not (lossy or reliable) or not self._is_idle():
            return
        association = self._association
        self._session.take_over(
            own_tag=association._local_verification_tag,
            peer_tag=association._remote_verification_tag,
            next_tsn=association._local_tsn,
            window=association._cwnd,
            patience=association._rto,
            lossy=lossy,
            reliable=reliable,
        )
        self._is_lent = True

    def take_back(self) -> None:
        """Before aiortc sends a message or hears of what it has sent. It goes on with what is under way."""
        if not self._is_lent:
            return
        self._is_lent = False
        given = self._session.give_back(time.monotonic())
        assert given is not None, "it was lent"
        next_tsn, lossy, reliable, round_trip, sent = given
        association = self._association
        association._local_tsn = next_tsn
        association._last_sacked_tsn = sctp.tsn_minus_one(sent[0][0] if sent else next_tsn)
        channels = {False: lossy, True: reliable}
        for stream, sequence, ordered in filter(None, channels.values()):
            if ordered:
                association._outbound_stream_seq[stream] = sequence
        if round_trip is not None:
            association._update_rto(round_trip)
        now = time.time()
        for tsn, is_reliable, sequence, message, age in sent:
            channel, terms = self._channels[is_reliable], channels[is_reliable]
            assert terms is not None, "it was sent on it"
            chunk = Message(
                tsn,
                sequence,
                message,
                now - age,
                stream=terms[0],
                ordered=terms[2],
                most_retransmits=channel.maxRetransmits,
            )
            association._sent_queue.append(chunk)
            association._flight_size_increase(chunk)
        if sent:
            association._t3_start()

    def give_up(self) -> None:
        """The association has ended."""
        self._is_lent = False
        self._channels.clear()
        self._session.give_back(time.monotonic())

    def recover(self) -> None:
        """Something was not acknowledged in time: it is sent again, or given up, as aiortc does it."""
        self.take_back()
        if self._association._sent_queue:
            self._association._t3_cancel()
            self._association._t3_expired()

    def _terms(self, reliable: bool) -> tuple[int, int, bool] | None:
        channel = self._channels.get(reliable)
        if channel is None or channel.id is None or channel.readyState != "open":
            return None
        sequence = self._association._outbound_stream_seq.get(channel.id, 0) if channel.ordered else 0
        return channel.id, sequence, channel.ordered

    def _is_idle(self) -> bool:
        association = self._association
        return association._association_state is association.State.ESTABLISHED and not (
            association._data_channel_queue
            or association._outbound_queue
            or association._sent_queue
            or association._t3_handle
            or association._forward_tsn_chunk
            or association._fast_recovery_exit is not None
            or association._reconfig_queue
            or association._reconfig_request
        )
