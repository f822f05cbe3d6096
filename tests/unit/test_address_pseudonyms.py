"""An address has one pseudonym until the key is replaced, another afterwards; and the old key is gone."""

from __future__ import annotations

import asyncio
import gc
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from ipaddress import IPv4Address, ip_address
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.network import pseudonyms
from server.network.address import Address, address_of
from server.network.pseudonyms import Pseudonyms

HOUR = 3600.0
LYON = ip_address("203.0.113.7")
# Masked, so that the program below has the key nowhere but where it is drawn.
MASK = 0x5A
MASKED = secrets.token_bytes(16)
CHILD = f"""
import sys
from ipaddress import ip_address
from server.network.pseudonyms import Pseudonyms

now = [0.0]
drawn = []

def draw(key):
    for place, byte in enumerate({list(MASKED)}):
        key[place] = ((byte ^ {MASK}) + len(drawn)) % 256
    drawn.append(1)

made = Pseudonyms(1, elapsed=lambda: now[0], draw=draw)
for line in sys.stdin:
    now[0] = float(line)
    print(made.of(ip_address("203.0.113.7")), flush=True)
"""


class Elapsed:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("key", "address", "encrypted"),
    [
        ("0123456789abcdeffedcba9876543210", "0.0.0.0", "bde96789d353824cd7c6f58a6bd226eb"),
        ("1032547698badcfeefcdab8967452301", "255.255.255.255", "aed292f6ea2358c348fd08b874e845d8"),
        ("2b7e151628aed2a6abf7158809cf4f3c", "192.0.2.1", "1dbdc1b9fff175867d0b67b4e76e4777"),
    ],
)
def test_it_is_the_construction_of_the_draft(key: str, address: str, encrypted: str) -> None:
    """The test vectors of ipcrypt-deterministic in draft-denis-ipcrypt."""

    def draw(empty: bytearray) -> None:
        empty[:] = bytes.fromhex(key)

    assert Pseudonyms(24, draw=draw).of(ip_address(address)) == encrypted


def test_an_address_has_one_pseudonym_until_the_key_is_replaced() -> None:
    elapsed = Elapsed()
    made = Pseudonyms(24, elapsed)
    first = made.of(LYON)
    elapsed.now += 24 * HOUR - 1
    assert made.of(LYON) == first
    elapsed.now += 1
    second = made.of(LYON)
    assert second != first
    elapsed.now += 24 * HOUR - 1
    assert made.of(LYON) == second


def test_two_servers_and_two_starts_have_nothing_in_common() -> None:
    assert Pseudonyms(24).of(LYON) != Pseudonyms(24).of(LYON)


@given(addresses=st.lists(st.ip_addresses(), unique=True, min_size=2, max_size=200))
def test_no_two_addresses_have_the_same(addresses: list[Address]) -> None:
    made = Pseudonyms(24)
    one_form = {address_of(str(address)) or address for address in addresses}
    found = {made.of(address) for address in one_form}
    assert len(found) == len(one_form)
    assert all(len(one) == 32 and set(one) <= set("0123456789abcdef") for one in found)


@given(address=st.ip_addresses())
def test_a_pseudonym_is_no_address(address: Address) -> None:
    assert address_of(Pseudonyms(24).of(address)) is None


