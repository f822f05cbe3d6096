"""Small files in a directory that is its owner's alone, locked against other processes of this server.

Where root runs a command, files get the owner of the directory, so that the server can go on with them.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path

from server.errors import OperatorError

DIRECTORY_MODE = 0o700
FILE_MODE = 0o600
_FLAGS = os.O_CLOEXEC | os.O_NOFOLLOW


class PrivateDirectory:
    """Opened for as long as it is locked. `setting` names the directory in what an operator is told."""

    def __init__(self, path: Path, setting: str) -> None:
        self.path = path
        self._setting = setting

    @contextlib.contextmanager
    def locked(self, *, create: bool) -> Iterator[bool]:
        """Nobody else is inside `locked` meanwhile. Yields whether there is such a directory.

        Raises OperatorError, with what to do, where it cannot be made, read or written, or others can.
        """
        try:
            descriptor = self._open(create=create)
            if descriptor is None:
                yield False
                return
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                yield True
            finally:
                os.close(descriptor)
        except OSError as error:
            raise self.refused(f"cannot be used, so nothing is shown: {error.strerror}") from None

    def refused(self, reason: str) -> OperatorError:
        return OperatorError(f"{self.path} ({self._setting}) {reason}")

    def _open(self, *, create: bool) -> int | None:
        if create:
            with contextlib.suppress(FileExistsError):
                os.mkdir(self.path, DIRECTORY_MODE)
                _give(self.path, self.path.absolute().parent)
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | _FLAGS)
        except FileNotFoundError:
            return None
        if stat.S_IMODE(os.fstat(descriptor).st_mode) & 0o077:
            os.close(descriptor)
            raise self.refused(f"can be read or changed by others: `chmod 700 {self.path}`")
        return descriptor

    def read(self, name: str, most: int) -> bytes | None:
        """None where there is no such file. Raises OSError; OperatorError for more than `most` bytes."""
        try:
            descriptor = os.open(self.path / name, os.O_RDONLY | _FLAGS)
        except FileNotFoundError:
            return None
        with open(descriptor, "rb") as file:
            content = file.read(most + 1)
        if len(content) > most:
            raise self.refused(f"holds a file {name} that is too long")
        return content

    def append(self, name: str, content: bytes, keep: int) -> None:
        """After the first `keep` bytes; what follows them is lost. On the disk when this returns."""
        descriptor = os.open(self.path / name, os.O_WRONLY | _FLAGS)
        with os.fdopen(descriptor, "wb") as file:
            file.truncate(keep)
            file.seek(keep)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())

    def replace(self, name: str, chunks: Iterator[bytes], *, shred: bool = False) -> None:
        """Whole or not at all. `shred` overwrites what was there; a file system that copies on write, or a
        disk that moves blocks, may keep it none the less."""
        target = self.path / name
        old = None
        if shred:
            with contextlib.suppress(FileNotFoundError):
                old = os.open(target, os.O_WRONLY | _FLAGS)
        draft = self.path / f".{name}.{secrets.token_hex(8)}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _FLAGS, FILE_MODE)
        try:
            with os.fdopen(descriptor, "wb") as file:
                for chunk in chunks:
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            _give(draft, self.path)
            draft.replace(target)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
        self._settle()
        if old is not None:
            with os.fdopen(old, "wb") as gone:
                gone.write(bytes(os.fstat(old).st_size))
                gone.flush()
                os.fsync(old)

    def _settle(self) -> None:
        descriptor = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | _FLAGS)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _give(path: Path, like: Path) -> None:
    if os.geteuid() == 0:
        owner = like.stat()
        os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)
