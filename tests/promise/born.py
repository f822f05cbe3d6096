"""Gives birth to one relay and prints which layers are held: `python -m tests.promise.born MINIMUM_LEVEL`."""

from __future__ import annotations

import asyncio
import json
import sys

from msgspec import structs

from server.config import Config
from server.guarantee.evidence import RelayEvidence
from server.relay.birth import LEAST_LANDLOCK_ABI
from server.workers.supervisor import boot_of
from server.workers.worker import BirthRefused, RelayProcess


def layers(one: RelayEvidence) -> dict[str, bool]:
    """Of a serving relay, as far as it can be seen; Landlock by the relay's own word, since the kernel has
    no other."""
    locked, status, inspection = one.locked, one.status, one.inspection
    assert locked is not None, "it was born"
    assert status is not None, "it was born"
    assert inspection is not None, "it was born"
    return {
        "filters": status.every_task_locked,
        "Landlock": locked.landlock_abi >= LEAST_LANDLOCK_ABI and locked.write_canary_refused,
        "limits": (status.file_size_limit, status.core_limit, status.queue_limit) == (0, 0, 0),
        "user and capabilities": status.uid > 0 and status.capabilities == 0 and status.no_new_privs,
        "not dumpable": not status.dumpable,
        "arena in memory": 0 < locked.arena_bytes <= status.locked_kib * 1024,
        "nothing inherited": inspection.unexpected_descriptors == inspection.writable_files == 0,
    }


def _say(words: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(words) + "\n")


async def main(minimum_level: str) -> None:
    config = Config()
    relay = structs.replace(
        config.relay, ipv4_host="127.0.0.1", ipv6_host="", udp_port=0, tcp_port=0, media_memory_mib=4
    )
    guarantee = structs.replace(config.guarantee, minimum_level=minimum_level)
    boot = boot_of(structs.replace(config, relay=relay, guarantee=guarantee), 1)
    process = RelayProcess(boot, 1, lambda *_: None, lambda *_: None)
    try:
        await process.start()
    except BirthRefused as refusal:
        _say({"refused": str(refusal)})
        return
    one = process.evidence()
    assert one.locked is not None
    _say({"level": one.locked.level.name.lower(), "layers": layers(one)})
    await process.stop()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
