"""A relay without its lock, to have something to compare with. Only benchmarks can start one: it is made by
replacing the steps of its birth, and no server accepts it that asks for any level.

`python -m bench.unlocked READ_FD WRITE_FD` is that relay.
"""

from __future__ import annotations

import contextlib
import functools
import shlex
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

_RELAY = "server.relay"


@contextlib.contextmanager
def unlocked_relays() -> Iterator[None]:
    """Relays that are started meanwhile are not locked."""
    python = sys.executable
    with tempfile.TemporaryDirectory() as directory:
        stand_in = Path(directory) / "python"
        # The interpreter, its options, `-m server.relay` and two descriptors become those of this module.
        stand_in.write_text(
            "#!/bin/sh\n"
            'while [ "$1" != -m ]; do options="$options $1"; shift; done\n'
            f'[ "$2" = {_RELAY} ] || exit 1\n'
            f"shift 2; exec {shlex.quote(python)} $options -m bench.unlocked "
            '"$@"\n'
        )
        stand_in.chmod(0o755)
        sys.executable = str(stand_in)
        try:
            yield
        finally:
            sys.executable = python


def _nothing() -> None:
    """In place of a step."""


def main() -> None:
    from server.control.messages import SelfTest
    from server.relay import birth
    from server.relay.__main__ import main as live

    none = birth.Layers(limits=False, identity=False, landlock=False, seccomp=False)
    birth.stage0 = birth.finish = _nothing
    birth.lock = functools.partial(birth.lock, layers=none)
    birth.self_test = lambda: SelfTest(open_refused=True, socket_refused=True, status_unchanged=True)
    live()


if __name__ == "__main__":
    main()
