"""The native extension: the packet thread and the lock.

Nothing here blocks, except `PacketThread.stop`.
"""

from typing import final

from server.control.messages import CreateConsumer, CreateProducer, RemoteCandidate

__all__ = [
    "DESCRIPTORS",
    "TCP_LISTENER",
    "DataSession",
    "LockError",
    "LockProbe",
    "LockReport",
    "PacketThread",
    "PolicyRule",
    "fan_out",
    "filter_count",
    "filter_digest",
    "finish",
    "landlock_abi",
    "lock",
    "policy",
    "probe",
    "stage0",
    "tripwires",
]

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
        tcp_fd: int,
        media_memory: int,
        ring_packets: int,
        ring_microseconds: int,
        seed: bytes,
    ) -> PacketThread:
        """Takes ownership of bound, non-blocking sockets (detached descriptors; -1: none): two of UDP, and
        one of TCP that listens, of which connections inherit their options.

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
    def restart_ice(self, id: int, local_ufrag: bytes, local_pwd: bytes) -> None:
        """Checks come with these from now on; those from before are good until then."""

    def close_transport(self, id: int) -> None: ...
    def set_keys(
        self, id: int, profile: int, *, rx_key: bytes, rx_salt: bytes, tx_key: bytes, tx_salt: bytes
    ) -> None:
        """`profile` is an `SrtpProfile`; `rx` opens what the peer sends."""

    def send_dtls(self, datagrams: list[tuple[int, bytes]]) -> None:
        """To peers' current addresses, by their transports; dropped while there is none. Raises RuntimeError
        where the thread does not keep up: the rest is lost."""

    def create_producer(self, request: CreateProducer) -> None: ...
    def pause_producer(self, id: int, paused: bool) -> None: ...
    def close_producer(self, id: int) -> None:
        """Answered with event 11."""

    def create_consumer(self, request: CreateConsumer) -> None: ...
    def pause_consumer(self, id: int, paused: bool) -> None: ...
    def set_preferred_layer(self, id: int, layer: int, frame_rate: int) -> None: ...
    def set_priority(self, id: int, priority: int) -> None: ...
    def close_consumer(self, id: int) -> None: ...
    def request_key_frame(self, id: int) -> None: ...
    def end_streams(self, id: int) -> None:
        """Closes what a transport sends and receives at once; it can still say goodbye. Answered with
        event 11 for each producer, and 10."""

    def add_candidates(self, id: int, candidates: list[RemoteCandidate]) -> None:
        """Where the peer says it may be reached."""

    def list_receivers(self, id: int, sequence: int) -> None:
        """Answered with events 8, in the order of the consumers, and 9."""

    def events(
        self,
    ) -> list[
        tuple[int, int]
        | tuple[int, int, bytes]
        | tuple[int, int, int]
        | tuple[int, int, int, int]
        | tuple[int, int, int, bool, bool]
        | tuple[int, int, int, int, int, bool]
        | tuple[int, int, int, int, tuple[int, int, int, int, int, int, int, int]]
        | tuple[int, int, int, tuple[int, int, int, int, int, int, int]]
    ]:
        """Everything told since the last call, in order, each a tuple that starts with its kind:

        (0, transport) reachable, (1, transport, datagram) DTLS, (2, transport) consent expired,
        (3, producer, payload type, layers), (4, consumer, layer, paused, congested), (5, id, RefusalReason),
        (6, producer, level), (7, transport, Quality),
        (8, sequence, consumer, producer, transport, paused), (9, sequence, count),
        (10, transport, PathKind, CandidateKind, (packets received, bytes received, packets sent, bytes sent,
        packets lost, packets sent again, last and worst round trip in microseconds)), (11, producer, layers,
        (packets, bytes, packets lost, packets sent again, jitter in microseconds, key frames asked for, key
        frames)), (12, transport, Bandwidth).
        """

    def counters(self) -> tuple[int, int, int, int, int, int, int, int, int, int]:
        """Transports, producers, consumers; packets received, sent, dropped; and since the last call, in
        microseconds, p50, p99 and the longest residence and the greatest age of a packet that was kept."""

    def traffic(self) -> tuple[int, int, int, int, int, int, int, int]:
        """Since the beginning: bytes received and sent, packets of media lost on their way in and out, and
        sent again to us and by us. And how many connections of ICE over TCP there are."""

    def residences(self) -> list[int]:
        """How many datagrams were in the relay for at most 250 us, 1, 4, 16 and 64 ms, and how many in all,
        since the beginning."""

# --- data channels --------------------------------------------------------------------------------

_Channel = tuple[int, int, bool]
"""A stream, the sequence number of its next message, and whether its messages are told in order."""

@final
class DataSession:
    """One DTLS 1.2 connection with AES_128_GCM after its handshake: its records, and, from `take_over` to
    `give_back`, what is sent on its association. `now` is `time.monotonic()`.

    All raise ValueError or OverflowError for values that do not fit.
    """

    def __new__(
        cls, *, is_server: bool, master: bytes, client_random: bytes, server_random: bytes
    ) -> DataSession:
        """Of what the handshake ended with (RFC 5246 section 6.3). Raises ValueError for other lengths."""

    def seal(self, packet: bytes) -> bytes:
        """A datagram with one packet of SCTP."""

    def goodbye(self) -> bytes:
        """The datagram that says that nothing comes any more."""

    def receive(self, datagram: bytes, now: float) -> list[bytes | None] | None:
        """What is left to be done of a datagram with records of data and alerts: packets of SCTP, and None
        where the peer says goodbye; nothing of plain acknowledgements of what `fan_out` has sent. None if no
        record in it is the peer's, or it came before."""

    def take_over(
        self,
        *,
        own_tag: int,
        peer_tag: int,
        next_tsn: int,
        window: int,
        patience: float,
        lossy: _Channel | None,
        reliable: _Channel | None,
    ) -> None:
        """Has `fan_out` number what is sent on the association: all before `next_tsn` is acknowledged. At
        most `window` bytes and one message, and at most 32 messages, are under way; an acknowledgement
        takes at most `patience` seconds."""

    def give_back(
        self, now: float
    ) -> (
        tuple[int, _Channel | None, _Channel | None, float | None, list[tuple[int, bool, int, bytes, float]]]
        | None
    ):
        """None if there is nothing to give back. Else the next TSN; both channels, the lossy one first; the
        last round trip in seconds; and what is under way, oldest first: TSN, whether it is reliable, sequence
        number, message, and since how many seconds."""

    @property
    def is_waiting(self) -> bool:
        """Whether something is under way that `fan_out` has sent."""

    def is_overdue(self, now: float) -> bool:
        """Whether that should have been acknowledged by now."""