def test_a_clock_that_is_set_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither keeps setting it back the key alive, nor does setting it forward end it early."""
    made = Pseudonyms(24)
    first = made.of(LYON)
    for shift in (-10 * 365 * 86_400.0, 10 * 365 * 86_400.0):
        monkeypatch.setattr(time, "time", lambda shift=shift: 1_700_000_000.0 + shift)
        assert made.of(LYON) == first


def test_a_machine_that_slept_for_days_replaces_the_key_before_it_is_used() -> None:
    elapsed = Elapsed()
    made = Pseudonyms(1, elapsed)
    first = made.of(LYON)
    elapsed.now += 72 * HOUR
    second = made.of(LYON)
    assert second != first
    elapsed.now += HOUR - 1  # the new one lives for an hour from its own beginning
    assert made.of(LYON) == second


async def test_the_key_is_replaced_though_nobody_joins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pseudonyms, "LOOK_SECONDS", 0.001)
    elapsed = Elapsed()
    drawn = asyncio.Event()
    keys: list[bytes] = []

    def draw(key: bytearray) -> None:
        keys.append(bytes(key))
        key[:] = bytes([len(keys)]) * len(key)
        drawn.set()

    made = Pseudonyms(1, elapsed, draw)
    replacing = asyncio.create_task(made.keep_replacing())
    drawn.clear()
    elapsed.now += HOUR
    async with asyncio.timeout(5):
        await drawn.wait()
    replacing.cancel()
    await asyncio.gather(replacing, return_exceptions=True)
    assert len(keys) == 2


def _reachable(start: object) -> Iterator[object]:
    seen: dict[int, object] = {}
    waiting = [start]
    while waiting:
        one = waiting.pop()
        if id(one) not in seen and not isinstance(one, type):
            seen[id(one)] = one
            yield one
            waiting += gc.get_referents(one)
            waiting += vars(one).values() if hasattr(one, "__dict__") else ()


def test_nobody_can_ask_for_the_key() -> None:
    """No object that leads from it holds the key, in any form, not even while it is used."""
    given_out: list[bytearray] = []

    def draw(key: bytearray) -> None:
        key[:] = bytes(range(16))  # made here, so that this function does not hold it
        given_out.append(key)

    made = Pseudonyms(24, Elapsed(), draw)
    assert made.of(LYON)
    assert given_out == [bytearray(16)]  # wiped as soon as the cipher has it
    given_out.clear()
    known = bytes(range(16))
    held = [one for one in _reachable(made) if isinstance(one, bytes | bytearray | memoryview | str | int)]
    assert not [one for one in held if str(one) in {str(known), known.hex(), str(int.from_bytes(known))}]
    assert known.hex() not in repr(made) + repr(vars(made))
    public = {name for name in dir(made) if not name.startswith("_")}
    assert public == {"of", "replace_if_due", "keep_replacing"}


def _memory_has(pid: int, plus: int) -> bool:
    """Whether the key is anywhere in the memory of a process; of the second that it draws with `plus` 1."""
    wanted = bytes(((byte ^ MASK) + plus) % 256 for byte in MASKED)
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            span, rights, *rest = line.split(maxsplit=5)
            if not rights.startswith("rw") or (rest and rest[-1].startswith("[vvar")):
                continue
            begin, end = (int(number, 16) for number in span.split("-"))
            memory.seek(begin)
            try:
                content = memory.read(end - begin)
            except OSError:
                continue
            if wanted in content:
                return True
    return False


def test_a_key_that_was_replaced_is_nowhere_in_memory() -> None:
    """Looked for from outside, in all that the process has: it is found as long as it is used, then never."""
    with subprocess.Popen(
        [sys.executable, "-c", CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None

        def ask(now: float) -> str:
            child.stdin.write(f"{now}\n")  # type: ignore[union-attr]
            child.stdin.flush()  # type: ignore[union-attr]
            return child.stdout.readline()  # type: ignore[union-attr]

        first = ask(1.0)
        try:
            assert _memory_has(child.pid, 0), "it is not where it must be: this test would see nothing"
        except PermissionError:
            pytest.skip(
                "untested: the kernel lets nobody read another process's memory (yama, or a container)"
            )
        second = ask(HOUR + 1)
        assert second != first
        assert not _memory_has(child.pid, 0)
        assert _memory_has(child.pid, 1)
        child.stdin.close()
    assert child.returncode == 0


def test_ipv4_in_ipv6_is_one_address() -> None:
    made = Pseudonyms(24)
    inside = address_of("::ffff:203.0.113.7")
    assert isinstance(inside, IPv4Address)
    assert made.of(inside) == made.of(LYON)
