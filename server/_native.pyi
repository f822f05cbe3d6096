"""The native extension: the packet thread and the lock.

Nothing here blocks, except `PacketThread.stop`.
"""

from typing import final

# --- packet thread ------------------------------------------------------------------------------

@final
class PacketThread:
    """One thread that owns the UDP sockets and forwards; made before the lock, started after it.

    Commands are queued and carried out in order; a refusal comes back as a `Refused` event. All raise
    RuntimeError when the thread does not keep up, and TypeError, ValueError or OverflowError for values
    that do not fit.
    """

    def __new__(
        cls,
        ipv4_fd: int,
        ipv6_fd: int,
        media_memory: int,
        ring_packets: int,
        ring_microseconds: int,
        seed: bytes,
    ) -> PacketThread:
        """Takes ownership of bound, non-blocking sockets (detached descriptors; -1: none).

        `media_memory` bytes are mapped and locked, or as many as RLIMIT_MEMLOCK allows. `seed` is 32
        random bytes. Raises OSError where memory, eventfds or epoll are refused.
        """

    @property
    def event_fd(self) -> int:
        """Readable while `events` has something to say."""

    @property
    def arena_bytes(self) -> int:
        """Bytes mapped for media, receive buffers included."""

    @property
    def arena_locked(self) -> bool:
        """Whether the kernel keeps all of them out of swap."""

    def start(self) -> None:
        """Starts the thread, once. Raises RuntimeError the second time, OSError when refused."""

    def stop(self) -> None:
        """Ends the thread and wipes what it held. Waits for it."""

    def create_transport(self, id: int, local_ufrag: bytes, local_pwd: bytes) -> None: ...
    def close_transport(self, id: int) -> None: ...
    def set_keys(
        self, id: int, profile: int, rx_key: bytes, rx_salt: bytes, tx_key: bytes, tx_salt: bytes
    ) -> None:
        """`profile` is an `SrtpProfile`; `rx` opens what the peer sends."""

    def send_dtls(self, id: int, datagram: bytes) -> None:
        """To the peer's current address; dropped while there is none."""

    def create_producer(
        self,
        id: int,
        transport: int,
        kind: int,
        mid: str,
        codecs: list[tuple[int, int, int]],
        extensions: list[tuple[int, int]],
        encodings: list[tuple[str, int, int]],
    ) -> None:
        """`codecs`: payload type, CodecKind, clock rate; `extensions`: ExtensionKind, id;
        `encodings`, lowest first: rid, SSRC, SSRC of retransmissions."""

    def pause_producer(self, id: int, paused: bool) -> None: ...
    def close_producer(self, id: int) -> None: ...
    def create_consumer(
        self,
        id: int,
        producer: int,
        transport: int,
        ssrc: int,
        payload_types: list[tuple[int, int]],
        extensions: list[tuple[int, int]],
        paused: bool,
    ) -> None:
        """`payload_types`: the producer's, the subscriber's."""

    def pause_consumer(self, id: int, paused: bool) -> None: ...
    def set_preferred_layer(self, id: int, layer: int) -> None: ...
    def close_consumer(self, id: int) -> None: ...
    def request_key_frame(self, id: int) -> None: ...
    def events(
        self,
    ) -> list[
        tuple[int, int]
        | tuple[int, int, bytes]
        | tuple[int, int, int]
        | tuple[int, int, int, int]
        | tuple[int, int, int, bool]
    ]:
        """Everything told since the last call, in order, each a tuple that starts with its kind:

        (0, transport) reachable, (1, transport, datagram) DTLS, (2, transport) consent expired,
        (3, producer, payload type, layers), (4, consumer, layer, paused), (5, id, RefusalReason).
        """

    def counters(self) -> tuple[int, int, int, int, int, int, int]:
        """Transports, producers, consumers; packets received, sent, dropped; p99 residence in
        microseconds since the last call."""