def fan_out(
    sessions: list[tuple[int, DataSession]], reliable: bool, message: bytes, now: float
) -> tuple[list[tuple[int, bytes]], list[int]]:
    """A binary message to each: the datagrams that carry it, by the numbers of the sessions, and the numbers
    of those for whom it has to wait for something, or goes another way: with these nothing was done."""

# --- lock ---------------------------------------------------------------------------------------

TCP_LISTENER: int
"""The one descriptor on which a locked relay may accept connections."""
DESCRIPTORS: int
"""The limit on descriptors of a relay that accepts connections; of one that does not it is 0."""

class LockError(Exception):
    """A lock that is not whole; the process must end. `args` are the step, numbered as `BirthFailure`, and
    the errno, 0 where the kernel accepted and yet its account differs."""

@final
class LockReport:
    """What is held after `lock`, by the kernel's account."""

    @property
    def landlock_abi(self) -> int:
        """The version that is enforced, 0 for none."""

    @property
    def seccomp_filters(self) -> int:
        """How many stand, stage 0 and inherited ones included."""

    @property
    def seccomp(self) -> bool:
        """The final filters are on."""

    @property
    def filter_digest(self) -> bytes:
        """As `filter_digest()`."""

    @property
    def canary_refused(self) -> bool:
        """What worked before Landlock (files, TCP, abstract sockets, signals) was refused by it."""

    @property
    def limits_held(self) -> bool:
        """File size, core, message queue and descriptor limits are 0, soft and hard; of descriptors, with
        `accepts`, `DESCRIPTORS`."""

    @property
    def capabilities_empty(self) -> bool:
        """No effective, permitted, inheritable or ambient capability."""

    @property
    def no_new_privs(self) -> bool:
        """No program started from here gains rights."""

    @property
    def locked_bytes(self) -> int:
        """Memory that cannot be swapped, by the kernel's count."""

    @property
    def frozen_code(self) -> int:
        """Mappings that were writable and executable and are executable only now: cffi callbacks. They
        still work; to make or free one after the lock is a crash."""

    @property
    def microseconds(self) -> int:
        """What setting the lock took."""

