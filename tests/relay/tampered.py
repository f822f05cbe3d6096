"""Relays that do, on a signal, what none may do: the product is started by way of a script of the test.

`sys.executable` of signaling is the script; it changes the steps of a birth and then is a relay.
"""

from __future__ import annotations

import sys
from pathlib import Path

FORBIDDEN = """
import signal, socket
from server.relay import birth

def take_over(*_):
    socket.socket(socket.AF_INET, socket.SOCK_STREAM)

settle = birth.settle
birth.settle = lambda: (signal.signal(signal.SIGUSR1, take_over), settle())
"""
"""On SIGUSR1 the relay makes a socket."""

THREADED = """
import signal, threading
from server.relay import birth

def take_over(*_):
    threading.Thread(target=threading.Event().wait, daemon=True).start()

settle = birth.settle
birth.settle = lambda: (signal.signal(signal.SIGUSR1, take_over), settle())
"""
"""On SIGUSR1 the relay starts a thread, which the lock allows."""

UNTESTED = """
from server.control.messages import SelfTest
from server.relay.notices import Notices

post = Notices.post
Notices.post = lambda self, told: None if isinstance(told, SelfTest) else post(self, told)
"""
"""The relay answers and never says that it has repeated its probes."""

CLAIMS_LESS = """
from server.relay import birth
from server.control.messages import SelfTest

birth.self_test = lambda: SelfTest(open_refused=False, socket_refused=True, status_unchanged=False)
"""
"""The relay says that a file can be opened again, and that its status has changed."""

DUMPABLE = """
from server import _native

_native.finish = lambda: None
"""
"""The relay stays open to other processes of its user."""

_RELAY = """
import sys
from server.relay import __main__ as relay
sys.argv = ["relay", *sys.argv[-2:]]
relay.main()
"""


def executable(directory: Path, change: str) -> Path:
    """A program that takes a relay's arguments and is one, but for the change."""
    program = directory / "relay"
    program.write_text(f"#!{sys.executable} -sPB\n{change}\n{_RELAY}")
    program.chmod(0o755)
    return program
