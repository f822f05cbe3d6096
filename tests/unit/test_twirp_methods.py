"""Every method of LiveKit's services, by their generated descriptors: served, or refused with the reason."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf.descriptor import ServiceDescriptor
from livekit.protocol import agent_dispatch, connector, egress, ingress, room, sip

from server.api.twirp.methods import REFUSED, SERVED
from tests.unit import api_page
from tests.unit.administering import post
from tests.unit.signaling import ClientMaker, Server

SERVICES: list[ServiceDescriptor] = [
    service
    for module in (room, egress, ingress, sip, agent_dispatch, connector)
    for service in module.DESCRIPTOR.services_by_name.values()
]
METHODS = [(service.name, method.name) for service in SERVICES for method in service.methods]


def test_every_method_is_served_or_refused() -> None:
    served = {("RoomService", name) for name in SERVED}
    assert not served & REFUSED.keys()
    assert served | REFUSED.keys() == set(METHODS)
    assert {service for service, _ in METHODS} >= {"RoomService", "Egress", "Ingress", "SIP"}


def test_a_request_is_of_the_type_that_the_service_declares() -> None:
    declared = room.DESCRIPTOR.services_by_name["RoomService"].methods_by_name
    for name, served in SERVED.items():
        assert served.request.DESCRIPTOR is declared[name].input_type


@pytest.mark.parametrize(("service", "method"), METHODS)
async def test_what_is_refused_says_why_on_the_wire(
    aiohttp_client: ClientMaker, service: str, method: str
) -> None:
    server = Server()
    client: Any = await aiohttp_client(server.application)
    grants: dict[str, Any] = {"room_admin": True, "room_create": True, "room_list": True, "room_record": True}
    token = server.token("", **grants, ingress_admin=True, destination_room="attic")
    body = '{"room": "hall", "name": "hall"}'
    answer, content = await post(client, method, token, body, service=f"livekit.{service}")
    refused = REFUSED.get((service, method))
    if refused is not None:
        meta = {"feature": refused.feature}
        assert (answer.status, content) == (501, {"code": "unimplemented", "msg": refused.why, "meta": meta})
    else:
        assert answer.status == 200 or content["code"] == "not_found"


def test_the_page_is_written_from_the_table() -> None:
    """Written again by `python -m tests.unit.api_page`."""
    _, begun, rest = api_page.PAGE.read_text("utf-8").partition(api_page.BEGIN)
    kept, ended, _ = rest.partition(api_page.END)
    assert begun
    assert ended
    assert kept == api_page.written()
