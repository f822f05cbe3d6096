"""Each relay has its own ports, by UDP and by TCP."""

from __future__ import annotations

from server.config import Config, Relay
from server.workers.supervisor import boot_of


def ports(config: Config, number: int) -> tuple[int, int]:
    boot = boot_of(config, number)
    return boot.udp_port, boot.tcp_port


def test_they_follow_each_other_from_the_first_on() -> None:
    config = Config(relay=Relay(udp_port=7882, tcp_port=443))
    assert [ports(config, number) for number in (1, 2, 3)] == [(7882, 443), (7883, 444), (7884, 445)]


def test_what_is_off_is_off_for_all() -> None:
    config = Config(relay=Relay(udp_port=0, tcp_port=0))
    assert [ports(config, number) for number in (1, 2)] == [(0, 0), (0, 0)]
