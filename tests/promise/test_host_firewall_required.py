"""Where the host measure is required, no relay serves without it, and one serves again once it is back."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest
from msgspec import structs

from server.control.messages import Notification
from server.firewall import rules
from server.guarantee.host import FirewallState
from server.workers.link import RelayLink
from server.workers.supervisor import Supervisor
from tests.private_network import needs_root, private_network, tables
from tests.promise.scene_of_strangers import keeper, until
from tests.relay.conftest import loopback

pytestmark = [pytest.mark.promise, pytest.mark.relay, needs_root]


class Listener:
    """Whoever has rooms."""

    def __init__(self) -> None:
        self.lost = 0

    def relay_notified(self, relay: RelayLink, notification: Notification) -> None:
        """No room."""

    def relay_lost(self, relay: RelayLink) -> None:
        self.lost += 1


@pytest.fixture(autouse=True)
def network() -> Iterator[None]:
    with private_network():
        yield
        assert tables() == ""


async def test_relays_end_with_it_and_come_back_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    config = loopback()
    guarantee = structs.replace(config.guarantee, host_firewall="require")
    listener = Listener()
    supervisor = Supervisor(structs.replace(config, guarantee=guarantee), listener)
    await supervisor.start()

    def states() -> list[FirewallState]:
        firewalls = [one.host_firewall for one in supervisor.evidence()]
        return [one.state for one in firewalls if one is not None]

    assert states() == [FirewallState.HELD]
    with monkeypatch.context() as broken:
        broken.setattr(rules, "new_table", lambda _: "this is no command\n")
        os.kill(keeper(), signal.SIGKILL)
        await until(lambda: not supervisor.serving())
        assert listener.lost == 1
    await until(lambda: bool(supervisor.serving()))
    assert states() == [FirewallState.HELD]
    assert supervisor.serving()[0].generation > 1
    await supervisor.stop()
