"""How the end of a relay is told: what to do about a birth, and nothing that participants said."""

from __future__ import annotations

import pytest

from server.workers.epitaph import epitaph

TRACE = b"Traceback (most recent call last):\n  ...\n"


def test_a_birth_that_fails_is_told_in_full() -> None:
    told = epitaph(1, TRACE + b"OSError: port 7882 is in use\n", served=False)
    assert told == "its process ended (exit status 1): OSError: port 7882 is in use"


@pytest.mark.parametrize(
    ("last", "shown"),
    [
        (b"KeyError: 'zuzana'", ": KeyError"),
        (b"aiortc.exceptions.InvalidStateError: zuzana", ": aiortc.exceptions.InvalidStateError"),
        (b"MemoryError", ": MemoryError"),
        (b"zuzana", ""),
        (b"zuzana said: KeyError", ""),
        (b"", ""),
    ],
)
def test_of_one_that_served_only_the_kind_is(last: bytes, shown: str) -> None:
    assert epitaph(1, TRACE + last + b"\n" if last else b"", served=True) == (
        f"its process ended (exit status 1){shown}"
    )
    assert epitaph(-9, b"", served=True) == "its process ended (killed by SIGKILL)"
