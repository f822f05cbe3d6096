"""A bad network in front of a server that runs already, to try things by hand: `python -m bench.emulate`.

Pages and SDKs join at the address that is printed. Lines that are typed change the network while it is used:

    down {"rate_kbps": 500}     what comes to the clients, from now on; {} is a perfect network again
    up {"loss": 0.05}           what the clients send
    move                        the clients appear from new ports, as after a network change
                                an empty line tells what became of packets, and clears the counts
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Sequence

from tests.e2e.bad_network import Access, bad_network
from tests.e2e.netem import SEED, Conditions, EmulatorError

HTTP_PORT, UDP_PORT = 7880, 7882  # of `make run`
NAME = "everybody"
MISTAKES = (EmulatorError, TypeError, ValueError)


def conditions(text: str) -> Conditions:
    """Of an object of JSON. Raises TypeError or ValueError for what is none, or has unknown names."""
    return Conditions(**json.loads(text))


async def obey(line: str, access: Access) -> str:
    """Does what a line says. Raises one of MISTAKES."""
    word, _, rest = line.strip().partition(" ")
    if word in {"up", "down"}:
        await access.change(**{word: conditions(rest)})
        return f"{word}: {conditions(rest).words() or 'perfect'}"
    if word == "move":
        return f"{await access.emulator.move(NAME)} addresses have moved"
    if word:
        raise ValueError("up, down, move, or nothing")
    told = json.dumps(await access.statistics())
    await access.emulator.clear()
    return told


async def main(words: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.emulate", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--server", default=f"http://127.0.0.1:{HTTP_PORT}", help="its address, on loopback")
    parser.add_argument("--udp-port", type=int, default=UDP_PORT, help="of its first relay")
    parser.add_argument("--relays", type=int, default=os.cpu_count() or 1, help="how many it has")
    parser.add_argument("--up", type=conditions, default=Conditions(), help="in the beginning, as JSON")
    parser.add_argument("--down", type=conditions, default=Conditions(), help="in the beginning, as JSON")
    parser.add_argument("--seed", type=int, default=SEED, help="the same seed is the same network")
    told = parser.parse_args(words)
    ports = range(told.udp_port, told.udp_port + told.relays)
    async with bad_network(told.server, ports, told.seed) as network:
        access = await network.access(NAME, told.up, told.down)
        print(f"join at {access.url}, or {access.ws_url} with an SDK", flush=True)
        lines = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(lines), sys.stdin
        )
        while line := await lines.readline():
            try:
                print(await obey(line.decode(), access), flush=True)
            except MISTAKES as error:
                print(f"not understood: {error}", flush=True)


if __name__ == "__main__":
    asyncio.run(main())
