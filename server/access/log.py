"""The access log on disk: a directory of its own with the entries, the checkpoint, and the pseudonyms' keys.

    entries.jsonl    the base, then one entry a line
    checkpoint.jws   where the log began and ended when it was last written, signed with the server's key
    keys.json        a key of pseudonyms for each month

It is independent of the ledger's database. Several programs may write at once: each holds a lock on the
directory from reading the end to having written the next entry. An entry is on the disk before anything is
shown. A log that is not what was written is not written to: a new checkpoint would make it look sound.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from server.access.chain import Checkpoint, Fault, Verdict, checkpoint_of, verify
from server.access.entry import (
    LONGEST_LINE,
    AccessError,
    Base,
    Entry,
    base_of,
    chained,
    entry_of,
    genesis,
    line,
)
from server.access.private import PrivateDirectory
from server.access.pseudonyms import Pseudonyms, month_of
from server.errors import OperatorError
from server.guarantee.sign import SignatureError, Signer

ENTRIES = "entries.jsonl"
CHECKPOINT = "checkpoint.jws"
KEYS = "keys.json"
CHECKPOINT_TYPE = "offrecord-access+jwt"
SETTING = "[metadata] access_log"
_LARGEST_SMALL_FILE = 64 * 1024
_DAY_MILLISECONDS = 86_400_000


class AccessLog:
    """One access log. Every method opens, locks and closes it; all of them block."""

    def __init__(
        self, directory: Path, signing_key: Path, days: int, clock: Callable[[], float] = time.time
    ) -> None:
        """`days` until an entry expires; `clock` in seconds since the epoch."""
        self._directory = PrivateDirectory(directory, SETTING)
        self._path = directory / ENTRIES
        self._signing_key = signing_key
        self._keep = days * _DAY_MILLISECONDS
        self._clock = clock

    def append(self, entry: Entry, *, room: str | None = None, identity: str | None = None) -> int:
        """Writes `entry` with its number, time, pseudonyms of `room` and `identity`, and place in the chain.

        Returns the number. Raises OperatorError: nothing may be shown then.
        """
        with self._directory.locked(create=True):
            now = int(self._clock() * 1000)
            signer = Signer.load_or_create(self._signing_key)
            self._begin(signer)
            last, end = self._expired(signer, *self._sound(signer), now)
            month = month_of(now)
            names = self._names()
            if names.begin(month):
                self._directory.replace(KEYS, iter([names.content()]))
            entry = chained(
                last[1],
                msgspec.structs.replace(
                    entry,
                    number=last[0] + 1,
                    at=now,
                    room=None if room is None else names.of_room(month, room),
                    identity=None if identity is None else names.of_identity(month, identity),
                ),
            )
            self._directory.append(ENTRIES, line(entry), keep=end)
            self._sign(signer, self._base(), (entry.number, entry.hash))
            return entry.number

    def expire(self) -> None:
        """Cuts off what has expired. Raises OperatorError for a log that is not what was written."""
        with self._directory.locked(create=False) as there:
            if there and self._path.exists():
                signer = Signer.load_or_create(self._signing_key)
                self._begin(signer)
                self._expired(signer, *self._sound(signer), int(self._clock() * 1000))

    def verify(self, elsewhere: Checkpoint | None = None) -> Verdict:
        """Raises OperatorError where there is no log, or it cannot be read."""
        with self._directory.locked(create=False) as there:
            signed = self._checkpoint(self._reading_signer()) if there else None
            if not there or not self._path.exists():
                if signed is None and elsewhere is None:
                    raise self._directory.refused("is not there: nobody has looked at anything yet")
                verdict = Verdict()
                verdict.add(Fault.NO_LOG)
                return verdict
            file, size = self._open()
        with file:
            return verify(_lines(file, size), signed, elsewhere)

    def entries(self) -> Iterator[Entry]:
        """Oldest first, without lines that are not entries: `verify` names them. Raises OperatorError."""
        with self._directory.locked(create=False) as there:
            if not there or not self._path.exists():
                return
            file, size = self._open()
        with file:
            for number, raw in enumerate(_lines(file, size)):
                try:
                    if number:
                        yield entry_of(raw)
                except AccessError:
                    continue

    def pseudonyms(self, *, room: str | None = None, identity: str | None = None) -> set[str]:
        """All that `room`, or `identity`, has been called by."""
        with self._directory.locked(create=False) as there:
            names = self._names() if there else Pseudonyms({})
        found = {names.of_room(month, room) for month in names.months()} if room is not None else set()
        if identity is not None:
            found |= {names.of_identity(month, identity) for month in names.months()}
        return found

    def checkpoint(self) -> str:
        """The signed checkpoint, to be kept elsewhere. Raises OperatorError where there is none."""
        with self._directory.locked(create=False) as there:
            content = self._directory.read(CHECKPOINT, _LARGEST_SMALL_FILE) if there else None
        if content is None:
            raise self._directory.refused("has no checkpoint: nobody has looked at anything yet")
        return content.decode("ascii", "replace").strip()

    def kept_elsewhere(self, compact: str) -> Checkpoint:
        """What `checkpoint` gave earlier. Raises OperatorError unless this server's key has signed it."""
        signer = self._reading_signer()
        found = None if signer is None else _believed(signer, compact)
        if found is None:
            raise OperatorError("the checkpoint given is not one that this server's key has signed")
        return found

    def _begin(self, signer: Signer) -> None:
        """A base where there is nothing yet, and its checkpoint: a crash in between is made good here."""
        if not self._path.exists():
            if self._directory.read(CHECKPOINT, _LARGEST_SMALL_FILE) is not None:
                raise self._not_as_written()
            log = secrets.token_hex(16)
            self._directory.replace(ENTRIES, iter([line(Base(log=log, cut=0, hash=genesis(log)))]))
        base = self._base()
        only_base = self._path.stat().st_size == len(line(base))
        if only_base and base.cut == 0 and self._directory.read(CHECKPOINT, _LARGEST_SMALL_FILE) is None:
            self._sign(signer, base, (0, base.hash))

    def _sound(self, signer: Signer) -> tuple[tuple[int, str], int]:
        """The number and hash of the last entry, and the bytes up to its end.

        Only the end is looked at, unless a program was killed before it could sign. Raises OperatorError if
        it is not what was signed.
        """
        signed = self._checkpoint(signer)
        if signed is None:
            raise self._not_as_written()
        last, end = self._end()
        if last != (signed.last, signed.last_hash):
            file, size = self._open()
            with file:
                verdict = verify(_lines(file, size), signed)
            if not verdict.intact:
                raise self._not_as_written()
        return last, end

    def _expired(
        self, signer: Signer, last: tuple[int, str], end: int, now: int
    ) -> tuple[tuple[int, str], int]:
        """What stands after that which has expired was cut off, and the keys of its months destroyed."""
        base = self._base()
        oldest = next(self._follow(), None)
        if oldest is None or oldest.at + self._keep > now:
            return last, end
        signed = self._checkpoint(signer)
        file, size = self._open()
        with file:
            if not verify(_lines(file, size), signed).intact:
                raise self._not_as_written()
        cut = base
        months = {month_of(now)}
        for entry in self._follow():
            if cut.cut + 1 == entry.number and entry.at + self._keep <= now:
                cut = msgspec.structs.replace(cut, cut=entry.number, hash=entry.hash)
            else:
                months.add(month_of(entry.at))
        self._sign(signer, cut, last)
        self._directory.replace(ENTRIES, self._kept(cut))
        names = self._names()
        if names.forget(but=months):
            self._directory.replace(KEYS, iter([names.content()]), shred=True)
        return last, self._path.stat().st_size

    def _kept(self, cut: Base) -> Iterator[bytes]:
        yield line(cut)
        for entry in self._follow():
            if entry.number > cut.cut:
                yield line(entry)

    def _follow(self) -> Iterator[Entry]:
        """The entries of a log that is locked. Raises OperatorError at the first that is none."""
        file, size = self._open()
        with file:
            for number, raw in enumerate(_lines(file, size)):
                if number and raw.endswith(b"\n"):
                    try:
                        yield entry_of(raw)
                    except AccessError:
                        raise self._not_as_written() from None

    def _base(self) -> Base:
        file, size = self._open()
        with file:
            try:
                return base_of(next(_lines(file, size), b""))
            except AccessError:
                raise self._not_as_written() from None

    def _end(self) -> tuple[tuple[int, str], int]:
        """The last entry's number and hash, and where it ends: half a line after it is not it."""
        file, size = self._open()
        with file:
            start = max(0, size - 2 * LONGEST_LINE)
            file.seek(start)
            tail = file.read(size - start)
        whole = tail[: tail.rfind(b"\n") + 1]
        raw = whole[whole.rfind(b"\n", 0, -1) + 1 :]
        end = start + len(whole)
        try:
            entry = entry_of(raw)
        except AccessError:
            base = self._base()
            if end != len(line(base)):
                raise self._not_as_written() from None
            return (base.cut, base.hash), end
        return (entry.number, entry.hash), end

    def _open(self) -> tuple[BinaryIO, int]:
        descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        file = os.fdopen(descriptor, "rb")
        return file, os.fstat(descriptor).st_size

    def _names(self) -> Pseudonyms:
        try:
            return Pseudonyms.of(self._directory.read(KEYS, _LARGEST_SMALL_FILE))
        except ValueError:
            raise self._directory.refused(
                f"holds a {KEYS} that is damaged: move the directory away"
            ) from None

    def _sign(self, signer: Signer, base: Base, last: tuple[int, str]) -> None:
        known = Checkpoint(log=base.log, cut=base.cut, cut_hash=base.hash, last=last[0], last_hash=last[1])
        compact = signer.sign(msgspec.to_builtins(known), typ=CHECKPOINT_TYPE)
        self._directory.replace(CHECKPOINT, iter([compact.encode() + b"\n"]))

    def _checkpoint(self, signer: Signer | None) -> Checkpoint | None:
        content = self._directory.read(CHECKPOINT, _LARGEST_SMALL_FILE)
        if content is None or signer is None:
            return None
        return _believed(signer, content.decode("ascii", "replace").strip())

    def _reading_signer(self) -> Signer | None:
        """None rather than a new key: with that, nothing could be checked anyway."""
        return Signer.load_or_create(self._signing_key) if self._signing_key.exists() else None

    def _not_as_written(self) -> OperatorError:
        return self._directory.refused(
            "is not what was written, so nothing is shown: `offrecord access-log verify` says more; "
            "keep it as evidence, moved away, and a new log is begun"
        )


def _believed(signer: Signer, compact: str) -> Checkpoint | None:
    try:
        return checkpoint_of(signer.verify(compact, typ=CHECKPOINT_TYPE))
    except SignatureError:
        return None


def _lines(file: BinaryIO, size: int) -> Iterator[bytes]:
    """With their newlines, within the first `size` bytes; none is longer than an entry and a byte."""
    while size > 0:
        raw = file.readline(min(size, LONGEST_LINE + 1))
        if not raw:
            return
        size -= len(raw)
        yield raw
