"""The process that owns the table: `python -m server.firewall.keeper`.

Reads requests from standard input and answers each on standard output, as JSON Lines. It ends with its
input, and the kernel removes the table with it: whatever ends signaling leaves no rule behind.
"""

from __future__ import annotations

import sys

import msgspec

MOST_ANSWER = 256 * 1024


class Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`commands` are nft's, carried out as one transaction; `terse` leaves elements of sets out."""

    commands: str
    terse: bool = False


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`output` of the commands, or the reason why they were not carried out."""

    done: bool
    output: str


NO_LIBRARY = "no library"


def main() -> None:
    """Answers until the input ends."""
    from server.firewall.nftables import Nftables

    try:
        nftables = Nftables()
    except OSError:
        _say(Answer(False, NO_LIBRARY))
        return
    orders = msgspec.json.Decoder(Order)
    while line := sys.stdin.buffer.readline():
        order = orders.decode(line)
        done, output = nftables.run(order.commands, terse=order.terse)
        _say(Answer(done, output[: MOST_ANSWER // 8]))


def _say(answer: Answer) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
