"""The one table of rules, and changes of it, in the words of nft(8). PURE.

The kernel learns by itself to whom a relay may send. Signaling, which draws the ICE user name fragment of
every transport, names those that are live (`invited`). A STUN binding request to a relay (RFC 8489 section
5) whose first attribute is a USERNAME (RFC 8445 section 7.2.2: `<ours>:<theirs>`) that starts with a live one
admits the address it came from (`peers`), for as long as such requests keep coming. Whatever leaves from the
port of a relay to any other address is counted and dropped. A relay has no part in it: what it says is not
asked, and it cannot send a request to itself, since its own address is a stranger too.

The table has an owner, the netlink socket that made it: nobody else can change it, `flush ruleset` passes it
by, and the kernel removes it with the process that has the socket.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from string import Template
from typing import Final

UFRAG_BYTES: Final = 8
"""What a rule can compare at a fixed place; `ids.ice_ufrag` draws no other length."""
TABLE: Final = "offrecord_"
"""How the names of all our tables begin."""
PEER_SECONDS: Final = 35
"""How long an address stays admitted without a request: five more than the relay's own consent lasts."""
_COUNT = re.compile(r"packets (\d+) bytes \d+")
_PORT = re.compile(r"elements = \{ ([\d, \n\t]+) \}")

# Offsets in bits from the UDP header: 8 bytes of it, then 20 of STUN, then type and length of an attribute.
_TABLE = Template("""
table inet $table {
  flags owner
  set relays { type inet_service; }
  set invited { typeof @th,256,64 . udp dport; size 65536; }
  set peers4 {
    type ipv4_addr . inet_service . inet_service; size 65536; flags dynamic,timeout; timeout ${seconds}s;
  }
  set peers6 {
    type ipv6_addr . inet_service . inet_service; size 65536; flags dynamic,timeout; timeout ${seconds}s;
  }
  set newcomers { typeof @th,256,64; size 65536; flags dynamic,timeout; timeout 60s; }
  counter strangers { }
  chain arriving {
    type filter hook input priority filter; policy accept;
    udp dport @relays @th,64,16 0x0001 @th,96,32 0x2112a442 @th,224,16 0x0006 @th,320,8 0x3a \\
      @th,256,64 . udp dport @invited goto proving
  }
  chain proving {
    ip saddr . udp sport . udp dport @peers4 update @peers4 { ip saddr . udp sport . udp dport } return
    ip6 saddr . udp sport . udp dport @peers6 update @peers6 { ip6 saddr . udp sport . udp dport } return
    update @newcomers { @th,256,64 limit rate over 20/minute burst 20 packets } return
    add @peers4 { ip saddr . udp sport . udp dport }
    add @peers6 { ip6 saddr . udp sport . udp dport }
  }
  chain leaving {
    type filter hook output priority filter; policy accept;
    udp sport @relays goto judging
  }
  chain judging {
    ip hdrlength 5 ip daddr . udp dport . udp sport @peers4 accept
    ip6 nexthdr udp ip6 daddr . udp dport . udp sport @peers6 accept
    counter name strangers drop
  }
}
""")

Invited = frozenset[tuple[str, int]]
"""Live ICE user name fragments, each with the UDP port of its relay."""
NOBODY: Invited = frozenset()


def new_table(table: str) -> str:
    """Makes the table: nobody is invited, and no port is a relay's. A transaction, as every text here is."""
    return _TABLE.substitute(table=table, seconds=PEER_SECONDS)


def change(table: str, before: tuple[frozenset[int], Invited], after: tuple[frozenset[int], Invited]) -> str:
    """Makes ports of relays and live fragments `after` where they were `before`; "" where nothing differs."""
    (ports, invited), (ports_after, invited_after) = before, after
    lines = [
        _elements("delete", table, "relays", map(str, ports - ports_after)),
        _elements("add", table, "relays", map(str, ports_after - ports)),
        _elements("delete", table, "invited", map(_invited, invited - invited_after)),
        _elements("add", table, "invited", map(_invited, invited_after - invited)),
    ]
    return "".join(lines)


def ask_rules(table: str) -> str:
    """The table, to be asked for without the elements of its sets."""
    return f"list table inet {table}\n"


def ask_ports(table: str) -> str:
    return f"list set inet {table} relays\n"


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