@final
class LockProbe:
    """Answers of the repeated probes; all true while the lock holds."""

    @property
    def open_refused(self) -> bool:
        """A file cannot be opened to read."""

    @property
    def socket_refused(self) -> bool:
        """A socket cannot be made."""

    @property
    def code_refused(self) -> bool:
        """Memory cannot be made executable."""

    @property
    def state_unchanged(self) -> bool:
        """Filters, no_new_privs, limits, capabilities and dumpable are as they were set, and a call that
        the kernel is to seem without is ENOSYS."""

@final
class PolicyRule:
    """One call, the alternatives under which the rule matches, and why it is there."""

    @property
    def table(self) -> str:
        """ "stage_0", "allowed", "absent" or "tripwires"."""

    @property
    def answer(self) -> str:
        """What the call gets on a match: "ENOSYS", "allowed" or "killed"."""

    @property
    def name(self) -> str:
        """The kernel's name of the call."""

    @property
    def number(self) -> int:
        """Its number on this architecture."""

    @property
    def any(self) -> list[list[tuple[int, int, str, int, int]]]:
        """Matches when all conditions of any one alternative hold; always, where there is none.

        A condition is the argument (0 to 5), the bits of it that count (32 or 64), the test, a mask and a
        value: "is" holds where the argument under the mask is the value, "not" where it is not, "own_pid"
        where it is the process's own id.
        """

    @property
    def reason(self) -> str:
        """Who needs it, or what it would give."""

    @property
    def unseen(self) -> str:
        """Of what is allowed: why it is, although no ordinary call needs it; else empty."""

def stage0() -> None:
    """Before any event loop: `io_uring_*` answers ENOSYS from here on. Raises LockError."""

def lock(
    user: int,
    accepts: bool,
    *,
    limits: bool = True,
    identity: bool = True,
    landlock: bool = True,
    seccomp: bool = True,
) -> LockReport:
    """Sets the layers and asks the kernel for each. `user` is the user and group taken when started as
    root (0: stay); `accepts`, where `TCP_LISTENER` listens, leaves descriptors for its connections. A relay
    sets all layers; the switches are for the control run of `verify` and for tests.

    Raises LockError: with more than one thread, when a layer cannot be set or is not held afterwards. A
    kernel without Landlock is no error but a smaller report.
    """

def finish() -> None:
    """After the inspection: becomes undumpable and probes. Raises LockError unless everything holds."""

def probe() -> LockProbe:
    """Asks again; may be called for as long as the relay lives. Before `finish` the state is not right."""

def landlock_abi() -> int:
    """What the kernel offers, 0 for none."""

def filter_count() -> int:
    """How many filters a locked relay has set, stage 0 included; there may be inherited ones on top."""

def policy() -> list[PolicyRule]:
    """The policy of this build, in the order in which its filters are set."""

def filter_digest() -> bytes:
    """SHA-256 of the filters of this build, the process's own id left out. 32 bytes."""

def tripwires() -> list[tuple[int, str]]:
    """Number (on this architecture) and name of every system call that a locked relay dies of."""
