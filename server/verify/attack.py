"""What an attack is, and what surrounds it.

An attack runs in a disposable process. `stage` readies the surroundings, `prepare` is what the process
got before the lock, `act` is what it does after, and `judged` decides from outside whether something came
out. Where nothing can be seen from outside, the process's own word counts, in both runs alike.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from server.verify import kernel
from server.verify.measures import HostMeasure

YES = b"yes"
"""The word of an attack that says of itself that it worked."""


class Group(StrEnum):
    FILES = "files"
    INHERITED = "inherited"
    KERNEL = "kept by the kernel"
    PROCESSES = "processes"
    NETWORK = "network"
    MACHINE = "machine"
    LIBRARIES = "libraries"
    SHOWN = "shown to others"
    HOST = "settings of the machine"


class Namespace(StrEnum):
    """A kind of isolation that an attack must not run without."""

    MOUNT = "mount"
    NETWORK = "network"
    IPC = "ipc"
    HOST_NAME = "uts"


@dataclass(slots=True)
class Accomplice:
    """Another process with the user of the attacker: something to reach into."""

    pid: int
    address: int  # of a buffer of `SIZE` bytes
    descriptor: int  # of a file it has open for writing

    SIZE = 64


@dataclass(slots=True)
class Scene:
    """One run of one attack. Made before the disposable process is forked, so both sides have it."""

    directory: Path  # empty, and anybody may write in it
    marker: bytes  # 16 random hexadecimal characters: the media that must not get out
    user: int  # whom the attacker will be
    stranger: socket.socket  # UDP, an address that no participant proved
    listener: socket.socket  # TCP, bound and listening
    stranger_address: tuple[str, int]
    listener_address: tuple[str, int]
    accomplice: Accomplice | None = None
    sockets: dict[str, socket.socket] = field(default_factory=dict)  # others that `stage` made
    descriptors: dict[str, int] = field(default_factory=dict)  # from `stage` or `prepare` to `act`
    numbers: dict[str, int] = field(default_factory=dict)  # likewise
    things: dict[str, bytes] = field(default_factory=dict)  # likewise
    channel: int = -1  # the disposable process's end of the way to its parent
    parent: socket.socket | None = None  # the parent's end, where it is a socket and no pipe
    pid: int = 0  # of the disposable process
    word: bytes = b""  # its word, once it is done
    door_address: tuple[str, int] = ("127.0.0.1", 0)
    relay_address: tuple[str, int] = ("127.0.0.1", 0)  # where it is bound
    relay_socket: socket.socket | None = None  # the one UDP socket it was born with
    door: socket.socket | None = None  # and the socket on which it takes connections of ICE over TCP
    loop: asyncio.AbstractEventLoop | None = None  # and its event loop

    @property
    def text(self) -> str:
        """The marker as text."""
        return self.marker.decode("ascii")

    @property
    def loot(self) -> Path:
        """Where attacks that write a file put it."""
        return self.directory / "loot"


Act = Callable[[Scene], bytes | None]
Judge = Callable[[Scene], bool]
Step = Callable[[Scene], None]


def nothing(_scene: Scene) -> None:
    """No preparation."""


@dataclass(frozen=True, slots=True)
class Attack:
    name: str
    group: Group
    act: Act
    judged: Judge
    stage: Step = nothing
    prepare: Step = nothing
    restore: Step = nothing  # puts back what `stage` changed, after the process has ended
    inherits: tuple[str, ...] = ()  # names of what `stage` made that the process gets
    needs: tuple[Namespace, ...] = ()
    wants_accomplice: bool = False
    closed_by: HostMeasure | None = None  # works where this is not in place on the host, as documented
    changes_host: str = ""  # a setting of the whole machine that it changes and puts back


def attack(
    group: Group,
    judged: Judge,
    *,
    stage: Step = nothing,
    prepare: Step = nothing,
    restore: Step = nothing,
    inherits: tuple[str, ...] = (),
    needs: tuple[Namespace, ...] = (),
    wants_accomplice: bool = False,
    closed_by: HostMeasure | None = None,
    changes_host: str = "",
) -> Callable[[Act], Attack]:
    """Makes the decorated function the act of an attack that has its name."""

    def make(act: Act) -> Attack:
        name = getattr(act, "__name__", "").strip("_")
        return Attack(
            name,
            group,
            act,
            judged,
            stage,
            prepare,
            restore,
            inherits,
            needs,
            wants_accomplice,
            closed_by,
            changes_host,
        )

    return make


def accept(listener: socket.socket) -> int:
    """The descriptor of a connection that waits, as the packet thread accepts it: the filters allow no other
    flags. Raises OSError."""
    flags = socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
    return kernel.libc("accept4", listener.fileno(), 0, 0, flags)


# --- judges -------------------------------------------------------------------------------------


def said_yes(scene: Scene) -> bool:
    """The process's own word, where nothing shows outside."""
    return scene.word == YES


def looted(scene: Scene) -> bool:
    """The marker is in the loot file."""
    return holds(scene.loot, scene.marker)


def holds(path: Path, data: bytes) -> bool:
    try:
        return data in path.read_bytes()
    except OSError:
        return False


def heard_by_stranger(scene: Scene) -> bool:
    return heard(scene.stranger, scene.marker)


def heard(listener: socket.socket, data: bytes) -> bool:
    """A datagram with the data is in the queue; loopback and UNIX sockets deliver before sending returns."""
    listener.setblocking(False)
    try:
        while received := listener.recv(65536):
            if data in received:
                return True
    except OSError:
        pass
    return False


def heard_by_listener(scene: Scene) -> bool:
    return accepted(scene.listener, scene.marker)


def accepted(listener: socket.socket, data: bytes) -> bool:
    """A connection is waiting, and the data came over it."""
    listener.setblocking(False)
    try:
        connection, _ = listener.accept()
    except OSError:
        return False
    with connection:
        connection.settimeout(1)
        received = b""
        try:
            while data not in received and (more := connection.recv(65536)):
                received += more
        except OSError:
            return False
        return data in received
