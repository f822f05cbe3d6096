"""Another host: a second network namespace, joined to this one by a pair of virtual interfaces."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from typing import Final

from server.verify import kernel

HERE: Final = "192.0.2.1"  # RFC 5737: no host has these
THERE: Final = "192.0.2.2"
_TOOL: Final = shutil.which("ip", path=f"{os.defpath}:/usr/sbin:/sbin")


def why_not() -> str:
    """Why there can be no other host here; "" when there can."""
    if _TOOL is None:
        return "needs ip(8)"
    return "" if os.geteuid() == 0 else "needs root: ip(8) would be run without capabilities"


def _ip(words: str) -> None:
    assert _TOOL is not None, "see why_not"
    subprocess.run([_TOOL, *words.split()], check=True, capture_output=True)  # noqa: S603 - words of ours


def udp(host: str, port: int = 0) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind((host, port))
    return made


@contextlib.contextmanager
def other_host(sockets: int) -> Iterator[list[socket.socket]]:
    """UDP sockets of another host. This process must be in a network of its own. Raises OSError."""
    here = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        kernel.libc("unshare", kernel.CLONE_NEWNET)
        try:
            _ip(f"link add offrecord1 type veth peer name offrecord0 netns /proc/{os.getpid()}/fd/{here}")
            _ip(f"address add {THERE}/24 dev offrecord1")
            _ip("link set offrecord1 up")
            made = [udp(THERE) for _ in range(sockets)]  # a socket stays in the network it was made in
        finally:
            kernel.libc("setns", here, kernel.CLONE_NEWNET)
        _ip(f"address add {HERE}/24 dev offrecord0")
        _ip("link set offrecord0 up")
        try:
            yield made
        finally:
            _ip("link delete offrecord0")
            for one in made:
                one.close()
    except subprocess.CalledProcessError as error:
        raise OSError(0, "ip(8) could not make another host") from error
    finally:
        os.close(here)
