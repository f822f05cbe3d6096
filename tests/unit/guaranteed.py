"""A statement's circumstances, as a server that read its own files would have them."""

from __future__ import annotations

from server.guarantee.software import Package, Software
from server.guarantee.statement import Circumstances
from tests.unit.test_judge import NOW

SOFTWARE = Software(
    version="1.2.3",
    platform="cpython-311-linux-x86_64",
    code="sha256:" + "c0" * 32,
    extension="sha256:" + "e0" * 32,
    packages=(Package("aiortc", "1.16.0", "sha256:" + "a0" * 32),),
    read_at=NOW - 500,
)
CIRCUMSTANCES = Circumstances(minimum_level="full", started_at=NOW - 600, software=SOFTWARE)


class KnownSoftware:
    """A `SoftwareSource` that has read `told`."""

    def __init__(self, told: Software = SOFTWARE) -> None:
        self.told = told

    async def software(self) -> Software:
        return self.told
