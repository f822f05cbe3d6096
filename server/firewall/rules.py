"""The one table of rules, and changes of it, in the words of nft(8). PURE.

The kernel learns by itself to whom a relay may send. Signaling, which draws the ICE user name fragment of
every transport, names those that are live (`invited`). A STUN binding request to a relay (RFC 8489 section
5) whose first attribute is a USERNAME (RFC 8445 section 7.2.2: `<ours>:<theirs>`) that starts with a live one
admits the address it came from (`peers`), for as long as such requests keep coming. Whatever leaves from the
port of a relay to any other address is counted and dropped. A relay has no part in it: what it says is not
asked, and it cannot send a request to itself, since its own address is a stranger too.

A connection of ICE over TCP is admitted in the same way, by a framed request (RFC 4571) at the beginning of a
segment. Until then segments without data leave, with which a connection is made and ended, and nothing else.

The table has an owner, the netlink socket that made it: nobody else can change it, `flush ruleset` passes it
by, and the kernel removes it with the process that has the socket.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from string import Template
from typing import Final

UFRAG_BYTES: Final = 8
"""What a rule can compare at a fixed place; `ids.ice_ufrag` draws no other length."""
TABLE: Final = "offrecord_"
"""How the names of all our tables begin."""
PEER_SECONDS: Final = 35
"""How long an address stays admitted without a request: five more than the relay's own consent lasts."""
CONNECTION_SECONDS: Final = 120
"""The same of a connection: where a sender is held up, requests no longer begin a segment."""
_COUNT = re.compile(r"packets (\d+) bytes \d+")
_PORT = re.compile(r"elements = \{ ([\d, \n\t]+) \}")

# Offsets in bits from the UDP header: 8 bytes of it, then 20 of STUN, then type and length of an attribute.
# From what follows the TCP header: 2 bytes of length, then the same; any first byte at all says that there is
# data.
_TABLE = Template("""
table inet $table {
  flags owner
  set relays { type inet_service; }
  set listeners { type inet_service; }
  set invited { typeof @th,256,64 . udp dport; size 65536; }
  set peers4 {
    type ipv4_addr . inet_service . inet_service; size 65536; flags dynamic,timeout; timeout ${seconds}s;
  }
  set peers6 {
    type ipv6_addr . inet_service . inet_service; size 65536; flags dynamic,timeout; timeout ${seconds}s;
  }
  set connections4 {
    type ipv4_addr . inet_service . inet_service; size 65536; flags dynamic,timeout; timeout ${longer}s;
  }
  set connections6 {
    type ipv6_addr . inet_service . inet_service; size 65536; flags dynamic,timeout; timeout ${longer}s;
  }
  set newcomers { typeof @th,256,64; size 65536; flags dynamic,timeout; timeout 60s; }
  counter strangers { }
  chain arriving {
    type filter hook input priority filter; policy accept;
    udp dport @relays @th,64,16 0x0001 @th,96,32 0x2112a442 @th,224,16 0x0006 @th,320,8 0x3a \\
      @th,256,64 . udp dport @invited goto proving
    tcp dport @listeners @ih,16,16 0x0001 @ih,48,32 0x2112a442 @ih,176,16 0x0006 @ih,272,8 0x3a \\
      @ih,208,64 . tcp dport @invited goto proving_connections
  }
  chain proving {
    ip saddr . udp sport . udp dport @peers4 update @peers4 { ip saddr . udp sport . udp dport } return
    ip6 saddr . udp sport . udp dport @peers6 update @peers6 { ip6 saddr . udp sport . udp dport } return
    update @newcomers { @th,256,64 limit rate over 20/minute burst 20 packets } return
    add @peers4 { ip saddr . udp sport . udp dport }
    add @peers6 { ip6 saddr . udp sport . udp dport }
  }
  chain proving_connections {
    ip saddr . tcp sport . tcp dport @connections4 \\
      update @connections4 { ip saddr . tcp sport . tcp dport } return
    ip6 saddr . tcp sport . tcp dport @connections6 \\
      update @connections6 { ip6 saddr . tcp sport . tcp dport } return
    update @newcomers { @ih,208,64 limit rate over 20/minute burst 20 packets } return
    add @connections4 { ip saddr . tcp sport . tcp dport }
    add @connections6 { ip6 saddr . tcp sport . tcp dport }
  }
  chain leaving {
    type filter hook output priority filter; policy accept;
    udp sport @relays goto judging
    tcp sport @listeners goto judging_connections
  }
  chain judging {
    ip hdrlength 5 ip daddr . udp dport . udp sport @peers4 accept
    ip6 nexthdr udp ip6 daddr . udp dport . udp sport @peers6 accept
    counter name strangers drop
  }
  chain judging_connections {
    ip hdrlength 5 ip daddr . tcp dport . tcp sport @connections4 accept
    ip6 nexthdr tcp ip6 daddr . tcp dport . tcp sport @connections6 accept
    @ih,0,8 & 0x00 == 0x00 counter name strangers drop
  }
}
""")

Invited = frozenset[tuple[str, int]]
"""Live ICE user name fragments, each with the ports of its relay."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the kernel is told: UDP ports of relays, those on which they take connections, who is invited."""

    relays: frozenset[int] = frozenset()
    listeners: frozenset[int] = frozenset()
    invited: Invited = frozenset()


NOTHING: Final = Known()


def new_table(table: str) -> str:
    """Makes the table: nobody is invited, and no port is a relay's. A transaction, as every text here is."""
    return _TABLE.substitute(table=table, seconds=PEER_SECONDS, longer=CONNECTION_SECONDS)


def change(table: str, before: Known, after: Known) -> str:
    """Makes ports of relays and live fragments `after` where they were `before`; "" where nothing differs."""
    lines = [
        _elements("delete", table, "relays", map(str, before.relays - after.relays)),
        _elements("add", table, "relays", map(str, after.relays - before.relays)),
        _elements("delete", table, "listeners", map(str, before.listeners - after.listeners)),
        _elements("add", table, "listeners", map(str, after.listeners - before.listeners)),
        _elements("delete", table, "invited", map(_invited, before.invited - after.invited)),
        _elements("add", table, "invited", map(_invited, after.invited - before.invited)),
    ]
    return "".join(lines)


def ask_rules(table: str) -> str:
    """The table, to be asked for without the elements of its sets."""
    return f"list table inet {table}\n"


def ask_ports(table: str, protocol_set: str = "relays") -> str:
    """`relays` or `listeners`."""
    return f"list set inet {table} {protocol_set}\n"


def shape(listing: str) -> str:
    """A listing of the table without what changes by itself: equal as long as the rules are."""
    return _COUNT.sub("packets 0 bytes 0", listing).strip()


def refused(listing: str) -> int:
    """Datagrams that were dropped so far, of a listing of the table."""
    found = _COUNT.search(listing)
    return int(found[1]) if found else 0


def ports(listing: str) -> frozenset[int]:
    """The ports that the kernel takes for those of relays, of a listing of the set."""
    found = _PORT.search(listing)
    return frozenset(int(port) for port in found[1].split(",")) if found else frozenset()


def _invited(one: tuple[str, int]) -> str:
    ufrag, port = one
    return f"0x{ufrag.encode('ascii').hex()} . {port}"


def _elements(verb: str, table: str, name: str, elements: Iterable[str]) -> str:
    listed = ", ".join(elements)
    return f"{verb} element inet {table} {name} {{ {listed} }}\n" if listed else ""
