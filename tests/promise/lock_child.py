"""A child process that is locked as a relay is, and waits to be looked at."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import server

LOCK = """
import asyncio, ctypes, json, os, sys, socket
from dataclasses import replace
from server.control.messages import Boot, Level
from server.relay import birth
from server.verify import kernel

ARENA = 65536

def boot(minimum=Level.NONE, tcp_port=0):
    return Boot(1, "127.0.0.1", "", 0, tcp_port, ARENA, 16, 50, 0, 61234, minimum)

def say(**words):
    os.write(1, json.dumps(words).encode() + b"\\n")

def wait():
    return os.read(0, 1)

def arena():
    private_and_nameless = 0x22
    kernel.libc("mlock", kernel.libc("mmap", 0, ARENA, 3, private_and_nameless, -1, 0), ARENA)

def lock(*, minimum=Level.NONE, arena=arena, tcp_port=0, **left_out):
    arena()
    layers = replace(birth.ALL_LAYERS, **{name: False for name in left_out})
    return birth.lock(boot(minimum, tcp_port), ARENA, True, layers)
"""


class Child:
    """Speaks JSON lines on its standard output, waits for a byte on its standard input."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self.pid = process.pid

    def hear(self) -> dict[str, Any]:
        """The next line; an empty one says that the child is gone, which `ended` explains."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, f"the child said nothing and ended: {self.ended()}"
        heard: dict[str, Any] = json.loads(line)
        return heard

    def proceed(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(b"x")
        self._process.stdin.flush()

    def ended(self) -> tuple[int, str]:
        """Exit status (negative: the signal), and what it complained of."""
        _, complaint = self._process.communicate(timeout=20)
        return self._process.returncode, complaint.decode()


@contextmanager
def child(script: str) -> Iterator[Child]:
    """Runs the script after `LOCK`; killed at the end if it is still there."""
    process = subprocess.Popen(
        [sys.executable, "-c", LOCK + textwrap.dedent(script)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={"PATH": os.defpath, "PYTHONPATH": str(Path(server.__file__).parent.parent)},
    )
    with process:
        try:
            yield Child(process)
        finally:
            if process.returncode is None:
                process.kill()
