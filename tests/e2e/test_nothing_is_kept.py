"""Through a whole call a relay opens no file and writes to none, and the server keeps only its ledger."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests.e2e.browser import join
from tests.e2e.serving import Server, command_line, serving

# Anything that opens, makes, maps or names a file, or starts a program; descriptors are judged by -y.
NAMING_CALLS = re.compile(
    r"\b(open|openat|openat2|creat|mknod|mknodat|link|linkat|symlink|symlinkat|rename|renameat|renameat2|mkdir|"
    r"mkdirat|unlink|unlinkat|truncate|ftruncate|fallocate|memfd_create|memfd_secret|execve|execveat|socket|"
    r"socketpair|connect|shmget|mq_open|io_uring_setup|copy_file_range|sendfile|splice|tee|vmsplice|"
    r"open_by_handle_at|name_to_handle_at|open_tree|fsopen|pidfd_getfd|ptrace|process_vm_writev)\("
)
WRITING_CALLS = re.compile(
    r"\b(write|writev|pwrite64|pwritev|pwritev2|sendto|sendmsg|sendmmsg)\((\d+)(?:<([^>]*)>)?"
)
NO_FILE = re.compile(r"^(socket:|UDP|TCP|pipe:|anon_inode:\[?eventfd|/dev/null)")
NAMED = re.compile(r"\b(\d+)<([^>]+)>")
LOCK_CALL = re.compile(r"\bseccomp\(SECCOMP_SET_MODE_FILTER")


def _split_at_the_lock(trace: str) -> tuple[list[str], list[str]]:
    """What the relay asked of the kernel up to its last filter, and from there on."""
    lines = trace.splitlines()
    locked = [number for number, line in enumerate(lines) if LOCK_CALL.search(line) and "= 0" in line]
    assert locked, "the relay's trace has no lock in it"
    return lines[: locked[-1] + 1], lines[locked[-1] + 1 :]


def _names(lines: list[str]) -> dict[str, str]:
    """Descriptors as they were last named. None can be added after the lock, but strace may then be
    refused the names: only root may read them of a process that is not dumpable."""
    return {number: name for line in lines for number, name in NAMED.findall(line)}


def _touching_files(lines: list[str], names: dict[str, str]) -> list[str]:
    found = []
    for line in lines:
        naming = NAMING_CALLS.search(line)
        # A refused call opened nothing: the relay keeps probing that the lock still answers EPERM.
        if naming and not re.search(r"= -1 E(PERM|ACCES|NOSYS)", line):
            found.append(line)
        writing = WRITING_CALLS.search(line)
        if writing and not NO_FILE.match(writing[3] or names.get(writing[2], "unknown")):
            found.append(line)
    return found


def test_a_written_file_would_be_seen() -> None:
    assert _touching_files(['write(7</tmp/recording.webm>, "x", 1) = 1'], {})
    assert _touching_files(['write(7, "x", 1) = 1'], {"7": "/tmp/recording.webm"})
    assert _touching_files(['write(7, "x", 1) = 1'], {})
    assert _touching_files(['openat(AT_FDCWD</>, "/tmp/x", O_WRONLY) = 9</tmp/x>'], {})
    assert not _touching_files(['openat(AT_FDCWD</>, "/tmp/x", O_RDONLY) = -1 EPERM (x)'], {})
    assert not _touching_files(["sendmmsg(5<UDP:[0.0.0.0:7882]>, [], 1, 0) = 1"], {})
    assert not _touching_files(["write(4<pipe:[1]>, 2) = 2", "write(6, 2) = 2"], {"6": "socket:[8]"})


@pytest.mark.timeout(240)
async def test_strace_of_a_relay_through_a_call(tmp_path: Path, browser: Browser) -> None:
    strace = shutil.which("strace")
    assert strace, "strace is not installed; scripts/debian.sh installs it where it can"
    traces = tmp_path / "traces"
    traces.mkdir()
    # From before the birth: a locked relay lets nobody attach any more.
    prefix = [strace, "-ff", "-f", "-y", "-s", "0", "-qq", "-o", str(traces / "trace")]
    prefix += ["-e", "trace=all", "-e", "signal=none"]
    async with serving(tmp_path, prefix=prefix) as server:
        relays = server.relay_pids()
        assert relays
        threads = {pid: _threads(pid) for pid in relays}
        ada = await join(browser, server.url, "Ada", "garden")
        alan = await join(browser, server.url, "Alan", "garden")
        await asyncio.gather(ada.sees(1), ada.hears(1), alan.sees(1), alan.hears(1))
        await alan.leave()
        await ada.leave()

    forwarded = 0
    for pid in relays:
        before, after = _split_at_the_lock((traces / f"trace.{pid}").read_text())
        for thread in threads[pid] - {pid}:
            after += (traces / f"trace.{thread}").read_text().splitlines()
        assert _touching_files(after, _names(before)) == []
        forwarded += sum("sendmmsg(" in line for line in after)
    assert forwarded > 100, "the call did not go through the traced relays"


def _threads(pid: int) -> set[int]:
    return {int(name) for name in os.listdir(f"/proc/{pid}/task")}


async def test_only_the_ledger_is_on_disk(tmp_path: Path, browser: Browser) -> None:
    home = tmp_path / "home"
    home.mkdir()
    everywhere = {"HOME": str(home), "TMPDIR": str(home), "PATH": os.environ["PATH"]}
    async with serving(tmp_path, environment=everywhere) as server:
        ada = await join(browser, server.url, "Ada", "garden")
        alan = await join(browser, server.url, "Alan", "garden")
        await asyncio.gather(ada.sees(1), alan.hears(1))
    kept = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    # The signing key is the operator's configuration, and says nothing about anybody.
    assert kept - {"server.log"} == {"offrecord.db", "offrecord-signing.pem"}
    assert re.fullmatch(
        r"-----BEGIN PRIVATE KEY-----\n[A-Za-z0-9+/=]{64}\n-----END PRIVATE KEY-----\n",
        (tmp_path / "offrecord-signing.pem").read_text(),
    )


async def test_no_decoder_is_in_a_relay(server: Server) -> None:
    if os.geteuid() != 0:
        pytest.skip("a locked relay shows its maps to nobody but root")
    for pid in server.relay_pids():
        mapped = Path(f"/proc/{pid}/maps").read_text()
        assert "_native" in mapped, command_line(pid)
        assert re.findall(r"\S*(?:libav|libsw|libvpx|libx264|libopus|/av/)\S*", mapped) == []


async def test_the_log_names_nobody(server: Server, browser: Browser) -> None:
    ada = await join(browser, server.url, "Ada-of-the-garden", "secret-garden")
    alan = await join(browser, server.url, "Alan-of-the-garden", "secret-garden")
    await asyncio.gather(ada.sees(1), alan.hears(1))
    written = server.output()
    assert "of-the-garden" not in written
    assert "access_token" not in written
    assert "eyJhbGci" not in written
