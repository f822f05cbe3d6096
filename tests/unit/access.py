"""What tests of the access log share: a log with a clock to move, and somebody who looks."""

from __future__ import annotations

from pathlib import Path

from server.access.entry import Asked, Reason
from server.access.log import ENTRIES, AccessLog
from server.access.reading import Accessor, record
from tests.unit.ledger import Clock

DAYS = 365
GRACE = Accessor("grace", Reason.SUPPORT, 1000)


class Looked:
    """An access log in a directory, and the files of it."""

    def __init__(self, directory: Path) -> None:
        self.clock = Clock()
        self.directory = directory / "access"
        self.key = directory / "key.pem"
        self.log = AccessLog(self.directory, self.key, DAYS, self.clock)

    @property
    def entries(self) -> Path:
        return self.directory / ENTRIES

    def look(self, times: int = 1, *, room: str = "garden", identity: str = "ada") -> None:
        for _ in range(times):
            record(self.log, GRACE, Asked.SESSIONS, room=room, identity=identity, rows=3)

    def lines(self) -> list[bytes]:
        return self.entries.read_bytes().splitlines(keepends=True)

    def write(self, lines: list[bytes]) -> None:
        self.entries.write_bytes(b"".join(lines))

    def faults(self) -> list[str]:
        return [finding.fault.value for finding in self.log.verify().findings]
